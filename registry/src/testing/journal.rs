//! [`Journal`]: what happened to fakes.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use super::{
    event::JournalEvent,
    script::{Operation, Step},
};

/// What happened to all fakes that share it: counts, and the last events in order.
///
/// The field `journal` of a [`Fake`](super::Fake) names its journal; without it, that is the name of the connection. A
/// journal is known in the whole process: a test uses names that no other test has. It is a handle, cheap to clone, and
/// is kept until the process ends.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::{ConnectionManager, testing::{FakeClient, Journal}};
///
/// let toml = "connections.db = { type = 'fake', connect = ['permanent', 'ok'], journal = 'journal of the example' }";
/// let connections = ConnectionManager::builder().toml(toml).build()?;
/// assert!(connections.get::<FakeClient>("db").await.is_err());
///
/// let journal = Journal::of("journal of the example");
/// assert_eq!((journal.connects(), journal.made(), journal.live()), (1, 0, 0));
/// let events: Vec<_> = journal.events().iter().map(ToString::to_string).collect();
/// assert_eq!(events, ["connecting db", "failed to connect db"]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Journal(Arc<Mutex<State>>);

impl Journal {
    /// How many events a journal keeps: the last 65 536. Counts are of all.
    pub const CAPACITY: usize = 1 << 16;

    /// The journal called `name`; an empty one, when nothing has happened under that name.
    ///
    /// ```
    /// use connection_registry::testing::Journal;
    ///
    /// assert_eq!(Journal::of("nothing happens here").connects(), 0);
    /// ```
    pub fn of(name: &str) -> Self {
        let mut journals = JOURNALS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(journal) = journals.get(name) {
            return journal.clone();
        }
        journals.entry(name.to_owned()).or_insert_with(|| Self(Arc::default())).clone()
    }

    /// How many connects were begun.
    pub fn connects(&self) -> usize {
        self.lock().connects
    }

    /// How many checks were begun.
    pub fn checks(&self) -> usize {
        self.lock().checks
    }

    /// How many updates were begun.
    pub fn updates(&self) -> usize {
        self.lock().updates
    }

    /// How many goodbyes were begun.
    pub fn disconnects(&self) -> usize {
        self.lock().disconnects
    }

    /// How many clients were made.
    pub fn made(&self) -> usize {
        self.lock().made
    }

    /// How many clients were made and not dropped yet.
    pub fn live(&self) -> usize {
        self.lock().live
    }

    /// The most connects that were under way at one moment.
    pub fn overlap(&self) -> usize {
        self.lock().overlap
    }

    /// What happened, in order; the last [`CAPACITY`](Self::CAPACITY) events.
    pub fn events(&self) -> Vec<JournalEvent> {
        self.lock().events.iter().cloned().collect()
    }

    /// The next step of a script, and which one it is, from 0; success when there is none.
    ///
    /// A script is known by its text: a changed one begins at its first step, and that of another connection is another
    /// one.
    pub(super) fn next_step(&self, connection: &Arc<str>, operation: Operation, script: &[Step]) -> (Step, u64) {
        let mut state = self.lock();
        let scripts = state.places.entry((Arc::clone(connection), operation)).or_default();
        let at = scripts.iter().position(|place| *place.script == *script).unwrap_or_else(|| {
            scripts.push(Place { script: script.into(), calls: 0 });
            scripts.len() - 1
        });
        let number = scripts[at].calls;
        scripts[at].calls += 1;
        let step = usize::try_from(number).ok().and_then(|at| script.get(at)).or(script.last());
        (step.copied().unwrap_or(Step::Ok), number)
    }

    pub(super) fn connecting(&self, connection: &Arc<str>) {
        let mut state = self.lock();
        state.connects += 1;
        state.connecting += 1;
        state.overlap = state.overlap.max(state.connecting);
        state.note(JournalEvent::Connecting { connection: Arc::clone(connection) });
    }

    /// Counts a new client of a connection; gives its number.
    pub(super) fn connected(&self, connection: &Arc<str>) -> usize {
        let mut state = self.lock();
        state.connecting -= 1;
        state.made += 1;
        state.live += 1;
        let number = state.numbers.entry(Arc::clone(connection)).or_default();
        *number += 1;
        let number = *number;
        state.note(JournalEvent::Connected { connection: Arc::clone(connection), number });
        number
    }

    pub(super) fn not_connected(&self, connection: &Arc<str>) {
        let mut state = self.lock();
        state.connecting -= 1;
        state.note(JournalEvent::ConnectFailed { connection: Arc::clone(connection) });
    }

    pub(super) fn checking(&self) {
        self.lock().checks += 1;
    }

    pub(super) fn updating(&self) {
        self.lock().updates += 1;
    }

    pub(super) fn disconnecting(&self, connection: &Arc<str>, number: usize) {
        let mut state = self.lock();
        state.disconnects += 1;
        state.note(JournalEvent::Disconnecting { connection: Arc::clone(connection), number });
    }

    pub(super) fn dropped(&self, connection: &Arc<str>, number: usize) {
        let mut state = self.lock();
        state.live -= 1;
        state.note(JournalEvent::Dropped { connection: Arc::clone(connection), number });
    }

    pub(super) fn note(&self, event: JournalEvent) {
        self.lock().note(event);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<_> = self.events().iter().map(ToString::to_string).collect();
        f.debug_struct("Journal").field("live", &self.live()).field("events", &events).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    connects: usize,
    checks: usize,
    updates: usize,
    disconnects: usize,
    made: usize,
    live: usize,
    connecting: usize,
    overlap: usize,
    events: VecDeque<JournalEvent>,
    /// How many clients each connection has made.
    numbers: HashMap<Arc<str>, usize>,
    /// How far each script of each method of a connection is.
    places: HashMap<(Arc<str>, Operation), Vec<Place>>,
}

/// A script, and how many of its calls there were.
struct Place {
    script: Box<[Step]>,
    calls: u64,
}

impl State {
    fn note(&mut self, event: JournalEvent) {
        if self.events.len() == Journal::CAPACITY {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

static JOURNALS: LazyLock<Mutex<HashMap<String, Journal>>> = LazyLock::new(Mutex::default);
