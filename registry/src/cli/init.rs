//! `init`: a configuration to begin with, and its schema for editors.

use std::{io, path::Path};

use clap::Args;

use super::{
    exit_code::Code,
    failure::Failure,
    output_file::{OutputFile, Readers},
    sample::{Sample, comment},
    session::Session,
};
use crate::{
    diagnostic::visible,
    factory::{ConnectionFactory, ConnectionType},
};

/// Write a configuration to begin with, and the schema by which an editor completes it
#[derive(Args, Debug)]
pub(super) struct Init {
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let factory = ConnectionFactory::linked()?;
        let path = session.options.config.clone();
        let schema_path = path.with_extension("schema.json");
        let (file, schema_file) = (OutputFile::new(&path, self.force), OutputFile::new(&schema_path, self.force));
        file.check()?;
        schema_file.check()?;
        schema_file.write(&format!("{:#}\n", factory.schema()), Readers::Usual)?;
        file.write(&text(&schema_path, factory.types()), Readers::Usual)?;
        wrote(&path, session)?;
        wrote(&schema_path, session)?;
        Ok(Code::Fine)
    }
}

fn wrote(path: &Path, session: &mut Session<'_>) -> io::Result<()> {
    writeln!(session.out, "wrote {}", visible(&path.to_string_lossy()))
}

/// A configuration without connections, and a commented one of a few types.
fn text(schema: &Path, types: &[ConnectionType]) -> String {
    let schema = schema.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!("#:schema ./{schema}\n#\n{}", comment(INTRODUCTION));
    for entry in shown(types) {
        let name = format!("my_{}", entry.name().replace('-', "_"));
        text.push('\n');
        text.push_str(&comment(&Sample::new(&name, entry).brief()));
    }
    text
}

/// Those that most applications have; of others the first.
fn shown(types: &[ConnectionType]) -> Vec<&ConnectionType> {
    let usual: Vec<_> = USUAL.iter().filter_map(|name| types.iter().find(|entry| entry.name() == *name)).collect();
    let others = types.iter().filter(|entry| !USUAL.contains(&entry.name()));
    usual.into_iter().chain(others).take(MAX_SAMPLES).collect()
}

const INTRODUCTION: &str = "\
The connections of an application, each with a name and a type.
`connections types` lists the types, `connections add TYPE NAME` adds a connection with all that its type takes,
and `connections check` checks this file.
";

const USUAL: [&str; 4] = ["sqlite", "postgres", "redis", "http"];

const MAX_SAMPLES: usize = 3;
