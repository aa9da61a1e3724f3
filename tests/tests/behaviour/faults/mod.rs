//! What a network, a server and an operating system do to connections: real sockets, a proxy that breaks them, real time.

use std::process::Command;

mod clock;
mod descriptors;
mod fork;
mod heal;
mod line;
mod names;
mod network;
mod nth;
mod runtimes;
mod threads;

/// What a test cannot do without, and is not there.
struct Missing(&'static str);

impl Missing {
    /// Says so; an error where everything must be there.
    #[allow(clippy::print_stderr)]
    fn skip(self) {
        assert!(std::env::var_os("REQUIRE_SERVICES").is_none_or(|value| value != "1"), "{} is missing", self.0);
        eprintln!("skipped: {} is missing", self.0);
    }
}

/// Runs one test of this program in a process of its own.
#[track_caller]
fn inner(mut command: Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
