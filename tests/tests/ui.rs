//! What the attribute accepts, and the text of each refusal.
//!
//! `TRYBUILD=overwrite cargo test -p connection-registry-tests --test ui` writes the texts anew; read the diff.

#[test]
fn valid_programs_compile_and_run() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

#[test]
fn mistakes_are_refused_in_words() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}
