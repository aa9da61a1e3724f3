//! `list`: the connections of a configuration.

use clap::Args;
use serde::Serialize;

use super::{exit_code::Code, failure::Failure, format::Format, session::Session, show::place, table::write_table};
use crate::{
    config::{Declared, Place},
    diagnostic::visible,
};

/// List the connections, with their types, states and places
#[derive(Args, Debug)]
pub(super) struct List {
    /// Text for people, or an array for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl List {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let configuration = session.configuration()?;
        let entries: Vec<_> = configuration.connections().iter().map(Entry::of).collect();
        match self.format {
            Format::Human => write_table(session.out, HEADER, &entries.iter().map(Entry::row).collect::<Vec<_>>())?,
            Format::Json => session.write_json(&entries)?,
        }
        Ok(Code::Fine)
    }
}

/// One connection or template.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    /// `None` when the type is not linked.
    client: Option<&'static str>,
    enabled: bool,
    template: bool,
    declared_at: Place,
}

impl<'a> Entry<'a> {
    fn of(declared: &'a Declared) -> Self {
        Self {
            name: &declared.name,
            type_name: &declared.type_name,
            client: declared.client_type_name,
            enabled: declared.enabled,
            template: declared.is_template(),
            declared_at: declared.place(),
        }
    }

    fn row(&self) -> [String; 4] {
        let state = match self {
            Self { enabled: false, .. } => "disabled",
            Self { template: true, .. } => "template",
            _ => "enabled",
        };
        [self.name, self.type_name, state, &place(&self.declared_at)].map(|cell| visible(cell).into_owned())
    }
}

const HEADER: [&str; 4] = ["name", "type", "state", "declared at"];
