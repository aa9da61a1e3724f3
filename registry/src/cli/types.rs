//! `types`: the connection types that are linked into the program.

use std::io;

use anstyle::Style;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{exit_code::Code, failure::Failure, format::Format, session::Session, table::write_table};
use crate::{
    config::{Field, Visibility},
    diagnostic::{did_you_mean, visible},
    factory::{ConnectionFactory, ConnectionType},
};

/// List the connection types of this program, or show one with its fields
#[derive(Args, Debug)]
pub(super) struct Types {
    /// The type to show
    name: Option<String>,
    /// Text for people, or an array for programs; of one type an object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Types {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let factory = ConnectionFactory::linked()?;
        match (self.name, self.format) {
            (None, Format::Human) => write_list(session, factory.types())?,
            (None, Format::Json) => session.write_json(&factory.types().iter().map(Entry::of).collect::<Vec<_>>())?,
            (Some(name), format) => {
                let found = factory.find(&name).ok_or_else(|| unknown(&name, &factory))?;
                match format {
                    Format::Human => write_type(session, found)?,
                    Format::Json => session.write_json(&Entry::of(found))?,
                }
            }
        }
        Ok(Code::Fine)
    }
}

/// The failure to find a type, with what it may have been.
pub(super) fn unknown(name: &str, factory: &ConnectionFactory) -> Failure {
    let names: Vec<_> = factory.types().iter().map(ConnectionType::name).collect();
    let near = did_you_mean(name, names.iter().copied()).map(|near| format!("did you mean `{near}`? "));
    let help = format!("{}linked types: {}", near.unwrap_or_default(), names.join(", "));
    Failure::Unknown { message: format!("there is no connection type `{}`", visible(name)), help: Some(help) }
}

fn write_list(session: &mut Session<'_>, types: &[ConnectionType]) -> io::Result<()> {
    let row = |entry: &ConnectionType| {
        let from = format!("{} {}", entry.crate_name(), entry.crate_version());
        [entry.name().to_owned(), from, summary(entry.docs())]
    };
    write_table(session.out, ["name", "crate", "what it is"], &types.iter().map(row).collect::<Vec<_>>())
}

fn write_type(session: &mut Session<'_>, entry: &ConnectionType) -> io::Result<()> {
    let (name, out) = (entry.name(), &mut session.out);
    writeln!(out, "{BOLD}{name}{BOLD:#}, {} in {} {}", entry.rust_name(), entry.crate_name(), entry.crate_version())?;
    writeln!(out, "declared at {}\nclient: {}", entry.declared_at(), entry.client_type_name())?;
    if !entry.docs().is_empty() {
        writeln!(out, "\n{}", entry.docs())?;
    }
    for field in Entry::of(entry).fields {
        let FieldEntry { name, type_name, required, ref default, secret, docs } = field;
        let need = if required { "required" } else { "optional" };
        let default = default.as_ref().map(|value| format!(", default {}", plain(value))).unwrap_or_default();
        let secret = if secret { ", secret" } else { "" };
        writeln!(out, "\n{BOLD}{name}{BOLD:#}: {type_name}, {need}{default}{secret}")?;
        docs.lines().try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    Ok(())
}

/// What a program is told of a type.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    rust_name: String,
    #[serde(rename = "crate")]
    crate_name: &'static str,
    version: &'static str,
    declared_at: &'static str,
    client: &'static str,
    docs: &'static str,
    fields: Vec<FieldEntry>,
}

#[derive(Serialize)]
struct FieldEntry {
    name: &'static str,
    #[serde(rename = "type")]
    type_name: &'static str,
    required: bool,
    /// `None` when there is none, or none that may be shown.
    default: Option<Value>,
    secret: bool,
    docs: &'static str,
}

impl Entry {
    fn of(entry: &ConnectionType) -> Self {
        let (required, schema) = (entry.required_fields(), entry.schema());
        let field = |field: &Field| FieldEntry {
            name: field.name,
            type_name: field.type_name,
            required: required.iter().any(|key| key == field.name),
            default: schema.pointer(&format!("/properties/{}/default", field.name)).cloned(),
            secret: field.visibility == Visibility::Secret,
            docs: field.docs,
        };
        Self {
            name: entry.name(),
            rust_name: entry.rust_name(),
            crate_name: entry.crate_name(),
            version: entry.crate_version(),
            declared_at: entry.declared_at(),
            client: entry.client_type_name(),
            docs: entry.docs(),
            fields: entry.fields().iter().map(field).collect(),
        }
    }
}

/// A default as text, without quotes.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The first sentence, in one line.
fn summary(docs: &str) -> String {
    let paragraph = docs.lines().take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

const BOLD: Style = Style::new().bold();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_summed_up_by_the_first_sentence_of_its_documentation() {
        for (docs, expected) in [
            ("A pool.", "A pool."),
            ("A pool\nof 1.5 things. More.\n\nMuch more.", "A pool of 1.5 things."),
            ("A pool\n\nMore.", "A pool"),
            ("", ""),
        ] {
            assert_eq!(summary(docs), expected);
        }
    }
}
