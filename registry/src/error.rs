//! The one error of the crate: opaque, cheap to clone, and safe to print.

use std::{error::Error as StdError, fmt, sync::Arc};

use crate::diagnostic::Diagnostic;

/// Any error that a connection type may return.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with which connection, where it is declared, why, and what to do.
///
/// Cheap to clone: all callers that waited for one attempt get the same error. Neither `Display` nor `Debug`
/// nor the chain of [`source`](StdError::source) contains a secret of the configuration: the texts of a
/// driver's errors are searched for them first. [`cause`](Self::cause) gives the driver's own error untouched.
///
/// `Debug` prints the same report as `Display`, so that `fn main() -> Result<(), BoxError>` ends readably.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// The kind of an [`Error`]: what a program may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is invalid or cannot be read; [`Error::diagnostics`] has every problem.
    Configuration,
    /// No type of that name is linked into the program.
    UnknownType,
    /// Two connection types have one name.
    DuplicateType,
    /// No connection of that name is declared.
    NotFound,
    /// The connection is declared with `enabled = false`.
    Disabled,
    /// The connection's client is of another Rust type than the one asked for.
    WrongType,
    /// Asked without waiting, and the connection is not up.
    NotConnected,
    /// The connection type's `connect` returned an error.
    ConnectFailed,
    /// No client within `lifecycle.connect_timeout`.
    ConnectTimeout,
    /// The connection type's `connect` panicked.
    ConnectPanicked,
    /// The connection was disconnected, removed or replaced while the caller waited for it.
    Disconnected,
    /// One or more connections did not close as they should.
    DisconnectFailed,
    /// The name cannot be the name of a connection.
    InvalidName,
    /// There is no tokio runtime to connect on, or the manager's own has ended.
    NoRuntime,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            connection: None,
            message: message.into(),
            help: None,
            retryable: false,
            causes: None,
            original: None,
            diagnostics: Vec::new(),
            related: Vec::new(),
        }))
    }

    /// An invalid configuration, with all its problems in file order.
    pub(crate) fn configuration(message: impl Into<String>, diagnostics: Vec<Diagnostic>) -> Self {
        Self::new(ErrorKind::Configuration, message).with(|inner| inner.diagnostics = diagnostics)
    }

    pub(crate) fn for_connection(self, name: &str) -> Self {
        self.with(|inner| inner.connection = Some(name.into()))
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.with(|inner| inner.help = Some(help.into()))
    }

    pub(crate) fn retryable(self, retryable: bool) -> Self {
        self.with(|inner| inner.retryable = retryable)
    }

    /// Adds what the connection type returned; `scrub` takes the secrets out of its texts.
    pub(crate) fn caused_by(self, original: BoxError, scrub: &dyn Fn(&str) -> String) -> Self {
        let causes = Cause::chain(&*original, scrub);
        self.with(|inner| {
            inner.causes = Some(causes);
            inner.original = Some(original.into());
        })
    }

    pub(crate) fn related(self, related: Vec<Self>) -> Self {
        self.with(|inner| inner.related = related)
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name of the connection concerned, where there is one.
    pub fn connection(&self) -> Option<&str> {
        self.0.connection.as_deref()
    }

    /// Whether the same call may succeed later without a change of program or configuration.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Every problem of the configuration, in file order; empty for other kinds.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// The single errors of a call that concerns many connections, such as
    /// [`disconnect_all`](crate::ConnectionManager::disconnect_all).
    pub fn errors(&self) -> &[Self] {
        &self.0.related
    }

    /// The error exactly as the connection type returned it, to downcast. Unlike
    /// [`source`](StdError::source) its texts are whatever the driver wrote.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.original.as_deref()
    }

    // Changes a copy where the error is shared already.
    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, causes, help, diagnostics, related, .. } = &*self.0;
        f.write_str(message)?;
        let mut cause = causes.as_deref();
        while let Some(Cause { text, next }) = cause {
            write!(f, ": {text}")?;
            cause = next.as_deref();
        }
        if let Some(help) = help {
            write!(f, " ({help})")?;
        }
        for diagnostic in diagnostics {
            write!(f, "\n{diagnostic}")?;
            if let Some(help) = diagnostic.help() {
                write!(f, "\n  help: {help}")?;
            }
        }
        for error in related {
            write!(f, "\n  {error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "diagnostics")]
        if !self.0.diagnostics.is_empty() {
            return f.write_str(&self.render());
        }
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.causes.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    connection: Option<Box<str>>,
    message: String,
    help: Option<String>,
    retryable: bool,
    causes: Option<Arc<Cause>>,
    original: Option<Arc<dyn StdError + Send + Sync>>,
    diagnostics: Vec<Diagnostic>,
    related: Vec<Error>,
}

/// One link of a chain of causes, as text without secrets.
#[derive(Debug)]
struct Cause {
    text: String,
    next: Option<Arc<Cause>>,
}

impl Cause {
    fn chain(error: &(dyn StdError + 'static), scrub: &dyn Fn(&str) -> String) -> Arc<Self> {
        let text = scrub(&error.to_string());
        let mut next = error.source().map(|source| Self::chain(source, scrub));
        // Many drivers repeat the text of their source in their own: say it once.
        if next.as_ref().is_some_and(|next| text.contains(&next.text)) {
            next = next.and_then(|repeated| repeated.next.clone());
        }
        Arc::new(Self { text, next })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.next.as_deref().map(|next| next as &(dyn StdError + 'static))
    }
}
