//! What all clones of a manager share.

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, time::Instant};

use super::{
    admission::Admission, agenda::Agenda, drain::Drains, events::Teller, health::Checks, instances::Instances,
    pulse::Pulse, reload::Reloads, shutdown::Closing,
};
use crate::{
    config::{self, Configuration, Declared, LoadRequest, MainSource},
    diagnostic::did_you_mean,
    erased::ErasedConnection,
    error::{Error, ErrorKind, Result},
    factory::ConnectionFactory,
    registry::{ClientType, ConnectionRegistry, Entry},
};

/// The configuration with the instances that the types made.
pub(crate) type Declarations = Configuration<Arc<dyn ErasedConnection>>;

/// The rooms below, and the runtime that everything runs on.
pub(super) struct Shared {
    pub(super) registry: ConnectionRegistry,
    pub(super) factory: ConnectionFactory,
    /// What to load again.
    pub(super) request: LoadRequest,
    configuration: RwLock<Arc<Declarations>>,
    /// The process that built it: in a copy of it that `fork` made, the threads of the runtime are missing.
    process: u32,
    /// Set when the manager is built inside a runtime, else by the first call that needs one.
    runtime: OnceLock<Handle>,
    /// Beats while user code runs.
    pub(super) pulse: Pulse,
    pub(super) admission: Admission,
    pub(super) max_concurrent_connects: usize,
    /// Whether `start` was called: eager connections that come later are connected, too.
    pub(super) is_started: AtomicBool,
    pub(super) agenda: Agenda,
    pub(super) checks: Checks,
    pub(super) instances: Instances,
    pub(super) teller: Teller,
    #[cfg(feature = "status-page")]
    pub(super) tally: super::tally::Tally,
    pub(super) reloads: Reloads,
    #[cfg(feature = "watch")]
    pub(super) watching: super::watch::Watching,
    /// The clients on their way out.
    pub(super) drains: Drains,
    pub(super) closing: Closing,
    /// Moments are counted from here.
    epoch: Instant,
}

impl Shared {
    pub(super) fn new(
        factory: ConnectionFactory,
        request: LoadRequest,
        configuration: Declarations,
        runtime: Option<Handle>,
        max_concurrent_connects: usize,
    ) -> Self {
        let registry = ConnectionRegistry::new();
        // A template has no slot: the connections that are made from it have.
        let enabled = configuration.connections().iter().filter(|declared| declared.enabled && !declared.is_template());
        for declared in enabled {
            let entry = registry.declare(&declared.name, client_type(&factory, declared));
            entry.depends_only_on(targets(declared));
        }
        Self {
            registry,
            factory,
            request,
            configuration: RwLock::new(Arc::new(configuration)),
            process: std::process::id(),
            runtime: runtime.map_or_else(OnceLock::new, OnceLock::from),
            pulse: Pulse::default(),
            admission: Admission::new(max_concurrent_connects),
            max_concurrent_connects: max_concurrent_connects.max(1),
            is_started: AtomicBool::new(false),
            agenda: Agenda::default(),
            checks: Checks::default(),
            instances: Instances::default(),
            teller: Teller::default(),
            #[cfg(feature = "status-page")]
            tally: super::tally::Tally::default(),
            reloads: Reloads::default(),
            #[cfg(feature = "watch")]
            watching: super::watch::Watching::default(),
            drains: Drains::default(),
            closing: Closing::default(),
            epoch: Instant::now(),
        }
    }

    /// The configuration that is in force.
    pub(super) fn configuration(&self) -> Arc<Declarations> {
        Arc::clone(&self.configuration.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another configuration in force; gives back the one before.
    pub(super) fn put_in_force(&self, configuration: Arc<Declarations>) -> Arc<Declarations> {
        let before = {
            let mut current = self.configuration.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, configuration)
        };
        // Only then, so that what is counted meanwhile goes by the new names.
        #[cfg(feature = "status-page")]
        self.tally.forget_all_but(&self.configuration());
        before
    }

    pub(super) fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Whether connections that start eagerly are to be up by now.
    pub(super) fn is_started(&self) -> bool {
        self.is_started.load(Ordering::Acquire)
    }

    /// The time since the manager was built: what the state machines are told.
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The runtime that connects and closes.
    pub(super) fn runtime(&self) -> Result<Handle> {
        if self.process != std::process::id() {
            return Err(forked());
        }
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime.clone());
        }
        let current = Handle::try_current().map_err(|_| no_runtime())?;
        Ok(self.runtime.get_or_init(|| current).clone())
    }

    /// The entry of `name`; checks that it can have a client of the type `asked`, where that is known.
    pub(super) fn entry(&self, name: &str, asked: Option<ClientType>) -> Result<Arc<Entry>> {
        match self.known_entry(name, asked)? {
            Some(entry) => Ok(entry),
            None => self.instance(name, asked),
        }
    }

    /// As [`entry`](Self::entry), but `None` for an instance of a template that has no entry yet.
    pub(super) fn known_entry(&self, name: &str, asked: Option<ClientType>) -> Result<Option<Arc<Entry>>> {
        let Some(entry) = self.registry.entry(name) else {
            return self.instance_type(&self.configuration(), name, asked).map(|_| None);
        };
        match (asked, entry.client_type()) {
            (Some(asked), Some(found)) if asked != found => Err(self.wrong_type(name, found, asked)),
            _ => Ok(Some(entry)),
        }
    }

    /// `connection `primary_db` (type `sqlite`, connections.toml:3:1)`.
    pub(super) fn describe(&self, name: &str) -> String {
        match self.configuration().declaration(name) {
            Some(declared) => {
                let (type_name, declared_at) = (&declared.type_name, declared.declared_at());
                let template =
                    if declared.is_template() { format!("template `{}`, ", declared.name) } else { String::new() };
                format!("connection `{name}` ({template}type `{type_name}`, {declared_at})")
            }
            None => format!("connection `{name}`"),
        }
    }

    /// For a caller who does not wait: there is no client to give out.
    pub(super) fn not_given_out(&self, entry: &Entry) -> Error {
        let is_sealed = entry.lock().slot.is_sealed();
        if is_sealed { self.shut_down(entry.name()) } else { self.not_connected(entry.name()) }
    }

    pub(super) fn not_connected(&self, name: &str) -> Error {
        let message = format!("{} is not connected", self.describe(name));
        Error::new(ErrorKind::NotConnected, message).for_connection(name).retryable(true).help("`get` connects it")
    }

    /// All connections are being closed.
    pub(super) fn shut_down(&self, name: &str) -> Error {
        let message = format!("{} is not given out: all connections are being closed", self.describe(name));
        Error::new(ErrorKind::ShutDown, message).for_connection(name)
    }

    /// The declared type of `name`.
    pub(super) fn type_name(&self, name: &str) -> Option<String> {
        self.configuration().declaration(name).map(|declared| declared.type_name.to_string())
    }

    pub(super) fn wrong_type(&self, name: &str, found: ClientType, asked: ClientType) -> Error {
        let (found, asked) = (found.name, asked.name);
        let message = format!("the client of {} is `{found}`, but `{asked}` was asked for", self.describe(name));
        Error::new(ErrorKind::WrongType, message).for_connection(name)
    }

    /// Why there is no connection `name`, which may be whatever somebody sent to the application.
    pub(super) fn absent(&self, name: &str) -> Error {
        let error = match self.configuration().declaration(name) {
            Some(disabled) if !disabled.enabled => {
                let at = disabled.enabled_at().unwrap_or_else(|| disabled.declared_at());
                let message = format!("{} is disabled: `enabled = false` at {at}", self.describe(name));
                Error::new(ErrorKind::Disabled, message)
            }
            _ => self.not_found(name),
        };
        error.for_connection(&shortened(name))
    }

    fn not_found(&self, name: &str) -> Error {
        let message = format!("no connection is called `{}`", shortened(name).escape_debug());
        Error::new(ErrorKind::NotFound, message).help(self.what_there_is(name))
    }

    /// What to ask for instead of `name`. It names no instance of a template: whoever sent a name to the application is
    /// not told which others there are.
    fn what_there_is(&self, name: &str) -> String {
        let configuration = self.configuration();
        if configuration.find(name).is_some_and(Declared::is_template) {
            return format!("`{name}` is a template: ask for a name with a value in the place of each capture");
        }
        if let Some(near) = configuration.near_template(name) {
            return near;
        }
        let mut names = self.registry.names();
        names.retain(|name| configuration.declaration(name).is_none_or(|declared| !declared.is_template()));
        let templates =
            configuration.connections().iter().filter(|declared| declared.is_template() && declared.enabled);
        names.extend(templates.map(|template| template.name.to_string()));
        // What is far too long is not compared with all names.
        let is_short = name.len() <= LONGEST_SHOWN;
        match did_you_mean(name, names.iter().map(String::as_str).filter(|_| is_short)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "none is declared".to_owned(),
            None => format!("declared: {}", listing(&names)),
        }
    }
}

/// Loads and checks a configuration; connects nothing.
pub(crate) fn load(request: &LoadRequest, factory: &ConnectionFactory) -> Result<Declarations> {
    config::load(request, factory).map_err(|diagnostics| {
        let title = match &request.main {
            MainSource::File(path) => format!("the configuration `{}` is invalid", path.display()),
            MainSource::Text { .. } => "the configuration is invalid".to_owned(),
        };
        Error::configuration(title, diagnostics)
    })
}

/// The names that a connection refers to, as far as the configuration alone says it.
pub(super) fn targets(declared: &Declared) -> Vec<Arc<str>> {
    declared.references.iter().map(|reference| Arc::from(&*reference.target)).collect()
}

/// What the declared type's client is; `None` when the type is not linked.
pub(super) fn client_type(factory: &ConnectionFactory, declared: &Declared) -> Option<ClientType> {
    let found = factory.find(&declared.type_name)?;
    Some(ClientType { id: found.client_type_id(), name: found.client_type_name() })
}

fn listing(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED { format!("{shown} and {} more", names.len() - LISTED) } else { shown }
}

/// The beginning of a name that is too long for a message.
fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}

fn forked() -> Error {
    Error::new(ErrorKind::NoRuntime, "the manager was made before this process was forked off")
        .help("build a manager of its own after the fork")
}

fn no_runtime() -> Error {
    let message = "there is no tokio runtime to connect on";
    Error::new(ErrorKind::NoRuntime, message)
        .help("call it inside a runtime with timers, or give one to `ConnectionManagerBuilder::runtime`")
}

/// How many names a message lists at most.
const LISTED: usize = 10;

/// How many characters of a name a message shows at most: more than a configuration can declare.
const LONGEST_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::ConnectionManager;

    #[tokio::test]
    async fn a_manager_of_another_process_connects_nothing() {
        let connections = ConnectionManager::builder().build().unwrap();
        let mut shared = Arc::into_inner(connections.shared).unwrap();
        shared.process = shared.process.wrapping_add(1);
        let error = shared.runtime().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRuntime);
        assert!(error.to_string().contains("forked"), "{error}");
    }
}
