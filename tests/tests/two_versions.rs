//! Two incompatible versions of the library cannot come into one program.

use std::{fs, path::Path, process::Command};

/// Cargo resolves a program that depends on this version and on another one, without building anything.
#[test]
fn cargo_refuses_a_program_with_two_versions_of_the_library_and_names_it() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry");
    write(folder.path(), "other/Cargo.toml", OTHER_VERSION);
    write(folder.path(), "other/src/lib.rs", "");
    write(folder.path(), "other/build.rs", "fn main() {}");
    write(folder.path(), "program/src/main.rs", "fn main() {}");
    let manifest = PROGRAM.replace("LIBRARY", &library.to_string_lossy().replace('\\', "/"));
    write(folder.path(), "program/Cargo.toml", &manifest);
    fs::copy(library.join("../Cargo.lock"), folder.path().join("program/Cargo.lock")).expect("there is a lock file");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(folder.path().join("program"))
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "cargo accepted two versions");
    assert!(said.contains("links to the native library `connection-registry`"), "cargo said: {said}");
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("the path has a folder")).expect("a folder can be made");
    fs::write(path, text).expect("a file can be written");
}

const OTHER_VERSION: &str = r#"
[package]
name = "connection-registry"
version = "0.0.1"
edition = "2021"
links = "connection-registry"
build = "build.rs"
"#;

const PROGRAM: &str = r#"
[package]
name = "program"
version = "0.1.0"
edition = "2021"

[dependencies]
this = { package = "connection-registry", path = "LIBRARY" }
other = { package = "connection-registry", path = "../other" }

[workspace]
"#;
