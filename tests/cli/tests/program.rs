//! Running the program.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output},
};

/// The program, in a folder, with nothing in its environment.
pub(crate) fn own_cli(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own_cli"));
    command.current_dir(folder).env_clear();
    command
}

/// Runs the program to its end.
pub(crate) fn run(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    own_cli(folder).args(arguments).output().expect("the program starts")
}

/// A folder with a configuration.
pub(crate) fn folder(configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("connections.toml"), configuration).expect("a file can be written");
    folder
}

/// Whether the system has a program that a test needs. Where nothing may be missing, that is a failure.
pub(crate) fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    assert!(is_there || std::env::var_os("REQUIRE_SERVICES").is_none(), "{name} is not installed");
    is_there
}

/// Both streams as text.
pub(crate) fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// The commands that the program's own help names.
pub(crate) fn commands() -> Vec<String> {
    let output = run(Path::new("."), &["--help"]);
    let help = text(&output);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let commands: Vec<_> = commands.map(str::to_owned).collect();
    assert!(commands.len() >= 5, "{help}");
    commands
}
