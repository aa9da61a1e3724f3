//! `check`: what is wrong with a configuration, found without using it.

use std::{io, path::PathBuf};

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};

use super::{exit_code::Code, failure::Failure, format::counted, sarif, session::Session};
use crate::{
    config::{Environment, Inspection, inspect},
    diagnostic::{render_styled, visible},
    factory::ConnectionFactory,
};

/// Find everything that is wrong with a configuration, by its files alone
///
/// Looks at no environment variable and no network, so that the result is the same
/// on every machine: placeholders are not resolved, and neither CONNECTIONS_PROFILE
/// nor overrides such as CONNECTIONS__DB__PORT count. Use --profile to check a
/// profile, and --with-env to check what the environment adds.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Check {
    /// The configuration, in place of that of --config
    file: Option<PathBuf>,
    /// A report for people, an array for programs, or SARIF 2.1.0 for code scanning
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Report,
    /// Look also at CONNECTIONS_PROFILE, at overrides, and at what placeholders stand for
    #[arg(long)]
    with_env: bool,
    /// Connections that a program needs, as in a,b: each must be there and enabled
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Report {
    #[default]
    Human,
    Json,
    Sarif,
}

impl Check {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let Self { file, format, with_env, names } = self;
        session.options.config = file.unwrap_or_else(|| session.options.config.clone());
        if !with_env {
            session.environment = Environment::Unknown;
        }
        let names: Vec<_> = names.iter().map(|name| name.trim().to_owned()).collect();
        let inspection = inspect(&session.request(), &ConnectionFactory::linked()?, &names);
        match format {
            Report::Human => write_report(session, &inspection)?,
            Report::Json => session.write_json(&inspection.problems)?,
            Report::Sarif => session.write_json(&sarif::log(&inspection.problems, &session.options.config))?,
        }
        Ok(if inspection.problems.is_empty() { Code::Fine } else { Code::Problems })
    }
}

fn write_report(session: &mut Session<'_>, inspection: &Inspection) -> io::Result<()> {
    let file = session.options.config.to_string_lossy();
    let file = visible(&file);
    let Inspection { problems, connections, templates } = inspection;
    if problems.is_empty() {
        let templates = if *templates > 0 { format!(", {}", counted(*templates, "template")) } else { String::new() };
        let connections = counted(*connections, "connection");
        return writeln!(session.out, "{GREEN}ok:{GREEN:#} {file}: {connections}{templates}");
    }
    let count = counted(problems.len(), "problem");
    writeln!(session.out, "{}\n\n{RED}error:{RED:#} {file}: {count}", render_styled(problems))
}

const GREEN: Style = AnsiColor::Green.on_default().bold();

const RED: Style = AnsiColor::Red.on_default().bold();
