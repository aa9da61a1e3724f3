//! What the tests prove of each built-in connection type: the tests hold it, and the page of the guide says it.

use connection_registry::testing::conformance::{Outcome, Report};

/// What is proven of one type.
#[derive(Debug)]
pub struct Proof {
    /// As in `type = "…"`.
    pub type_name: &'static str,
    /// The cargo feature.
    pub feature: &'static str,
    /// The crates below it.
    pub drivers: &'static str,
    /// How a connection is encrypted, in a few words.
    pub encryption: &'static str,
    /// What the trials run against.
    pub server: &'static str,
    /// The trials of the conformance suite that are skipped, with the reason for readers. All others pass.
    pub skipped: &'static [(&'static str, &'static str)],
    /// What is tested beyond the suite.
    pub beyond: &'static str,
}

impl Proof {
    /// That of the type called `type_name`.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn of(type_name: &str) -> &'static Self {
        let found = PROOFS.iter().find(|proof| proof.type_name == type_name);
        found.unwrap_or_else(|| panic!("`{type_name}` has no row in tests/src/proof.rs"))
    }
}

/// Asserts that the suite passed on the type called `type_name`, but for the trials that its proof names as skipped.
///
/// # Panics
///
/// With the report, when it is not so.
#[track_caller]
pub fn assert_proven(type_name: &str, report: &Report) {
    report.assert_clean();
    let is_skipped =
        |trial: &&connection_registry::testing::conformance::Trial| matches!(trial.outcome(), Outcome::Skipped(_));
    let skipped: Vec<_> = report.trials().iter().filter(is_skipped).map(|trial| trial.name()).collect();
    let expected: Vec<_> = Proof::of(type_name).skipped.iter().map(|(name, _)| *name).collect();
    assert_eq!(skipped, expected, "the proof of `{type_name}` names other trials as skipped\n{report}");
    println!("{report}");
}

/// One row for each built-in type, by name.
pub const PROOFS: &[Proof] = &[Proof {
    type_name: "storage",
    feature: "storage",
    drivers: "object_store, reqwest",
    encryption: "by the scheme of `endpoint`",
    server: "SeaweedFS (S3), folders and memory",
    skipped: &[],
    beyond: "a bucket that is not there, a wrong key, a prefix, a folder that vanishes",
}];
