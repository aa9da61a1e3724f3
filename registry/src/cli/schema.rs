//! `schema`: the JSON Schema of a configuration, for editors.

use std::{fs, io, path::PathBuf};

use clap::Args;

use super::{exit_code::Code, failure::Failure, session::Session, types};
use crate::factory::ConnectionFactory;

/// Write the JSON Schema of a configuration, by which an editor completes and checks it
#[derive(Args, Debug)]
pub(super) struct Schema {
    /// Describe the fields of this type alone, instead of a whole configuration
    #[arg(long = "type", value_name = "NAME")]
    type_name: Option<String>,
    /// Write it to this file, instead of the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Schema {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let factory = ConnectionFactory::linked()?;
        let schema = match &self.type_name {
            None => factory.schema(),
            Some(name) => factory.find(name).ok_or_else(|| types::unknown(name, &factory))?.schema(),
        };
        match self.output {
            None => session.write_json(&schema)?,
            Some(path) => {
                let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
                fs::write(&path, format!("{schema:#}\n")).map_err(named)?;
            }
        }
        Ok(Code::Fine)
    }
}
