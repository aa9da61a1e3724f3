//! How a command ended, as a number for scripts.

use std::process::ExitCode;

/// The documentation of [`main`](super::main) has the same table, for users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// All is well, or help was asked for.
    Fine = 0,
    /// The command did its work and found problems.
    Problems = 1,
    /// The arguments are wrong: the number that clap uses as well.
    Usage = 2,
    /// The command could not do its work.
    Failed = 3,
    /// The user ended the command before it had done its work: what shells report of a program that ends by SIGINT.
    Interrupted = 130,
    /// Whoever read the output went away: what shells report of a program that ends by SIGPIPE. It is no success, so
    /// that a pipeline of a shell with `pipefail` does not take half a report for a good one.
    ClosedPipe = 141,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}
