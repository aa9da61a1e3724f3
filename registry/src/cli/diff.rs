//! `diff`: what a reload would do.

mod comparison;
mod keys;
mod report;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::{exit_code::Code, failure::Failure, format::Format, session::Session};
use crate::{
    config::{LoadRequest, MainSource, Survey, survey},
    error::{Error, Result},
    factory::ConnectionFactory,
    manager::{self, Declarations},
};
use comparison::Comparison;

/// Compare two configurations: what a reload would change
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("sides").required(true).multiple(true)), after_help = AFTER_HELP)]
pub(super) struct Diff {
    /// The configuration afterwards; default: that of --config
    #[arg(group = "sides", value_name = "FILE")]
    other: Option<PathBuf>,
    /// The configuration before; default: that of --config
    #[arg(long, group = "sides", value_name = "FILE")]
    against: Option<PathBuf>,
    /// The profile before; default: that of --profile
    #[arg(long, group = "sides", value_name = "PROFILE")]
    against_profile: Option<String>,
    /// Text for people, or an object for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Diff {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let options = &session.options;
        let before = (self.against.as_ref(), self.against_profile.as_ref().or(options.profile.as_ref()));
        let sides = [before, (self.other.as_ref(), options.profile.as_ref())];
        let sides = sides.map(|(file, profile)| Side::load(session, file.unwrap_or(&options.config), profile));
        let [Ok(before), Ok(after)] = sides else {
            for error in sides.into_iter().filter_map(Result::err) {
                Failure::Library(error).report(session.err);
            }
            // Not what says that there is a difference.
            return Ok(Code::Failed);
        };
        let comparison = Comparison::of(&before, &after);
        match self.format {
            Format::Human => report::write(session.out, &comparison)?,
            Format::Json => session.write_json(&comparison)?,
        }
        Ok(if comparison.different { Code::Problems } else { Code::Fine })
    }
}

/// One of the two configurations: as a reload sees it, and with where each value is from.
struct Side {
    configuration: Declarations,
    survey: Survey,
}

impl Side {
    fn load(session: &Session<'_>, file: &Path, profile: Option<&String>) -> Result<Self> {
        let main = MainSource::File(file.to_owned());
        let request = LoadRequest { main, profile: profile.cloned(), ..session.request() };
        let factory = ConnectionFactory::linked()?;
        let configuration = manager::load(&request, &factory)?;
        let survey = survey(&request, &factory).map_err(|problems| {
            // The file was changed between the two looks.
            Error::configuration(format!("the configuration `{}` is invalid", file.display()), problems)
        })?;
        Ok(Self { configuration, survey })
    }
}

const AFTER_HELP: &str = "\
Examples:
  connections diff next.toml            what would change if next.toml took the place of connections.toml
  connections diff --against last.toml  what has changed since last.toml
  connections diff --profile live --against-profile test

Placeholders count as they are written, not as what they stand for. Exit code 0: no difference. 1: a difference. 3: a
configuration cannot be loaded.";
