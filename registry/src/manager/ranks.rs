//! The order of what depends on each other: rank by rank.

/// Sorts the nodes of a graph so that each comes in a later rank than all that lead to it. Those on a circle, which only
/// names made at run time can close, come last and together with what they lead to.
///
/// A node is its place in `ways`, which has the nodes that it leads to.
pub(super) fn ranks(ways: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut before = vec![0_usize; ways.len()];
    ways.iter().flatten().for_each(|to| before[*to] += 1);
    let mut rank: Vec<usize> = (0..ways.len()).filter(|at| before[*at] == 0).collect();
    let mut ranks = Vec::new();
    while !rank.is_empty() {
        let mut next = Vec::new();
        for to in rank.iter().flat_map(|at| &ways[*at]) {
            before[*to] -= 1;
            if before[*to] == 0 {
                next.push(*to);
            }
        }
        ranks.push(std::mem::replace(&mut rank, next));
    }
    let left: Vec<usize> = (0..ways.len()).filter(|at| before[*at] > 0).collect();
    if !left.is_empty() {
        ranks.push(left);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ways: &[&[usize]], expected: &[&[usize]]) {
        let ways: Vec<_> = ways.iter().map(|to| to.to_vec()).collect();
        assert_eq!(ranks(&ways), expected);
    }

    #[test]
    fn each_comes_after_all_that_lead_to_it() {
        check(&[], &[]);
        check(&[&[], &[]], &[&[0, 1]]);
        check(&[&[1], &[2], &[]], &[&[0], &[1], &[2]]);
        check(&[&[1, 2], &[3], &[3], &[]], &[&[0], &[1, 2], &[3]]);
        check(&[&[1, 2], &[2], &[]], &[&[0], &[1], &[2]]);
        check(&[&[1, 1], &[]], &[&[0], &[1]]);
    }

    #[test]
    fn a_circle_comes_last_with_what_it_leads_to() {
        check(&[&[1], &[2], &[1, 3], &[], &[]], &[&[0, 4], &[1, 2, 3]]);
        check(&[&[0], &[]], &[&[1], &[0]]);
    }
}
