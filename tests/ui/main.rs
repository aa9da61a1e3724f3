//! What the attribute and the derive accept, and the text of each refusal.
//!
//! `TRYBUILD=overwrite cargo test -p connection-registry-ui-tests` writes the texts anew; read the diff.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Once,
};

#[test]
fn valid_programs_compile_and_run() {
    put_files();
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn mistakes_are_refused_in_words() {
    put_files();
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}

/// The programs read files that are full of them, and the texts are what the compiler says.
#[test]
fn no_refusal_has_a_secret_in_it() {
    let programs = ui().join("fail");
    let texts = entries(&programs).filter(|path| path.extension().is_some_and(|end| end == "stderr"));
    let texts: Vec<_> = texts.collect();
    assert!(texts.iter().filter(|path| path.to_string_lossy().contains("connections_")).count() > 8);
    for path in texts {
        let text = fs::read_to_string(&path).expect("the texts are readable");
        assert!(!text.contains(CANARY), "{} has a secret in it", path.display());
    }
}

fn ui() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Puts the files that the programs read where `trybuild` has their manifest: paths are relative to it.
fn put_files() {
    static PUT: Once = Once::new();
    let manifest_folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild").join(env!("CARGO_PKG_NAME"));
    PUT.call_once(|| copy(&ui().join("files"), &manifest_folder));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for path in entries(from) {
        let to = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).expect("a file can be copied");
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder is readable");
    entries.map(|entry| entry.expect("a folder is readable").path())
}

/// A secret in the files.
const CANARY: &str = "c4nary";
