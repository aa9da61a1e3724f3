//! How long a type waits by itself, so that its own error arrives before a timeout cuts it off.

use std::{future::Future, time::Duration};

use tokio::time::timeout;

use super::failure::Reason;
use crate::{BoxError, ConnectContext, Validation};

/// Waits for `answer` of `endpoint` until shortly before the attempt is given up.
pub(in crate::connectors) async fn until_deadline<T>(
    cx: &ConnectContext,
    endpoint: &str,
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    within(before_deadline(cx), endpoint, answer).await
}

/// Waits for `answer` of `endpoint` for as long as `patience`.
pub(in crate::connectors) async fn within<T>(
    patience: Duration,
    endpoint: &str,
    answer: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    timeout(patience, answer).await.unwrap_or_else(|_| Err(Reason::Silent(patience).at(endpoint, None)))
}

/// The time that is left, less what it takes to tell the error.
pub(in crate::connectors) fn before_deadline(cx: &ConnectContext) -> Duration {
    let left = cx.remaining();
    left - (left / 8).min(Duration::from_millis(250))
}

/// Reports each of `durations` that is zero: nothing can be done in no time. One is its key and its value.
pub(in crate::connectors) fn not_zero(validation: &mut Validation, durations: &[(&'static str, Duration)]) {
    for (key, _) in durations.iter().filter(|(_, duration)| duration.is_zero()) {
        validation.invalid(&[key], "must be longer than zero");
    }
}

/// How long a health check waits: less than the default `lifecycle.check_timeout` of five seconds.
pub(in crate::connectors) const CHECK: Duration = Duration::from_secs(4);
