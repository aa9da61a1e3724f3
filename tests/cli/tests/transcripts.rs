//! What the program writes, compared with the transcripts, and with those in the guide.
//!
//! `TRYCMD=overwrite cargo test -p connection-registry-cli-tests` writes what it does write into them.

use std::{fs, path::Path};

use crate::program::commands;

fn cases() -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    let program = Path::new(env!("CARGO_BIN_EXE_own_cli"));
    cases.register_bin("own_cli", program).register_bin("connections", program).env("NO_COLOR", "1");
    cases
}

#[test]
fn the_program_writes_what_the_transcripts_say() {
    cases().case("transcripts/*.trycmd");
}

#[test]
fn the_guide_shows_what_the_program_writes() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../registry/src/guide/cli.md");
    let copy = folder.path().join("guide.md");
    fs::copy(&guide, &copy).expect("the guide is there");
    let text = fs::read_to_string(&copy).expect("the guide is text");
    assert!(text.contains("```console"), "the guide has transcripts");
    let files = Path::new("transcripts/guide.in");
    let target = folder.path().join("guide.in");
    fs::create_dir(&target).expect("a folder can be made");
    for file in fs::read_dir(files).expect("the files of the guide are there") {
        let file = file.expect("the files of the guide are there");
        fs::copy(file.path(), target.join(file.file_name())).expect("a file can be copied");
    }
    cases().case(&copy);
    if std::env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        fs::copy(copy, guide).expect("the guide can be written");
    }
}

#[test]
fn every_command_has_its_help_in_a_transcript_and_a_section_in_the_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let help = fs::read_to_string(root.join("transcripts/help.trycmd")).expect("the transcript is there");
    let guide = fs::read_to_string(root.join("../../registry/src/guide/cli.md")).expect("the guide is there");
    for command in commands() {
        assert!(help.contains(&format!("$ own_cli help {command}\n")), "help.trycmd lacks `{command}`");
        assert!(guide.contains(&format!("\n# `{command}")), "guide/cli.md lacks a section `{command}`");
    }
}
