//! What commands need that connect: a runtime, a manager, and the terminal.

use std::io;

use anstream::{
    ColorChoice,
    stream::{AsLockedWrite, RawStream},
};
use tokio::runtime::{Builder, Handle, Runtime};

use super::{arguments::color_choice, screen::Screen, session::Session};
use crate::{
    config::{Imposed, LoadRequest},
    error::{Error, ErrorKind, Result},
    factory::ConnectionFactory,
    manager::ConnectionManager,
};

impl Session<'_> {
    /// A manager of the configuration, whose lifecycle settings are `imposed` where these say something.
    pub(super) fn manager(&self, imposed: Imposed, at_once: usize, runtime: &Handle) -> Result<ConnectionManager> {
        let request = LoadRequest { imposed, ..self.request() };
        ConnectionManager::load(request, ConnectionFactory::linked()?, Some(runtime.clone()), at_once)
    }

    /// The screen for progress, which goes where problems go; `None` where that is no terminal.
    pub(super) fn screen_of_problems(&self) -> Option<Screen> {
        self.screen(io::stderr())
    }

    /// The screen for results; `None` where they go to a file or a pipe.
    pub(super) fn screen_of_results(&self) -> Option<Screen> {
        self.screen(io::stdout())
    }

    fn screen<S: RawStream + AsLockedWrite + 'static>(&self, stream: S) -> Option<Screen> {
        let color: ColorChoice = color_choice(self.options.color);
        self.is_of_process.then(|| Screen::of(stream, color)).flatten()
    }
}

/// Where connections are made. A worker that a driver blocks does not hold the others up.
pub(super) fn runtime() -> Result<Runtime> {
    let no_threads = |error| Error::new(ErrorKind::NoRuntime, format!("there are no threads to connect on: {error}"));
    Builder::new_multi_thread().enable_all().build().map_err(no_threads)
}
