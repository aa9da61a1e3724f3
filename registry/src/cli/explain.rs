//! `explain`: what a code of a diagnostic means.

use clap::Args;

use super::{exit_code, failure::Failure, session::Session};
use crate::diagnostic::{Code, Diagnostic, did_you_mean, visible};

/// What a code such as CR004 means, and what to do about it
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, as it stands in a report
    code: String,
}

impl Explain {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<exit_code::Code, Failure> {
        let text = Diagnostic::explain(&self.code).ok_or_else(|| unknown(&self.code))?;
        writeln!(session.out, "{text}")?;
        Ok(exit_code::Code::Fine)
    }
}

fn unknown(code: &str) -> Failure {
    let codes = Code::all().map(Code::id);
    let help = did_you_mean(code, codes.clone()).map(|near| format!("did you mean `{near}`?"));
    let help = help.unwrap_or_else(|| format!("the codes are {}", codes.collect::<Vec<_>>().join(", ")));
    Failure::Unknown { message: format!("there is no code `{}`", visible(code)), help: Some(help) }
}
