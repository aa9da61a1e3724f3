//! [`FakeClient`]: what fakes give.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::journal::Journal;
use crate::Secret;

/// The client of a [`Fake`](super::Fake) and of a [`FakePool`](super::FakePool).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::{ConnectionManager, testing::FakeClient};
///
/// let toml = "connections.db = { type = 'fake', journal = 'client of the example' }";
/// let connections = ConnectionManager::builder().toml(toml).build()?;
/// let client = connections.get::<FakeClient>("db").await?;
/// assert_eq!((client.name(), client.number()), ("db", 1));
/// assert_eq!(client.journal().live(), 1);
/// # Ok(()) }
/// ```
pub struct FakeClient {
    name: Arc<str>,
    number: usize,
    journal: Journal,
    password: Mutex<Secret>,
}

impl FakeClient {
    pub(super) fn new(name: Arc<str>, number: usize, journal: Journal, password: Secret) -> Self {
        Self { name, number, journal, password: Mutex::new(password) }
    }

    /// The name of its connection.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which client of its connection it is in its journal, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The journal of its connection.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The password that it was made with, or that an update in place has given it since.
    pub fn password(&self) -> Secret {
        self.password.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn set_password(&self, password: Secret) {
        *self.password.lock().unwrap_or_else(PoisonError::into_inner) = password;
    }
}

impl Drop for FakeClient {
    fn drop(&mut self) {
        self.journal.dropped(&self.name, self.number);
    }
}

impl fmt::Debug for FakeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, number, journal: _, password: _ } = self;
        f.debug_struct("FakeClient").field("name", name).field("number", number).finish_non_exhaustive()
    }
}
