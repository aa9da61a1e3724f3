//! "Did you mean", and lists of names.

use strsim::osa_distance;

/// The candidate nearest to `given`, when it is near enough to be a slip of the keyboard. The library judges the same
/// way when the program runs.
pub(super) fn did_you_mean<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let length = given.chars().count();
    let allowed = (length.max(3) / 3).min(length.saturating_sub(1));
    candidates
        .map(|candidate| (osa_distance(&given, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The names for a message: the first few, and how many more there are.
pub(super) fn listing(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(|name| format!("`{}`", name.escape_debug())).collect();
    let shown = shown.join(", ");
    if names.len() > LISTED { format!("{shown} and {} more", names.len() - LISTED) } else { shown }
}

const LISTED: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_none() {
        let candidates = ["primary_db", "cache-eu"];
        for (given, expected) in [
            ("primary_bd", Some("primary_db")),
            ("cache_eu", Some("cache-eu")),
            ("PRIMARY_DB", Some("primary_db")),
            ("reports", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(given, candidates.into_iter()), expected, "{given}");
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<_> = (0..12).map(|at| format!("n{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert!(listing(&names).ends_with("`n9` and 2 more"));
        assert_eq!(listing(&["a", "b"]), "`a`, `b`");
    }
}
