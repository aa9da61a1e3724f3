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

/// What the program writes on a terminal.
#[cfg(target_os = "linux")]
pub(crate) fn run_on_terminal(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    use std::{ffi::OsString, fs::File, io::Read as _, os::unix::ffi::OsStringExt as _};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
    grantpt(&terminal).expect("it is ours");
    unlockpt(&terminal).expect("it is ours");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name").into_bytes();
    let window = File::options().write(true).open(OsString::from_vec(name)).expect("it can be opened");
    let mut command = own_cli(folder);
    command.args(arguments).envs(variables.iter().copied()).stdout(window);
    let mut child = command.spawn().expect("the program starts");
    // The program alone has the other end then, and its end is the end of what is written.
    drop(command);
    let mut written = Vec::new();
    // Linux reports an error when nobody has the other end any more.
    let _ = File::from(terminal).read_to_end(&mut written);
    child.wait().expect("the program ends");
    String::from_utf8_lossy(&written).into_owned()
}

/// A folder with a configuration.
pub(crate) fn folder(configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("connections.toml"), configuration).expect("a file can be written");
    folder
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
