//! `show`: one connection, value by value, with where each is from.

use std::io;

use anstyle::Style;
use clap::Args;

use super::{
    exit_code::Code,
    failure::Failure,
    format::Format,
    session::Session,
    table::{widths, write_rows},
    types::plain,
};
use crate::{
    config::{Entry, Origin, OriginKind, Place, Survey, Surveyed},
    diagnostic::visible,
    factory::{ConnectionFactory, ConnectionType},
};

/// Show every value of a connection, and where it is from
///
/// That is a place in a file, a profile, a variable, or a default. Secrets are hidden
/// as ***, and so is what may be one by its key, by its form, or since its type is not
/// known. Placeholders are shown as they are written.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct Show {
    /// The connection or template
    name: String,
    /// Text for people, or an object for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Show {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let survey = session.survey()?;
        let connection = survey.find(&self.name).ok_or_else(|| unknown(&self.name, &survey))?;
        let connection = with_defaults(connection.clone(), &ConnectionFactory::linked()?);
        match self.format {
            Format::Human => write_text(session, &self.name, &connection)?,
            Format::Json => session.write_json(&connection)?,
        }
        Ok(Code::Fine)
    }
}

fn unknown(name: &str, survey: &Survey) -> Failure {
    Failure::Unknown { message: format!("there is no connection `{}`", visible(name)), help: survey.help(name) }
}

/// Adds the defaults of the type, as far as they may be shown.
fn with_defaults(mut connection: Surveyed, factory: &ConnectionFactory) -> Surveyed {
    let schema = factory.find(&connection.type_name).map(ConnectionType::schema).unwrap_or_default();
    for entry in connection.fields.iter_mut().filter(|entry| entry.origin.kind == OriginKind::Default) {
        entry.value = schema.pointer(&format!("/properties/{}/default", entry.key)).map(plain);
    }
    connection
}

fn write_text(session: &mut Session<'_>, asked: &str, connection: &Surveyed) -> io::Result<()> {
    let Surveyed { name, client, captures, declared_at, keys, fields, lifecycle, enabled, .. } = connection;
    let (name, out) = (visible(name), &mut session.out);
    let state = if *enabled { "" } else { ", disabled" };
    writeln!(out, "{BOLD}{name}{BOLD:#}, declared at {}{state}", place(declared_at))?;
    if asked != &*connection.name {
        writeln!(out, "the template from which `{}` is made", visible(asked))?;
    }
    if !captures.is_empty() {
        writeln!(out, "captures: {}", captures.join(", "))?;
    }
    writeln!(out, "client: {}", client.unwrap_or("not known: the type is not linked"))?;
    let sections = [("", keys), ("fields", fields), ("lifecycle", lifecycle)];
    let rows = sections.map(|(_, entries)| entries.iter().map(row).collect::<Vec<_>>());
    let widths = widths(&rows.iter().flatten().collect::<Vec<_>>());
    for ((title, _), rows) in sections.iter().zip(&rows).filter(|(_, rows)| !rows.is_empty()) {
        let title = if title.is_empty() { String::new() } else { format!("{BOLD}{title}{BOLD:#}\n") };
        write!(out, "\n{title}")?;
        write_rows(*out, rows, widths)?;
    }
    Ok(())
}

fn row(entry: &Entry) -> [String; 3] {
    [entry.key.clone(), entry.value.clone().unwrap_or_else(|| "-".to_owned()), origin(&entry.origin)]
}

/// `connections.toml:3:1, from defaults.postgres`.
pub(super) fn origin(origin: &Origin) -> String {
    let Origin { kind, place: at, name, inherited_from } = origin;
    let mut text = match kind {
        OriginKind::Default => "default".to_owned(),
        OriginKind::Variable => format!("variable {}", visible(name.as_deref().unwrap_or_default())),
        OriginKind::File | OriginKind::Profile => at.as_ref().map(place).unwrap_or_default(),
    };
    if *kind == OriginKind::Profile {
        text += &format!(", profile {}", name.as_deref().unwrap_or_default());
    }
    if let Some(table) = inherited_from {
        text += &format!(", from {table}");
    }
    text
}

/// `file:line:column`.
pub(super) fn place(place: &Place) -> String {
    let Place { file, line, column } = place;
    format!("{}:{line}:{column}", visible(file))
}

const BOLD: Style = Style::new().bold();
