//! [`ConnectionManagerBuilder`].

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::runtime::Handle;

use super::{
    connections::ConnectionManager,
    open_files::remember_limit,
    shared::{self, Shared},
};
use crate::{
    config::{Environment, Imposed, LoadRequest, MainSource},
    error::Result,
    factory::ConnectionFactory,
};

/// Makes a [`ConnectionManager`]: where the configuration comes from, which types there are, where it runs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::{connection_type, BoxError, ConnectContext, Connection, ConnectionManager};
///
/// #[connection_type("greeter")]
/// struct Greeter { name: String }
///
/// impl Connection for Greeter {
///     type Client = String;
///     async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
///         Ok(format!("hello {}", self.name))
///     }
/// }
///
/// let connections = ConnectionManager::builder()
///     .toml("connections.me = { type = 'greeter', name = '${env:WHO}' }")
///     .environment([("WHO", "world")])
///     .build()?;
/// assert_eq!(*connections.get::<String>("me").await?, "hello world");
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing before `build`"]
pub struct ConnectionManagerBuilder {
    source: Option<Source>,
    config_dir: Option<PathBuf>,
    profile: Option<String>,
    environment: Environment,
    strict_permissions: bool,
    max_config_bytes: Option<u64>,
    max_concurrent_connects: Option<usize>,
    factory: Option<ConnectionFactory>,
    runtime: Option<Handle>,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Toml(Hidden),
}

/// Text that may have secrets in it.
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl ConnectionManagerBuilder {
    /// The configuration file, which a [reload](ConnectionManager::reload) reads again. Default: none, and so no declared
    /// connections.
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.source = Some(Source::File(path.as_ref().to_owned()));
        self
    }

    /// The configuration as text, instead of a file. A reload goes by the same text, with what its includes and placeholders
    /// stand for then.
    pub fn toml(mut self, text: impl Into<String>) -> Self {
        self.source = Some(Source::Toml(Hidden(text.into())));
        self
    }

    /// The folder from which relative paths are meant, for a configuration given as text. Default: the current
    /// one. A file's own folder is always used for a file.
    pub fn config_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.config_dir = Some(path.as_ref().to_owned());
        self
    }

    /// The profile: `connections.<profile>.toml` is read over `connections.toml`, and `app.<profile>.toml` over
    /// `app.toml`. Default: the environment variable `CONNECTIONS_PROFILE`, else none.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// The environment for placeholders, overrides and the profile. Default: the process's own.
    pub fn environment<K, V>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment = Environment::Fixed(Arc::new(variables.collect()));
        self
    }

    /// Whether a file of a placeholder that its group or everybody can read is an error, on Unix. Default: a
    /// warning in the log.
    pub fn strict_permissions(mut self, strict: bool) -> Self {
        self.strict_permissions = strict;
        self
    }

    /// How large each single file of the configuration may be, in bytes. Default: 16 MiB.
    pub fn max_config_bytes(mut self, bytes: u64) -> Self {
        self.max_config_bytes = Some(bytes);
        self
    }

    /// How many connections may be in the making at once, at least one; the others wait for their turn, and their
    /// `connect_timeout` runs. One that waits for another connection does not count meanwhile. Default: 64.
    pub fn max_concurrent_connects(mut self, limit: usize) -> Self {
        self.max_concurrent_connects = Some(limit);
        self
    }

    /// The catalogue of types. Default: [`ConnectionFactory::linked`].
    pub fn factory(mut self, factory: ConnectionFactory) -> Self {
        self.factory = Some(factory);
        self
    }

    /// The runtime that connects and closes. Default: the one in which [`build`](Self::build) is called, else
    /// the first in which the manager is asked for something.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Loads and checks everything; connects nothing. All that was said to the builder holds for reloads, too.
    ///
    /// # Errors
    ///
    /// As for [`ConnectionManager::from_file`].
    pub fn build(self) -> Result<ConnectionManager> {
        let factory = self.factory.map_or_else(ConnectionFactory::linked, Ok)?;
        let config_dir = self.config_dir.unwrap_or_else(|| PathBuf::from("."));
        let main = match self.source {
            Some(Source::File(path)) => MainSource::File(path),
            Some(Source::Toml(Hidden(text))) => MainSource::Text { text, config_dir, name: None },
            None => MainSource::Text { text: String::new(), config_dir, name: None },
        };
        let request = LoadRequest {
            main,
            profile: self.profile,
            environment: self.environment,
            strict_permissions: self.strict_permissions,
            max_bytes: self.max_config_bytes.unwrap_or(DEFAULT_MAX_CONFIG_BYTES),
            imposed: Imposed::default(),
        };
        let max_concurrent_connects = self.max_concurrent_connects.unwrap_or(DEFAULT_MAX_CONCURRENT_CONNECTS);
        let runtime = self.runtime.or_else(|| Handle::try_current().ok());
        ConnectionManager::load(request, factory, runtime, max_concurrent_connects)
    }
}

impl ConnectionManager {
    /// Loads and checks what is requested; connects nothing.
    pub(crate) fn load(
        request: LoadRequest,
        factory: ConnectionFactory,
        runtime: Option<Handle>,
        max_concurrent_connects: usize,
    ) -> Result<Self> {
        remember_limit();
        let configuration = shared::load(&request, &factory)?;
        Ok(Self::new(Shared::new(factory, request, configuration, runtime, max_concurrent_connects)))
    }

    /// The configuration that is in force.
    #[cfg(feature = "cli")]
    pub(crate) fn configuration(&self) -> Arc<shared::Declarations> {
        self.shared.configuration()
    }
}

const DEFAULT_MAX_CONCURRENT_CONNECTS: usize = 64;

/// 16 MiB.
pub(crate) const DEFAULT_MAX_CONFIG_BYTES: u64 = 16 * 1024 * 1024;
