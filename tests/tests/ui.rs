//! What the attribute and the derive accept, and the text of each refusal.
//!
//! `TRYBUILD=overwrite cargo test -p connection-registry-tests --test ui` writes the texts anew; read the diff.

use std::{fs, path::Path};

#[test]
fn valid_programs_compile_and_run() {
    put_files(&ui().join("files"), &manifest_folder());
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

#[test]
fn mistakes_are_refused_in_words() {
    put_files(&ui().join("files"), &manifest_folder());
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

/// The programs read files that are full of them, and the texts are what the compiler says.
#[test]
fn no_refusal_has_a_secret_in_it() {
    let texts = fs::read_dir(ui().join("fail")).expect("the programs are readable");
    let texts = texts.map(|entry| entry.expect("the programs are readable").path());
    let texts: Vec<_> = texts.filter(|path| path.extension().is_some_and(|end| end == "stderr")).collect();
    assert!(texts.iter().filter(|path| path.to_string_lossy().contains("connections_")).count() > 8);
    for path in texts {
        let text = fs::read_to_string(&path).expect("the texts are readable");
        assert!(!text.contains(CANARY), "{} has a secret in it", path.display());
    }
}

fn ui() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/ui"))
}

/// Where `trybuild` has the manifest of the programs: what their paths are relative to.
fn manifest_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild").join(env!("CARGO_PKG_NAME"))
}

/// Copies files and folders.
fn put_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the files are readable") {
        let entry = entry.expect("the files are readable");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            put_files(&from, &to);
        } else if fs::read(&from).ok() != fs::read(&to).ok() {
            fs::copy(from, to).expect("a file can be copied");
        }
    }
}

/// A secret in the files.
const CANARY: &str = "c4nary";
