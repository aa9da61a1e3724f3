//! "Did you mean".

use strsim::osa_distance;

/// The candidate nearest to `given`, when it is near enough to be a slip of the keyboard: at most a third of
/// the length in edits and never all of it, case aside.
pub(crate) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let length = given.chars().count();
    let allowed = (length.max(3) / 3).min(length.saturating_sub(1));
    candidates
        .into_iter()
        .map(|candidate| (osa_distance(&given, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: Option<&str>) {
        assert_eq!(did_you_mean(given, ["postgres", "redis", "sqlite"]), expected);
    }

    #[test]
    fn finds_slips_and_ignores_other_words() {
        check("postgress", Some("postgres"));
        check("Redsi", Some("redis"));
        check("SQLITE", Some("sqlite"));
        check("kafka", None);
        check("", None);
        assert_eq!(did_you_mean("a", ["b"]), None);
        assert_eq!(did_you_mean("a", ["A"]), Some("A"));
    }
}
