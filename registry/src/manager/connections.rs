//! [`ConnectionManager`].

use std::{fmt, path::Path, sync::Arc};

use super::{
    builder::ConnectionManagerBuilder, events::Events, get::ready_or, handle::Handle, shared::Shared, wait::Wait,
};
use crate::{
    connection::BoxFuture,
    error::Result,
    factory::ConnectionFactory,
    registry::{ClientType, Conn, ConnectionRegistry, HandleCache},
};

/// What an application holds: gives connected clients by name. Cheap to clone; all clones are one manager.
///
/// Nothing connects before the first [`get`](Self::get) of its name, or before [`start`](Self::start) for what is eager.
/// Connecting happens in a task of its own on the manager's runtime: the one in which it was built, or else the first in
/// which it was asked. [The guide](crate::guide::lifecycle) tells what happens to a connection from then on.
///
/// When the last clone and the last [`Handle`] are dropped, each client is dropped with its last guard, and no goodbye is
/// said: a drop cannot wait. Call [`shutdown`](Self::shutdown) first. An attempt under way goes on until it
/// ends; its client is dropped then.
///
/// ```no_run
/// # async fn run() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::ConnectionManager;
///
/// struct Mailer;
///
/// let connections = ConnectionManager::from_file("connections.toml")?; // everything checked, nothing connected
/// let mailer = connections.get::<Mailer>("mail").await?; // connects once, then cached
/// connections.disconnect_all().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ConnectionManager {
    pub(super) shared: Arc<Shared>,
}

impl ConnectionManager {
    /// Loads and checks the configuration file `path`, with all types that are linked into the program.
    /// Connects nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) with every problem of all files, or
    /// [`ErrorKind::DuplicateType`](crate::ErrorKind::DuplicateType).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().file(path.as_ref()).build()
    }

    /// Begins to build a manager with more choices: profile, types, environment, runtime.
    pub fn builder() -> ConnectionManagerBuilder {
        ConnectionManagerBuilder::default()
    }

    pub(super) fn new(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let observer = Arc::downgrade(&shared);
        shared.registry.observe(move |entry| {
            if let Some(shared) = observer.upgrade() {
                shared.tell_of(entry);
            }
        });
        Self { shared }
    }

    /// A guard of the connected client of `name`; connects first where needed.
    ///
    /// Any number of callers who ask at once make one attempt, and all get its result. It takes up to
    /// `lifecycle.connect_timeout` (10 s unless told), in which what fails is tried again. A failure is then remembered for
    /// a short while (`lifecycle.retry`) and given at once to whoever asks meanwhile; who asks after that causes one try.
    /// What the type calls permanent stays until a reload, a [`disconnect`](Self::disconnect), or until a placeholder of the
    /// connection stands for something else.
    ///
    /// The client of a [degraded](crate::ConnectionState::Degraded) connection is given, too.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::{ConnectionManager, ErrorKind};
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// assert_eq!(*connections.get::<String>("greeting").await?, "hello");
    /// assert_eq!(connections.get::<u8>("greeting").await.unwrap_err().kind(), ErrorKind::WrongType);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// `NotFound`, `Disabled` or `WrongType` at once; `Configuration` when a placeholder of this connection
    /// cannot be resolved; `ConnectFailed`, `ConnectTimeout` or `ConnectPanicked` when it does not come up within
    /// its `lifecycle.connect_timeout`; `TooManyInstances` when its template has as many as it may have, all in use;
    /// `Disconnected` when it was closed meanwhile; `ShutDown` while all are closed, and for good after a
    /// [`shutdown`](Self::shutdown); `NoRuntime`. See [`ErrorKind`](crate::ErrorKind).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: an attempt goes on without the caller, for the others and for the next.
    #[inline]
    pub fn get<'a, T: Send + Sync + 'static>(
        &'a self,
        name: &'a str,
    ) -> impl Future<Output = Result<Conn<T>>> + Send + 'a {
        ready_or(|| self.shared.registry.ready(name), || self.get_when_connected(name))
    }

    /// A guard of the client of `name` when it is connected now. Never waits and never connects.
    ///
    /// ```
    /// # fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// assert_eq!(*connections.try_get::<String>("greeting")?, "hello");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// `NotConnected`, or `NotFound`, `Disabled`, `WrongType`, `ShutDown` as for [`get`](Self::get).
    pub fn try_get<T: Send + Sync + 'static>(&self, name: &str) -> Result<Conn<T>> {
        if let Some(conn) = self.shared.registry.ready(name) {
            return Ok(conn);
        }
        match self.shared.known_entry(name, Some(ClientType::of::<T>()))? {
            Some(entry) => entry.guard().unwrap_or_else(|| Err(self.shared.not_given_out(&entry))),
            None => Err(self.shared.not_connected(name)),
        }
    }

    /// A handle: `name` and type are checked once, and asking it again and again costs no look-up. For loops. Connects
    /// nothing; [`Handle`] has an example.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Disabled` or `WrongType`, as for [`get`](Self::get).
    pub fn handle<T: Send + Sync + 'static>(&self, name: &str) -> Result<Handle<T>> {
        self.shared.known_entry(name, Some(ClientType::of::<T>()))?;
        Ok(Handle::new(self.clone(), name.into()))
    }

    /// Whether [`get`](Self::get) can be asked for `name`: it is declared and enabled, it fits the name of an enabled
    /// template, or it was inserted.
    pub fn has(&self, name: &str) -> bool {
        self.shared.has(name)
    }

    /// The names of all connections, disabled ones included, sorted. Of those that templates make, the ones that were
    /// asked for and are not forgotten; a template itself is none.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.shared.registry.names();
        let configuration = self.shared.configuration();
        let disabled =
            configuration.connections().iter().filter(|declared| !declared.enabled && !declared.is_template());
        names.extend(disabled.map(|declared| declared.name.to_string()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Puts a ready-made client under `name`, in place of whatever is there: for test doubles, and for clients
    /// that the application makes itself. An earlier client is dropped with its last guard and told no goodbye:
    /// [`disconnect`](Self::disconnect) first where it needs one. The new one is neither checked nor replaced by a
    /// reload.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// /// What the application asks for.
    /// struct Clock(fn() -> u64);
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("clock", Clock(|| 42))?;
    /// assert_eq!((connections.get::<Clock>("clock").await?.0)(), 42);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`](crate::ErrorKind::InvalidName), as
    /// [`ConnectionRegistry::insert`](crate::ConnectionRegistry::insert); [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown)
    /// while all are closed and after a shutdown.
    pub fn insert<T: Send + Sync + 'static>(&self, name: &str, client: T) -> Result<()> {
        self.shared.registry.insert(name, client)
    }

    /// The catalogue of types that this manager makes connections from.
    pub fn factory(&self) -> &ConnectionFactory {
        &self.shared.factory
    }

    /// The instances.
    pub fn registry(&self) -> &ConnectionRegistry {
        &self.shared.registry
    }

    /// What happens to the connections from now on: each change of a state or a client. Any number may subscribe; who is
    /// slow holds nobody up and [is told](Events::missed) how many events were missed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::{ConnectionManager, ConnectionState};
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// let mut events = connections.subscribe();
    /// connections.disconnect("greeting").await?;
    /// let event = events.next().await.ok_or("the manager is there")?;
    /// assert_eq!((event.connection.as_str(), event.state), ("greeting", ConnectionState::Draining));
    /// # Ok(()) }
    /// ```
    pub fn subscribe(&self) -> Events {
        self.shared.teller.subscribe()
    }

    /// Closes `name`: an attempt under way is aborted, a connected client is told goodbye and dropped with its
    /// last guard. Does not wait for guards. Nothing connects anew before the next [`get`](Self::get), also of what is eager;
    /// that one does so at once, also after a failure. Nothing to do is no error.
    ///
    /// # Errors
    ///
    /// `NotFound` or `Disabled`; `DisconnectFailed` when the type's `disconnect` fails, panics, or does not end
    /// within `lifecycle.disconnect_timeout` (5 s unless told). The client is let go of all the same.
    ///
    /// # Cancel safety
    ///
    /// The goodbye goes on without the caller.
    pub async fn disconnect(&self, name: &str) -> Result<()> {
        match self.shared.known_entry(name, None)? {
            Some(entry) => self.shared.disconnect(&entry).await,
            None => Ok(()),
        }
    }

    /// Closes every connection, as [`disconnect`](Self::disconnect) does: those that refer to others first, and
    /// those of one rank at the same time. One that fails does not stop the others. Meanwhile nothing is given out:
    /// callers get [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown). Afterwards the next [`get`](Self::get) connects
    /// anew, and what failed before is tried at once. [`shutdown`](Self::shutdown) closes for good, waits for guards, and
    /// keeps a deadline: prefer it at the end of a program.
    ///
    /// # Errors
    ///
    /// `DisconnectFailed`, with the error of each one that failed in [`Error::errors`](crate::Error::errors).
    ///
    /// # Cancel safety
    ///
    /// Once begun, it goes on without its caller, to the last rank.
    pub async fn disconnect_all(&self) -> Result<()> {
        self.shared.disconnect_all().await
    }

    // The rare way of `get`, boxed: callers carry a pointer instead of its state.
    fn get_when_connected<'a, T: Send + Sync + 'static>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Conn<T>>> {
        Box::pin(async move {
            let mut wait = Wait::begin(&self.shared);
            loop {
                let entry = self.shared.connected_within(&mut wait, name, Some(ClientType::of::<T>())).await?;
                // It may have been closed between the two: then it is made anew.
                if let Some(guard) = entry.guard() {
                    return guard;
                }
            }
        })
    }

    /// As [`get_when_connected`](Self::get_when_connected), for a handle, which takes a lease of its own.
    pub(super) fn lease_when_connected<'a, T: Send + Sync + 'static>(
        &'a self,
        name: &'a str,
        cache: &'a HandleCache<T>,
    ) -> BoxFuture<'a, Result<Conn<T>>> {
        Box::pin(async move {
            let mut wait = Wait::begin(&self.shared);
            loop {
                let entry = self.shared.connected_within(&mut wait, name, Some(ClientType::of::<T>())).await?;
                if let Some(conn) = cache.refresh(&entry) {
                    return Ok(conn);
                }
                if let Some(Err(wrong_type)) = entry.guard::<T>() {
                    return Err(wrong_type);
                }
            }
        })
    }
}

impl fmt::Debug for ConnectionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionManager").field("names", &self.names()).finish_non_exhaustive()
    }
}
