//! [`LogCapture`]: the subscriber of `tracing` that searches everything for canaries.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{logs::is_within, output::Canaries};
use crate::BoxError;

/// Lets a [`Suite`](super::Suite) see what is logged while it runs.
///
/// A library cannot decide who gets the logs of a process, so that a test has to: it calls [`install`](Self::install), and
/// the trials of logs are no longer skipped. Everything that is logged through `tracing` in the whole process, by whomever
/// and at whatever level, is searched for the suite's canaries as long as a suite runs, and is then forgotten: let no other
/// test that runs meanwhile log the same text. What a thread logs while it has a subscriber of its own is not seen, and
/// neither is what goes to the crate `log` alone.
#[derive(Debug)]
pub struct LogCapture(());

impl LogCapture {
    /// Makes it the global subscriber of this process. Twice is harmless.
    ///
    /// ```
    /// # fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::testing::conformance::LogCapture;
    ///
    /// LogCapture::install()?;
    /// LogCapture::install()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When the process has another global subscriber.
    pub fn install() -> Result<(), BoxError> {
        match *INSTALLED.get_or_init(|| tracing::subscriber::set_global_default(Self(())).is_ok()) {
            true => Ok(()),
            false => Err("the process has another global subscriber of `tracing`".into()),
        }
    }
}

impl Subscriber for LogCapture {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        // It depends on whether a suite runs.
        tracing::subscriber::Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        RUNNING.load(Ordering::Acquire) > 0
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let metadata = attributes.metadata();
        let mut text = Text::default();
        attributes.record(&mut text);
        search(metadata, &text.0);
        SPANS.id_of(metadata)
    }

    fn record(&self, id: &span::Id, values: &span::Record<'_>) {
        let mut text = Text::default();
        values.record(&mut text);
        if let Some(metadata) = SPANS.metadata_of(id) {
            search(metadata, &text.0);
        }
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        search(event.metadata(), &text.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What a suite wants to know of the log, from when it is made until it is dropped.
pub(super) struct LogSearch(Arc<Search>);

struct Search {
    canaries: Canaries,
    found: Mutex<BTreeSet<Found>>,
    /// How many lines were seen, of the library and of others.
    seen: [AtomicUsize; 2],
}

/// A canary in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) target: String,
    level: Level,
    number: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, level, number } = self;
        write!(f, "canary {} is logged by `{target}` at {level}", number + 1)
    }
}

impl LogSearch {
    /// `None` where nobody has installed the capture.
    pub(super) fn begin(canaries: Canaries) -> Option<Self> {
        if INSTALLED.get() != Some(&true) {
            return None;
        }
        let search = Arc::new(Search { canaries, found: Default::default(), seen: Default::default() });
        SEARCHES.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&search));
        RUNNING.fetch_add(1, Ordering::Release);
        Some(Self(search))
    }

    /// What was found in the lines of the library, or of others.
    pub(super) fn found(&self, by_library: bool) -> Vec<Found> {
        let found = self.0.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().filter(|found| is_of_library(&found.target) == by_library).cloned().collect()
    }

    /// How many lines of the library, or of others, were searched.
    pub(super) fn seen(&self, by_library: bool) -> usize {
        self.0.seen[usize::from(by_library)].load(Ordering::Relaxed)
    }
}

impl Drop for LogSearch {
    fn drop(&mut self) {
        let mut searches = SEARCHES.write().unwrap_or_else(PoisonError::into_inner);
        searches.retain(|search| !Arc::ptr_eq(search, &self.0));
        RUNNING.fetch_sub(1, Ordering::Release);
    }
}

impl Search {
    fn look(&self, metadata: &Metadata<'_>, text: &str) {
        self.seen[usize::from(is_of_library(metadata.target()))].fetch_add(1, Ordering::Relaxed);
        for number in self.canaries.numbers_in(text) {
            let found = Found { target: metadata.target().to_owned(), level: *metadata.level(), number };
            self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(found);
        }
    }
}

/// The text was made before, since a value's own code may log, too.
fn search(metadata: &Metadata<'_>, text: &str) {
    let searches = SEARCHES.read().unwrap_or_else(PoisonError::into_inner);
    searches.iter().for_each(|search| search.look(metadata, text));
}

fn is_of_library(target: &str) -> bool {
    is_within(target, LIBRARY)
}

/// The fields of a line, the message among them.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text does not fail, unless the value's own code does.
        let _ = write!(self.0, "{field}={value:?} ");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{field}={value} ");
    }
}

/// Where the spans come from: what is recorded later has no target of its own.
struct Spans {
    callsites: RwLock<Vec<&'static Metadata<'static>>>,
    next: AtomicU64,
}

impl Spans {
    /// One that no other span has, with the number of its callsite in the lower half.
    fn id_of(&self, metadata: &'static Metadata<'static>) -> span::Id {
        let mut callsites = self.callsites.write().unwrap_or_else(PoisonError::into_inner);
        let known = callsites.iter().position(|known| known.callsite() == metadata.callsite());
        let at = known.unwrap_or_else(|| {
            callsites.push(metadata);
            callsites.len() - 1
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        span::Id::from_u64(number << 32 | at as u64)
    }

    fn metadata_of(&self, id: &span::Id) -> Option<&'static Metadata<'static>> {
        let callsites = self.callsites.read().unwrap_or_else(PoisonError::into_inner);
        callsites.get(usize::try_from(id.into_u64() & u64::from(u32::MAX)).ok()?).copied()
    }
}

static INSTALLED: OnceLock<bool> = OnceLock::new();

/// Of the suites that run now.
static SEARCHES: RwLock<Vec<Arc<Search>>> = RwLock::new(Vec::new());

/// How many run, so that nothing is done for none.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Ids begin at one: zero is none.
static SPANS: Spans = Spans { callsites: RwLock::new(Vec::new()), next: AtomicU64::new(1) };

const LIBRARY: &str = "connection_registry";
