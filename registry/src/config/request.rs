//! What to load, and with what.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    environment::Environment,
    lifecycle::{Lifecycle, Start},
};

/// What to load, and with what.
#[derive(Clone, Debug)]
pub(crate) struct LoadRequest {
    pub(crate) main: MainSource,
    /// The profile; without one, that of the variable `CONNECTIONS_PROFILE`.
    pub(crate) profile: Option<String>,
    pub(crate) environment: Environment,
    /// Whether a file of a placeholder that others can read is an error.
    pub(crate) strict_permissions: bool,
    /// The size limit of each file, in bytes.
    pub(crate) max_bytes: u64,
    pub(crate) imposed: Imposed,
}

/// Lifecycle settings that the program gives every connection, whatever the configuration says. The default is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Imposed {
    /// For connecting, and at most for a check.
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) start: Option<Start>,
}

impl Imposed {
    pub(super) fn on(self, lifecycle: &mut Lifecycle) {
        if let Some(timeout) = self.connect_timeout {
            lifecycle.connect_timeout = timeout;
            lifecycle.check_timeout = lifecycle.check_timeout.min(timeout);
        }
        lifecycle.start = self.start.unwrap_or(lifecycle.start);
    }
}

/// The main file.
#[derive(Clone)]
pub(crate) enum MainSource {
    File(PathBuf),
    /// TOML given by the program; paths in it are relative to `config_dir`.
    Text {
        text: String,
        config_dir: PathBuf,
        /// The file that it is to become; messages say it.
        name: Option<String>,
    },
}

impl MainSource {
    /// The folder that paths of the configuration are relative to, as the user wrote it.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::File(path) => path.parent().unwrap_or(Path::new("")),
            Self::Text { config_dir, .. } => config_dir,
        }
    }

    /// The same as an absolute path, for a program that later changes its working directory.
    pub(super) fn config_dir(&self) -> Arc<Path> {
        let folder = match self.folder() {
            empty if empty.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        };
        std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).into()
    }
}

// By hand: the text holds values.
impl fmt::Debug for MainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text { text: _, config_dir, name } => {
                f.debug_struct("Text").field("config_dir", config_dir).field("name", name).finish_non_exhaustive()
            }
        }
    }
}
