//! `import`: from the YAML of the Python library to a configuration.

mod application;
mod conversion;
mod convert;
mod interpolation;
mod name;
mod note;
mod resolve;
#[cfg(test)]
mod tests;
mod type_hint;
mod variable;
mod yaml;

pub(super) use variable::variable;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anstyle::{AnsiColor, Style};
use clap::Args;

use self::{conversion::Converted, note::Note};
use super::{
    exit_code::Code,
    failure::Failure,
    format::counted,
    output_file::{OutputFile, Readers},
    session::Session,
};
use crate::{
    config::{Environment, LoadRequest, MainSource},
    diagnostic::visible,
    factory::ConnectionFactory,
    manager,
};

/// Make a configuration of the YAML of the Python library
#[derive(Args, Debug)]
pub(super) struct Import {
    /// The application's file, such as app.yaml; the files of its connections are found beside it
    file: PathBuf,
    /// Where to write; `-` for the standard output
    #[arg(long, short, value_name = "FILE", default_value = "connections.toml")]
    output: PathBuf,
    /// Write placeholders in place of secrets in clear text, and list the variables that are to be set
    #[arg(long)]
    secrets_to_env: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

impl Import {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let types = ConnectionFactory::linked()?;
        let converted = match conversion::convert(&self.file, &types, self.secrets_to_env) {
            Ok(converted) => converted,
            Err(notes) => {
                write_notes(&notes, session)?;
                return Ok(Code::Problems);
            }
        };
        if self.is_to_stdout() {
            write!(session.out, "{}", converted.toml.0)?;
        } else {
            let readers = if converted.has_secrets { Readers::OwnerAlone } else { Readers::Usual };
            OutputFile::new(&self.output, self.force).write(&converted.toml.0, readers)?;
        }
        write_notes(&converted.notes, session)?;
        self.write_summary(&converted, session)?;
        self.check(&converted, &types, session)
    }

    fn is_to_stdout(&self) -> bool {
        self.output == Path::new("-")
    }

    /// What was done, and the variables that are to be set.
    fn write_summary(&self, converted: &Converted, session: &mut Session<'_>) -> io::Result<()> {
        let out = if self.is_to_stdout() { &mut *session.err } else { &mut *session.out };
        if !self.is_to_stdout() {
            let path = self.output.to_string_lossy();
            writeln!(out, "wrote {}: {}", visible(&path), counted(converted.connections, "connection"))?;
        }
        if !converted.variables.is_empty() {
            writeln!(out, "set these variables:")?;
        }
        for variable in &converted.variables {
            writeln!(out, "  {}: {} ({})", variable.name, variable.key_path, variable.place)?;
        }
        Ok(())
    }

    /// Whether the result can be loaded as it is.
    fn check(
        &self,
        converted: &Converted,
        types: &ConnectionFactory,
        session: &mut Session<'_>,
    ) -> Result<Code, Failure> {
        let main = if self.is_to_stdout() {
            MainSource::Text { text: converted.toml.0.clone(), config_dir: PathBuf::new(), name: None }
        } else {
            MainSource::File(self.output.clone())
        };
        let request =
            LoadRequest { main, profile: None, environment: Environment::Fixed(Arc::default()), ..session.request() };
        let Err(error) = manager::load(&request, types) else { return Ok(Code::Fine) };
        writeln!(session.err, "{YELLOW}warning:{YELLOW:#} before it can be used: {}", error.render())?;
        Ok(Code::Problems)
    }
}

fn write_notes(notes: &[Note], session: &mut Session<'_>) -> io::Result<()> {
    notes.iter().try_for_each(|note| writeln!(session.err, "{}", visible(&note.to_string())))
}

const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
