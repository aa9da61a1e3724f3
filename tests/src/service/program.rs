//! Where the programs of servers are, and what happens when they are not installed.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::Recipe;

/// The virtual environment with servers of PyPI.
const VENV: &str = "TEST_SERVICES_VENV";

/// Set to `1` where every server must be there, as in the gate.
const REQUIRE: &str = "REQUIRE_SERVICES";

/// The file of a program, if it is installed.
///
/// A virtual environment goes first, because its servers are newer; then the folders of packages, because what these have
/// in the usual folders may be wrappers with other habits.
pub fn find(name: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The file of a program that a test needs and that is no server; a test without it is skipped.
///
/// # Panics
///
/// When it is not installed, although it is required.
pub fn tool(name: &str, package: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        skip(&format!("{name} is not installed ({package})"));
    }
    found
}

/// Whether everything that a server needs is installed.
///
/// # Panics
///
/// When it is not, although it is required.
pub(super) fn is_installed<R: Recipe>() -> bool {
    let Some(missing) = R::PROGRAMS.iter().find(|program| find(program).is_none()) else { return true };
    skip(&format!("{} is not installed ({}): no program `{missing}`", R::NAME, R::PACKAGE));
    false
}

/// Says why a test is skipped: something that it needs is missing.
///
/// # Panics
///
/// When that is required.
pub fn skip(skipped: &str) {
    assert!(env::var(REQUIRE).as_deref() != Ok("1"), "{skipped}, and {REQUIRE}=1");
    // Not by a macro: what those print is shown of tests that fail alone.
    writeln!(io::stderr(), "SKIPPED: {skipped}").ok();
}

fn folders() -> Vec<PathBuf> {
    let mut folders = env::var_os(VENV).map(|venv| folders_of_venv(Path::new(&venv))).unwrap_or_default();
    folders.extend(newest_first("/usr/lib/postgresql").into_iter().map(|version| version.join("bin")));
    folders.push("/usr/lib/rabbitmq/bin".into());
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    folders
}

/// Its scripts, and the programs inside of packages.
fn folders_of_venv(venv: &Path) -> Vec<PathBuf> {
    let packages = newest_first(venv.join("lib")).into_iter().flat_map(|python| entries(python.join("site-packages")));
    [venv.join("bin")].into_iter().chain(packages.map(|package| package.join("bin"))).collect()
}

fn newest_first(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut versions = entries(folder);
    versions.sort();
    versions.reverse();
    versions
}

/// What is in a folder; nothing if there is no such folder.
fn entries(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}
