//! [`KafkaContext`]: where librdkafka's own words go.

use std::sync::Arc;

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};
use tokio::sync::watch;

use super::failure;
use crate::connectors::shared::failure::Reason;

/// What producers and consumers of a [`KafkaClient`](super::KafkaClient) tell of themselves: logs go to `tracing`, at the level
/// `DEBUG` where librdkafka itself does not call them critical.
#[derive(Clone, Debug)]
pub struct KafkaContext {
    trouble: Arc<watch::Sender<Trouble>>,
}

/// What librdkafka has complained of last.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    /// Why one broker cannot be used, and librdkafka's words.
    pub(super) cause: Option<(Reason, String)>,
    /// Whether no broker can be used.
    pub(super) is_everywhere: bool,
}

impl KafkaContext {
    pub(super) fn new() -> Self {
        Self { trouble: Arc::new(watch::Sender::new(Trouble::default())) }
    }

    /// What is complained of from now on.
    pub(super) fn troubles(&self) -> watch::Receiver<Trouble> {
        self.trouble.send_replace(Trouble::default());
        self.trouble.subscribe()
    }

    /// What was complained of last.
    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.borrow().clone()
    }
}

impl ClientContext for KafkaContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, "{message}");
            }
            _ => tracing::debug!(facility, ?level, "{message}"),
        }
    }

    fn stats_raw(&self, _statistics: &[u8]) {}

    fn error(&self, error: KafkaError, words: &str) {
        tracing::debug!(%error, "{words}");
        let code = error.rdkafka_error_code();
        self.trouble.send_modify(|trouble| match code {
            Some(RDKafkaErrorCode::AllBrokersDown) => trouble.is_everywhere = true,
            code => trouble.cause = Some((failure::reason(code, words), words.to_owned())),
        });
    }
}

impl ConsumerContext for KafkaContext {}
