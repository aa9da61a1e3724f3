//! How a command ended, as a number for scripts.

use std::process::ExitCode;

/// The guide and the documentation of [`main`](super::main) have the same table, for users.
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
    /// Whoever read the output went away: what shells report of a program that ends by SIGPIPE. It is no success, so
    /// that a pipeline of a shell with `pipefail` does not take half a report for a good one.
    ClosedPipe = 141,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table of exit codes, with the number of each.
    fn rows(page: &str) -> Vec<(u8, &str)> {
        let lines = page.lines().map(|line| line.trim_start_matches("/// "));
        lines.filter_map(|line| Some((line.strip_prefix("| ")?.split_once(" |")?.0.parse().ok()?, line))).collect()
    }

    #[test]
    fn the_guide_and_the_documentation_list_every_code() {
        let (guide, documentation) = (rows(include_str!("../guide/cli.md")), rows(include_str!("run.rs")));
        assert_eq!(guide, documentation);
        let codes = [Code::Fine, Code::Problems, Code::Usage, Code::Failed, Code::ClosedPipe];
        assert_eq!(guide.iter().map(|(code, _)| *code).collect::<Vec<_>>(), codes.map(|code| code as u8));
    }
}
