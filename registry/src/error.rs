//! The one error of the crate: opaque, cheap to clone, and safe to print.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use serde::Serialize;

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

/// The kind of an [`Error`]: what a program may want to tell apart. [`Error::is_retryable`] says whether the same call may
/// succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is invalid or cannot be read, or a placeholder of the connection asked for cannot be
    /// resolved; [`Error::diagnostics`] has every problem.
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
    /// The connection type's `connect` returned an error, and trying again could not help or there was no time left for
    /// another try; or a connection that this one refers to failed, whose error is the [`Error::cause`] then.
    ConnectFailed,
    /// No client within `lifecycle.connect_timeout`, whatever the time was spent on: a `connect`, another connection, an
    /// endpoint that is down. The cause is the failure of the try before, where there was one.
    ConnectTimeout,
    /// The connection type's `connect` panicked. It is not tried again within the attempt.
    ConnectPanicked,
    /// The connection was disconnected, removed or replaced while the caller waited for it.
    Disconnected,
    /// The connection type's `check` returned an error, panicked, or did not end within `lifecycle.check_timeout`.
    CheckFailed,
    /// One or more required connections that are to be up from the start are not, or some of a struct with
    /// `#[derive(Connections)]`; [`Error::errors`] has each.
    StartFailed,
    /// The manager is shut down, or is closing all its connections.
    ShutDown,
    /// A template has as many instances as `lifecycle.max_instances` allows, and all are in use.
    TooManyInstances,
    /// No folder of the configuration can be watched.
    WatchFailed,
    /// One or more connections did not close as they should; [`Error::errors`] has each of several.
    DisconnectFailed,
    /// The name cannot be the name of a connection.
    InvalidName,
    /// There is no tokio runtime to connect on, the manager's own has ended, or the manager was made before this process was
    /// forked off.
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
            attempts: 0,
            retry_after: None,
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

    /// So many attempts have failed in a row.
    pub(crate) fn in_attempt(self, attempts: u32) -> Self {
        self.with(|inner| inner.attempts = attempts)
    }

    /// The next attempt is made after a pause.
    pub(crate) fn again_in(self, pause: Duration) -> Self {
        self.with(|inner| inner.retry_after = Some(pause))
    }

    /// Adds what the connection type returned; `scrub` takes the secrets out of its texts.
    pub(crate) fn caused_by(self, original: BoxError, scrub: &dyn Fn(&str) -> String) -> Self {
        let causes = Cause::chain(&*original, scrub);
        self.with(|inner| {
            inner.causes = Some(causes);
            inner.original = Some(original.into());
        })
    }

    /// Adds the error of an earlier try, as the cause.
    pub(crate) fn after(self, earlier: &Self) -> Self {
        let inner = &earlier.0;
        let text = format!("the attempt before: {}", Summary(earlier).without_help());
        self.with(|own| {
            own.causes = Some(Arc::new(Cause { text, next: None }));
            own.original.clone_from(&inner.original);
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

    /// Whether the same attempt may go on trying: what only a person can mend, or what is a mistake in code, does not
    /// mend itself in a second, and another connection that this one needs has its own tries.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        self.is_retryable()
            && !self.is_of_another()
            && matches!(self.kind(), ErrorKind::ConnectFailed | ErrorKind::CheckFailed)
    }

    /// Whether it is the failure of another connection that this one needs.
    pub(crate) fn is_of_another(&self) -> bool {
        self.cause().and_then(|cause| cause.downcast_ref::<Self>()).is_some()
    }

    /// How many attempts to connect have failed in a row, this one included; zero for other kinds.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long after this error was given the next attempt is made for whoever asks; `None` when nothing is remembered, and
    /// when the type says that trying again cannot help. An HTTP service may answer 503 with it as `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Every problem of the configuration, in file order; empty for other kinds.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// The single errors of a call that concerns many connections, such as [`start`](crate::ConnectionManager::start) or
    /// [`disconnect_all`](crate::ConnectionManager::disconnect_all), by name; empty for other calls.
    pub fn errors(&self) -> &[Self] {
        &self.0.related
    }

    /// The error exactly as the connection type returned it, to downcast. Unlike
    /// [`source`](StdError::source) its texts are whatever the driver wrote: they may have a secret in them, so do not log
    /// them.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.original.as_deref()
    }

    /// The whole report for people, over several lines and without colour.
    ///
    /// With the feature `diagnostics` each problem of a configuration comes with its source line and a caret,
    /// as rustc does it; every value in that line is masked unless it is known to be harmless. Without the
    /// feature, and for other errors, this is the text of `Display`.
    ///
    /// ```
    /// use connection_registry::ConnectionFactory;
    ///
    /// let error = ConnectionFactory::empty().create("tickets", toml::Table::new(), ".").unwrap_err();
    /// assert!(error.render().starts_with("unknown connection type `tickets`"));
    /// ```
    ///
    /// With the feature, a report reads:
    ///
    /// ```
    /// # #[cfg(feature = "diagnostics")] {
    /// use connection_registry::{ConnectionFactory, ConnectionManager};
    ///
    /// let toml = "[connections.support]\ntype = 'tickets'";
    /// let error = ConnectionManager::builder().factory(ConnectionFactory::empty()).toml(toml).build().unwrap_err();
    /// let report = "\
    /// the configuration is invalid
    ///
    /// error[CR004]: unknown connection type `tickets`
    ///  --> <text>:2:8
    ///   |
    /// 2 | type = 'tickets'
    ///   |        ^^^^^^^^^
    ///   |
    ///   = note: the key is `connections.support.type`
    ///   = help: linked types: none; is its crate linked? add `use the_crate as _;`";
    /// assert_eq!(error.render(), report);
    /// # }
    /// ```
    pub fn render(&self) -> String {
        #[cfg(feature = "diagnostics")]
        if !self.diagnostics().is_empty() {
            return self.render_report(crate::diagnostic::render);
        }
        self.to_string()
    }

    /// The same with the colours of a terminal.
    #[cfg(feature = "cli")]
    pub(crate) fn render_styled(&self) -> String {
        if self.diagnostics().is_empty() {
            return self.to_string();
        }
        self.render_report(crate::diagnostic::render_styled)
    }

    #[cfg(feature = "diagnostics")]
    fn render_report(&self, draw: fn(&[Diagnostic]) -> String) -> String {
        let summary = Summary(self);
        let report = draw(&self.0.diagnostics);
        let related: String = self.0.related.iter().map(|error| format!("\n  {error}")).collect();
        format!("{summary}\n\n{report}{related}")
    }

    /// All problems as a JSON array for editors and CI, in one line. Needs the feature `diagnostics`.
    ///
    /// For an invalid configuration it has one object per [`Diagnostic`], in file order, with these keys in
    /// this order:
    ///
    /// | key | what it is |
    /// |---|---|
    /// | `code`, `message` | `"CR004"`, and what is wrong in one line |
    /// | `file`, `line`, `column`, `end_column` | the place as in [`Diagnostic`]; `""` and 0 when there is none |
    /// | `key_path`, `help` | a string or `null` |
    /// | `labels` | this place and the related ones: `file`, `line`, `column`, `end_column`, `text`, `snippet` |
    ///
    /// Lines and columns are counted from 1 in characters; `end_column` is the one after the last. A `snippet`
    /// is the source line with its values masked, ready to be shown: `text`, and the `column` and `end_column`
    /// of the caret in that text.
    ///
    /// For any other error the array has one object: `kind` (as [`ErrorKind`], `"not_found"`), `connection` (a name or
    /// `null`), `message` (the text of `Display`).
    ///
    /// ```
    /// use connection_registry::ConnectionFactory;
    ///
    /// let error = ConnectionFactory::empty().create("tickets", toml::Table::new(), ".").unwrap_err();
    /// assert!(error.to_json().starts_with(r#"[{"kind":"unknown_type","connection":null,"message":"#));
    /// ```
    #[cfg(feature = "diagnostics")]
    pub fn to_json(&self) -> String {
        if !self.diagnostics().is_empty() {
            return crate::diagnostic::to_json(&self.0.diagnostics);
        }
        let message = self.to_string();
        crate::diagnostic::to_json(&[Plain { kind: self.kind(), connection: self.connection(), message }])
    }

    // Changes a copy where the error is shared already.
    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { diagnostics, related, .. } = &*self.0;
        Summary(self).fmt(f)?;
        for diagnostic in diagnostics {
            write!(f, "\n{diagnostic}")?;
            if let Some(key_path) = diagnostic.key_path() {
                write!(f, "\n  key: {key_path}")?;
            }
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
        let cause: &(dyn StdError + 'static) = self.0.causes.as_deref()?;
        Some(cause)
    }
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    connection: Option<Box<str>>,
    message: String,
    help: Option<String>,
    retryable: bool,
    attempts: u32,
    retry_after: Option<Duration>,
    causes: Option<Arc<Cause>>,
    original: Option<Arc<dyn StdError + Send + Sync>>,
    diagnostics: Vec<Diagnostic>,
    related: Vec<Error>,
}

/// The error in one line: message, causes and help, without the single problems.
struct Summary<'a>(&'a Error);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_help())?;
        self.0.0.help.iter().try_for_each(|help| write!(f, " ({help})"))
    }
}

impl Summary<'_> {
    fn without_help(&self) -> String {
        let Inner { message, causes, .. } = &*self.0.0;
        let mut text = message.clone();
        let mut cause = causes.as_deref();
        while let Some(Cause { text: next_text, next }) = cause {
            text.push_str(": ");
            text.push_str(next_text);
            cause = next.as_deref();
        }
        text
    }
}

/// An error without diagnostics, as JSON.
#[cfg(feature = "diagnostics")]
#[derive(Serialize)]
struct Plain<'a> {
    kind: ErrorKind,
    connection: Option<&'a str>,
    message: String,
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
        let next: &(dyn StdError + 'static) = self.next.as_deref()?;
        Some(next)
    }
}
