//! `test` and `watch` as a person uses them: in a terminal, until Ctrl-C.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, ExitStatus, Stdio},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::program::{folder, own_cli};

/// The program on a terminal of 20 lines of 100 characters.
pub(crate) struct Terminal {
    program: Child,
    /// The other end of the terminal.
    user: File,
    seen: String,
}

impl Terminal {
    pub(crate) fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there is a terminal");
        grantpt(&user).and_then(|()| unlockpt(&user)).expect("it is usable");
        let size = Winsize { ws_row: 20, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&user, size).expect("it has a size");
        let name = ptsname(&user, Vec::new()).expect("it has a name").into_string().expect("it is text");
        let no_controlling_terminal = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).expect("it is a flag");
        let end = File::options().read(true).write(true).custom_flags(no_controlling_terminal).open(name);
        let end = end.expect("it can be opened");
        let stream = || Stdio::from(end.try_clone().expect("it can be shared"));
        let mut program = own_cli(folder);
        program.args(arguments).env("TERM", "xterm").envs(variables.iter().copied());
        let program = program.stdin(stream()).stdout(stream()).stderr(stream()).spawn().expect("the program starts");
        Self { program, user: File::from(user), seen: String::new() }
    }

    /// Reads until `text` was written.
    fn until(mut self, text: &str) -> Self {
        while !self.seen.contains(text) {
            assert!(self.read() > 0 && self.seen.len() < 1_000_000, "`{text}` is not written:\n{}", self.seen);
        }
        self
    }

    fn interrupt(self, signal: Signal) -> Self {
        let process = Pid::from_child(&self.program);
        kill_process(process, signal).expect("the program runs");
        self
    }

    /// Reads to the end.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        while self.read() > 0 {}
        (self.program.wait().expect("the program ends"), self.seen)
    }

    fn read(&mut self) -> usize {
        let mut bytes = [0; 4096];
        let count = match self.user.read(&mut bytes) {
            Ok(count) => count,
            // How Linux says that nobody has the other end any more.
            Err(error) if error.raw_os_error() == Some(5) => 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return self.read(),
            Err(error) => panic!("{error}"),
        };
        self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count
    }
}

const TWO: &str = "\
[connections.good]
type = 'fake'
lifecycle.start = 'eager'
[connections.stuck]
type = 'fake'
connect = ['never']
lifecycle.connect_timeout = '1h'
";

#[test]
fn a_test_shows_what_is_under_way_and_ctrl_c_ends_it_with_a_summary() {
    let folder = folder(TWO);
    let terminal = Terminal::run(folder.path(), &["test"], &[]).until("stuck  connecting").until("1 of 2 done");
    let (status, seen) = terminal.interrupt(Signal::INT).end();
    assert_eq!(status.code(), Some(130), "{seen}");
    assert!(seen.contains("\u{1b}[32mok      \u{1b}[0m  good"), "{seen}");
    assert!(seen.contains("interrupted: 1 ok, 1 untested in") && has_styles(&seen), "{seen}");
}

#[test]
fn without_colours_progress_is_shown_all_the_same() {
    let folder = folder(TWO);
    let terminal = Terminal::run(folder.path(), &["test"], &[("NO_COLOR", "1")]).until("1 of 2 done");
    let (_, seen) = terminal.interrupt(Signal::INT).end();
    assert!(seen.contains("\u{1b}[J") && !has_styles(&seen), "{seen:?}");
}

fn has_styles(text: &str) -> bool {
    let sequences = text.split("\u{1b}[").skip(1);
    sequences
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'))
        .any(|end| end.starts_with('m'))
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_plain_lines() {
    let folder = folder("connections.good = { type = 'fake' }");
    let (status, seen) = Terminal::run(folder.path(), &["test"], &[("TERM", "dumb")]).end();
    assert!(status.success() && !seen.contains('\u{1b}') && seen.contains("ok        good"), "{seen:?}");
}

#[test]
fn a_watch_draws_its_table_until_it_is_ended_and_leaves_it_there() {
    for signal in [Signal::INT, Signal::TERM] {
        let folder = folder(TWO);
        let terminal = Terminal::run(folder.path(), &["watch", "--interval", "50ms"], &[]);
        let (status, seen) = terminal.until("ready\u{1b}[0m, 1 of 2 up").interrupt(signal).end();
        assert_eq!(status.code(), Some(0), "{seen}");
        assert!(seen.contains("connected") && seen.contains("declared"), "{seen}");
        assert!(seen.trim_end().lines().last().is_some_and(|line| line.contains("1 connection closed in")), "{seen}");
    }
}

#[test]
fn a_watch_whose_output_is_a_pipe_writes_lines_and_ends_the_same_way() {
    let folder = folder(TWO);
    let mut program = own_cli(folder.path()).arg("watch").stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut out = program.stdout.take().expect("it is a pipe");
    let (mut seen, mut byte) = (String::new(), [0]);
    while !seen.ends_with("connection `good` connected (generation 1)\n") {
        out.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error}: {seen}"));
        seen.push(char::from(byte[0]));
    }
    kill_process(Pid::from_child(&program), Signal::INT).expect("the program runs");
    out.read_to_string(&mut seen).expect("it is text");
    assert!(program.wait().expect("it ends").success(), "{seen}");
    assert!(!seen.contains('\u{1b}') && seen.contains("1 connection closed in"), "{seen}");
}
