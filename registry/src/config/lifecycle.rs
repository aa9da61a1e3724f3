//! `lifecycle`: when a connection is made, checked and closed.

use std::time::Duration;

use serde::Deserialize;

use super::{
    decode::{self, Mode},
    types::Reader,
    value::{Table, Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem},
    span::Span,
};

/// The lifecycle settings of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Lifecycle {
    pub(crate) start: Start,
    /// Whether a failure of this connection is one of the whole application.
    pub(crate) required: bool,
    /// For a client or an error, all attempts and dependencies included.
    pub(crate) connect_timeout: Duration,
    pub(crate) retry: Retry,
    /// Between two health checks, on average.
    pub(crate) check_interval: Duration,
    pub(crate) check_timeout: Duration,
    /// So many failed checks in a row make the connection degraded.
    pub(crate) check_fall: u32,
    /// So many passed checks in a row make it healthy again.
    pub(crate) check_rise: u32,
    pub(crate) replace: Replace,
    /// A client that nobody has used for so long is closed.
    pub(crate) idle_timeout: Option<Duration>,
    /// How long an old client waits for its guards; zero: not at all.
    pub(crate) drain_timeout: Duration,
    pub(crate) disconnect_timeout: Duration,
    /// So many connections of a template live at once.
    pub(crate) max_instances: u32,
}

/// When a connection is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Start {
    /// On the first get.
    #[default]
    Lazy,
    /// By `start()`.
    Eager,
}

/// How the client of a changed connection is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Replace {
    /// The new one is connected before the old one is closed.
    #[default]
    MakeFirst,
    /// The old one is closed before: for what can exist only once.
    BreakFirst,
}

/// The pauses between attempts: doubled each time, from `base` to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retry {
    pub(crate) base: Duration,
    pub(crate) max: Duration,
    /// The longest pause while nobody waits.
    pub(crate) background_max: Duration,
}

impl Start {
    /// As a configuration says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lazy => "lazy",
            Self::Eager => "eager",
        }
    }
}

impl Lifecycle {
    /// Reads a `lifecycle` table. What has a placeholder that is not resolved is checked in everything but its value.
    pub(super) fn read(value: &Value, path: &str, mode: Mode) -> Result<Self, Vec<Problem>> {
        let lifecycle = decode::decode(value, path, Reader::plain(|decoder| Self::deserialize(decoder)), mode)?
            .instance
            .unwrap_or_default();
        let problems = lifecycle.faults(value, path);
        if problems.is_empty() { Ok(lifecycle) } else { Err(problems) }
    }

    fn faults(&self, value: &Value, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |is_wrong: bool, key: &str, message: &str| {
            if is_wrong && is_known(value, key) {
                let problem = Problem::new(Code::InvalidValue, place(value, key), format!("`{key}` {message}"));
                problems.push(problem.key_path(format!("{path}.{key}")));
            }
        };
        for (key, duration) in self.positive_durations() {
            refuse(duration.is_zero(), key, "must be longer than zero");
        }
        refuse(self.check_fall == 0, "check_fall", "must be at least 1");
        refuse(self.check_rise == 0, "check_rise", "must be at least 1");
        refuse(self.max_instances == 0, "max_instances", "must be at least 1");
        for (shorter, longer) in self.wrong_order(value) {
            // At the one that is written, since the other has its default.
            if is_given(value, shorter) || !is_given(value, longer) {
                refuse(true, shorter, &format!("is longer than `{longer}`"));
            } else {
                refuse(true, longer, &format!("is shorter than `{shorter}`"));
            }
        }
        problems
    }

    /// The pairs of pauses of which the first must not be longer than the second, and is. Where only `retry.max` is
    /// given, it is the longest pause of all.
    fn wrong_order(&self, value: &Value) -> impl Iterator<Item = (&'static str, &'static str)> {
        let Retry { base, max, background_max } = self.retry;
        let pairs = [
            (base > max, ("retry.base", "retry.max")),
            (max > background_max && is_given(value, "retry.background_max"), ("retry.max", "retry.background_max")),
        ];
        let are_known = |(shorter, longer): (&str, &str)| is_known(value, shorter) && is_known(value, longer);
        pairs.into_iter().filter_map(move |(is_wrong, pair)| (is_wrong && are_known(pair)).then_some(pair))
    }

    /// Every setting with its value as it would be written.
    #[cfg(feature = "schema")]
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let Self { start, required, connect_timeout, retry, check_interval, check_timeout, .. } = self;
        let Self { check_fall, check_rise, replace, idle_timeout, drain_timeout, disconnect_timeout, .. } = self;
        let duration = |duration: &Duration| humantime::format_duration(*duration).to_string();
        vec![
            ("start", start.as_str().to_owned()),
            ("required", required.to_string()),
            ("connect_timeout", duration(connect_timeout)),
            ("retry.base", duration(&retry.base)),
            ("retry.max", duration(&retry.max)),
            ("retry.background_max", duration(&retry.background_max)),
            ("check_interval", duration(check_interval)),
            ("check_timeout", duration(check_timeout)),
            ("check_fall", check_fall.to_string()),
            ("check_rise", check_rise.to_string()),
            ("replace", if *replace == Replace::MakeFirst { "make-first" } else { "break-first" }.to_owned()),
            ("idle_timeout", idle_timeout.as_ref().map_or_else(|| "never".to_owned(), duration)),
            ("drain_timeout", duration(drain_timeout)),
            ("disconnect_timeout", duration(disconnect_timeout)),
            ("max_instances", self.max_instances.to_string()),
        ]
    }

    fn positive_durations(&self) -> [(&'static str, Duration); 8] {
        [
            ("connect_timeout", self.connect_timeout),
            ("retry.base", self.retry.base),
            ("retry.max", self.retry.max),
            ("retry.background_max", self.retry.background_max),
            ("check_interval", self.check_interval),
            ("check_timeout", self.check_timeout),
            ("idle_timeout", self.idle_timeout.unwrap_or(Duration::MAX)),
            ("disconnect_timeout", self.disconnect_timeout),
        ]
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            start: Start::Lazy,
            required: true,
            connect_timeout: Duration::from_secs(10),
            retry: Retry::default(),
            check_interval: Duration::from_secs(30),
            check_timeout: Duration::from_secs(5),
            check_fall: 3,
            check_rise: 2,
            replace: Replace::MakeFirst,
            idle_timeout: None,
            drain_timeout: Duration::from_secs(30),
            disconnect_timeout: Duration::from_secs(5),
            max_instances: 100,
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { base: Duration::from_millis(100), max: Duration::from_secs(2), background_max: Duration::from_secs(30) }
    }
}

/// The value at a dotted key of a `lifecycle` table.
#[cfg(feature = "cli")]
pub(super) fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let (found, is_given) = follow(value, key);
    is_given.then_some(found)
}

/// Where the value at a dotted key stands; the nearest table around it when it is not given.
fn place(value: &Value, key: &str) -> Span {
    follow(value, key).0.span
}

fn is_given(value: &Value, key: &str) -> bool {
    follow(value, key).1
}

/// Whether the value at a dotted key is known: no placeholder stands for it, or it is resolved. One that is not given has its default, which is known.
fn is_known(value: &Value, key: &str) -> bool {
    let (found, is_given) = follow(value, key);
    !is_given || !matches!(found.kind, ValueKind::Template(_) | ValueKind::Dummy(_))
}

/// The value at a dotted key or the nearest table around it, and whether it is the value.
fn follow<'v>(value: &'v Value, key: &str) -> (&'v Value, bool) {
    let mut at = value;
    for step in key.split('.') {
        match at.as_table().and_then(|table: &Table| table.get(step)) {
            Some(inner) => at = inner,
            None => return (at, false),
        }
    }
    (at, true)
}

/// The keys of the table, and of `retry` in it.
pub(super) const SETTINGS: &[&str] = &[
    "start",
    "required",
    "connect_timeout",
    "retry",
    "base",
    "max",
    "background_max",
    "check_interval",
    "check_timeout",
    "check_fall",
    "check_rise",
    "replace",
    "idle_timeout",
    "drain_timeout",
    "disconnect_timeout",
    "max_instances",
];
