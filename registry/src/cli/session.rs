//! [`Session`]: what a command works with.

use std::io::{self, Write};

use serde::Serialize;

use super::arguments::Options;
use crate::{
    config::{Environment, LoadRequest, MainSource, Survey, survey},
    error::{Error, Result},
    factory::ConnectionFactory,
    manager::{self, Declarations},
};

/// What a command works with: the options of all commands, and the world outside.
pub(super) struct Session<'a> {
    pub(super) options: Options,
    /// The variables for the profile, overrides and placeholders.
    pub(super) environment: Environment,
    /// For results.
    pub(super) out: &'a mut dyn Write,
    /// For problems and progress.
    pub(super) err: &'a mut dyn Write,
}

impl Session<'_> {
    /// The configuration as an application would have it, checked but for its placeholders; nothing is connected.
    pub(super) fn configuration(&self) -> Result<Declarations> {
        manager::load(&self.request(), &ConnectionFactory::linked()?)
    }

    /// The same for people to see, with where each value is from.
    pub(super) fn survey(&self) -> Result<Survey> {
        let factory = ConnectionFactory::linked()?;
        let title = format!("the configuration `{}` is invalid", self.options.config.display());
        survey(&self.request(), &factory).map_err(|problems| Error::configuration(title, problems))
    }

    /// Writes one JSON value over several lines.
    pub(super) fn write_json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)
    }

    /// What to load.
    pub(super) fn request(&self) -> LoadRequest {
        LoadRequest {
            main: MainSource::File(self.options.config.clone()),
            profile: self.options.profile.clone(),
            environment: self.environment.clone(),
            strict_permissions: false,
            max_bytes: manager::DEFAULT_MAX_CONFIG_BYTES,
        }
    }
}
