//! Spans and log lines: what a connection type logs is said to be of its connection, and each change is one line.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};
use connection_registry_tests::{ProbeClient, manager};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Says what it does.
#[connection_type("talker")]
struct Talker {
    /// Attempts that fail before one succeeds.
    #[serde(default)]
    failures: u32,
}

impl Connection for Talker {
    type Client = u8;

    async fn connect(&self, cx: &ConnectContext) -> Result<u8, BoxError> {
        tracing::info!("dialling");
        tokio::time::sleep(Duration::from_millis(1)).await;
        tracing::info!("dialled");
        if self.failures > 0 && !cx.name().ends_with("ok") {
            return Err("the line\nis dead".into());
        }
        Ok(1)
    }

    async fn disconnect(&self, _: &u8) -> Result<(), BoxError> {
        tracing::info!("hanging up");
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_type_logs_is_within_a_span_of_its_connection() {
    let log = Collector::default();
    let seen = log.clone();
    let _guard = tracing::subscriber::set_default(log);
    let outer = tracing::info_span!("request").entered();
    let connections = manager("connections.a = { type = 'talker' }");
    drop(outer);
    connections.get::<u8>("a").await.unwrap();
    connections.disconnect("a").await.unwrap();
    connections.get::<u8>("a").await.unwrap();
    let spans = seen.spans();
    let spans: Vec<_> = spans.iter().filter(|span| span.name != "request").collect();
    let told: Vec<_> = spans.iter().map(|span| format!("{} {} {}", span.level, span.name, span.fields)).collect();
    let expected = [
        "INFO connect connection=a connection_type=talker generation=1 attempt=1 ",
        "INFO disconnect connection=a connection_type=talker generation=1 ",
        "INFO connect connection=a connection_type=talker generation=2 attempt=1 ",
    ];
    assert_eq!(told, expected);
    assert!(spans.iter().all(|span| span.parent.is_none()), "an attempt serves all its callers");
    for (text, name) in [("dialling", "connect"), ("dialled", "connect"), ("hanging up", "disconnect")] {
        let lines = seen.lines_with(text);
        assert_eq!(lines.first().and_then(|line| line.span.as_deref()), Some(name), "{text}");
    }
    let attempts: Vec<_> = seen.lines_with("dialled").iter().map(|line| line.span_id).collect();
    assert!(attempts.len() == 2 && attempts[0] != attempts[1], "each attempt has a span of its own");
}

#[tokio::test(start_paused = true)]
async fn each_change_is_one_line_at_the_level_that_an_operator_expects() {
    let log = Collector::default();
    let seen = log.clone();
    let _guard = tracing::subscriber::set_default(log);
    let connections = manager(
        "connections.ok = { type = 'talker' }\n\
         [connections.bad]\ntype = 'talker'\nfailures = 9\nlifecycle.connect_timeout = '150ms'",
    );
    connections.get::<u8>("ok").await.unwrap();
    connections.disconnect("ok").await.unwrap();
    connections.get::<u8>("bad").await.unwrap_err();
    connections.get::<u8>("bad").await.unwrap_err();
    let ours = |line: &&Line| line.fields.contains("state=");
    let lines = seen.lines();
    let of = |name: &str| -> Vec<String> {
        let own = lines.iter().filter(ours).filter(|line| line.fields.contains(&format!("connection={name} ")));
        own.map(|line| format!("{} {}", line.level, line.message)).collect()
    };
    assert_eq!(of("ok"), ["DEBUG connecting", "INFO connected", "DEBUG draining", "INFO closed"]);
    assert_eq!(of("bad"), ["DEBUG connecting", "WARN failed"]);
    let connected = lines.iter().find(|line| line.message == "connected").unwrap();
    assert_eq!(
        connected.fields,
        "message=connected connection=ok connection_type=talker generation=1 from=connecting state=connected "
    );
    let failed = lines.iter().find(|line| line.message == "failed").unwrap();
    assert!(failed.fields.contains("cause=connection `bad` (type `talker`, <text>:2:14)"), "{}", failed.fields);
    assert!(failed.fields.contains("the line; is dead"), "a cause is one line: {}", failed.fields);
    let again = seen.lines_with("trying again");
    assert!(!again.is_empty() && again.iter().all(|line| line.level == Level::DEBUG));
    assert!(again[0].fields.starts_with("message=trying again connection=bad attempt=1 cause="), "{}", again[0].fields);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_of_logs_may_ask_the_manager() {
    let connections = manager("connections.a = { type = 'probe', record = 'asked by a log' }");
    let log = Collector::default();
    let asked = connections.clone();
    *log.on_event.lock().unwrap() = Some(Arc::new(move || drop((asked.status(), asked.try_get::<ProbeClient>("a")))));
    let seen = log.clone();
    let _guard = tracing::subscriber::set_default(log);
    connections.get::<ProbeClient>("a").await.unwrap();
    connections.insert("a", 5_u8).unwrap();
    connections.registry().remove("a");
    assert!(seen.lines().len() >= 4, "no lock was held while it asked");
}

/// Keeps every span and every event at every level. For tests on one thread.
#[derive(Clone, Default)]
pub(crate) struct Collector {
    seen: Arc<Mutex<Seen>>,
    /// Called at each event.
    on_event: Arc<Mutex<Option<Asks>>>,
}

type Asks = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Seen {
    spans: Vec<Opened>,
    lines: Vec<Line>,
    entered: Vec<u64>,
}

#[derive(Clone)]
pub(crate) struct Opened {
    name: &'static str,
    level: Level,
    fields: String,
    parent: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct Line {
    level: Level,
    message: String,
    fields: String,
    /// The name of the span that it is in, and its number.
    span: Option<String>,
    span_id: Option<u64>,
}

impl Collector {
    fn spans(&self) -> Vec<Opened> {
        self.lock().spans.clone()
    }

    fn lines(&self) -> Vec<Line> {
        self.lock().lines.clone()
    }

    fn lines_with(&self, message: &str) -> Vec<Line> {
        self.lines().into_iter().filter(|line| line.message == message).collect()
    }

    /// Everything as text.
    pub(crate) fn texts(&self) -> Vec<String> {
        let seen = self.lock();
        let spans = seen.spans.iter().map(|span| format!("{} {}", span.name, span.fields));
        spans.chain(seen.lines.iter().map(|line| line.fields.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut text = Text::default();
        attributes.record(&mut text);
        let mut seen = self.lock();
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.into_u64()),
            None => seen.entered.last().copied().filter(|_| attributes.is_contextual()),
        };
        let metadata = attributes.metadata();
        seen.spans.push(Opened { name: metadata.name(), level: *metadata.level(), fields: text.fields, parent });
        span::Id::from_u64(seen.spans.len() as u64)
    }

    fn record(&self, id: &span::Id, values: &span::Record<'_>) {
        let mut text = Text::default();
        values.record(&mut text);
        self.lock().spans[id.into_u64() as usize - 1].fields += &text.fields;
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut seen = self.lock();
        let span_id = seen.entered.last().copied();
        let span = span_id.map(|id| seen.spans[id as usize - 1].name.to_owned());
        let level = *event.metadata().level();
        seen.lines.push(Line { level, message: text.message, fields: text.fields, span, span_id });
        drop(seen);
        let on_event = self.on_event.lock().unwrap().clone();
        on_event.into_iter().for_each(|ask| ask());
    }

    fn enter(&self, id: &span::Id) {
        self.lock().entered.push(id.into_u64());
    }

    fn exit(&self, id: &span::Id) {
        let mut seen = self.lock();
        let at = seen.entered.iter().rposition(|entered| *entered == id.into_u64()).unwrap();
        seen.entered.remove(at);
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        self.fields += &format!("{}={value} ", field.name());
        if field.name() == "message" {
            self.message = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields += &format!("{}={value} ", field.name());
    }
}
