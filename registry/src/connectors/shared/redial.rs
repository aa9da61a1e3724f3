//! A session that all share, and that is dialled again once it has ended.

use std::{error::Error as StdError, fmt, future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

use crate::{BoxError, ConnectError};

/// The session under way, whichever it is at the moment.
pub(in crate::connectors) struct Redial<S> {
    state: Mutex<State<S>>,
    /// Set once, without waiting for anybody who dials.
    closed: watch::Sender<bool>,
}

struct State<S> {
    session: Option<Arc<S>>,
    /// The last attempt to have one, when that failed.
    failure: Option<Remembered>,
}

#[derive(Clone)]
struct Remembered {
    cause: Arc<dyn StdError + Send + Sync>,
    is_permanent: bool,
    until: Instant,
}

impl<S> Redial<S> {
    pub(in crate::connectors) fn new(session: S) -> Self {
        let state = State { session: Some(Arc::new(session)), failure: None };
        Self { state: Mutex::new(state), closed: watch::Sender::new(false) }
    }

    pub(in crate::connectors) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// The session, or what `dial` gives when that is not usable any more; once for all who ask.
    ///
    /// # Errors
    ///
    /// Those of `dial`, for a while without dialling: so that those who wait do not dial one after the other, and a user is not
    /// locked out. None when it was closed, also while it dials.
    pub(in crate::connectors) async fn session(
        &self,
        is_usable: impl Fn(&S) -> bool,
        dial: impl Future<Output = Result<S, BoxError>>,
    ) -> Option<Result<Arc<S>, BoxError>> {
        tokio::select! {
            biased;
            () = self.until_closed() => None,
            session = self.usable_or_dialled(is_usable, dial) => Some(session),
        }
    }

    /// No more of them, also for those who dial at the moment.
    pub(in crate::connectors) fn shut(&self) {
        self.closed.send_replace(true);
    }

    /// No more of them. Gives the last one.
    pub(in crate::connectors) async fn close(&self) -> Option<Arc<S>> {
        self.shut();
        self.state.lock().await.session.take()
    }

    async fn until_closed(&self) {
        // It does not fail: the sender is here.
        let _ = self.closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }

    async fn usable_or_dialled(
        &self,
        is_usable: impl Fn(&S) -> bool,
        dial: impl Future<Output = Result<S, BoxError>>,
    ) -> Result<Arc<S>, BoxError> {
        let mut state = self.state.lock().await;
        if let Some(session) = state.session.as_ref().filter(|session| is_usable(session)) {
            return Ok(Arc::clone(session));
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| Instant::now() < failure.until) {
            return Err(failure.error());
        }
        state.session = None;
        // Whoever closes it waits for the lock before the session is taken: none comes after that.
        match dial.await {
            Ok(session) => {
                state.failure = None;
                Ok(Arc::clone(state.session.insert(Arc::new(session))))
            }
            Err(error) => Err(state.failure.insert(Remembered::new(error)).error()),
        }
    }
}

impl Remembered {
    fn new(error: BoxError) -> Self {
        let is_permanent = error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent);
        let until = Instant::now() + if is_permanent { LONG_PAUSE } else { PAUSE };
        Self { cause: Arc::from(error), is_permanent, until }
    }

    fn error(&self) -> BoxError {
        let cause = Shared(Arc::clone(&self.cause));
        if self.is_permanent { ConnectError::permanent(cause) } else { ConnectError::transient(cause) }.into()
    }
}

/// The failure of an attempt for which many waited.
#[derive(Debug)]
struct Shared(Arc<dyn StdError + Send + Sync>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// After an attempt that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// After one that fails again until somebody changes something.
const LONG_PAUSE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicU32, Ordering},
    };

    use tokio::time::{advance, timeout};

    use super::*;
    use crate::connectors::shared::failure::settings;

    /// Dials once more unless it is too early for that.
    async fn dial(redial: &Redial<u32>, dialled: &AtomicU32, error: BoxError) -> BoxError {
        let failing = async {
            dialled.fetch_add(1, Ordering::Relaxed);
            Err(error)
        };
        redial.session(|_| false, failing).await.expect("it is open").expect_err("nobody is there")
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_repeated_for_half_a_minute_and_another_failure_for_half_a_second() {
        for (error, seconds) in [(settings as fn(&'static str) -> BoxError, 30.0), (BoxError::from, 0.5)] {
            let (redial, dialled) = (Redial::new(0), AtomicU32::new(0));
            for part in [0.0, 0.9, 0.2] {
                advance(Duration::from_secs_f64(seconds * part)).await;
                let error = dial(&redial, &dialled, error("no")).await;
                let permanent = error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent);
                assert_eq!((error.to_string().as_str(), permanent), ("no", seconds > 1.0));
                assert_eq!(dialled.load(Ordering::Relaxed), if part == 0.2 { 2 } else { 1 });
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn closing_does_not_wait_for_who_dials_and_nothing_comes_after_it() {
        let redial = Redial::new(0);
        let dialling = redial.session(|_| false, pending());
        let (none, last) = tokio::join!(dialling, async {
            timeout(Duration::from_secs(1), redial.close()).await.expect("it does not wait")
        });
        assert!(none.is_none() && last.is_none());
        assert!(redial.session(|_| true, ready(Ok(1))).await.is_none());
    }

    #[tokio::test]
    async fn what_was_shut_gives_no_session_even_if_there_is_one() {
        let redial = Redial::new(7);
        assert_eq!(*redial.session(|_| true, pending()).await.expect("it is open").expect("it is there"), 7);
        redial.shut();
        assert!(redial.is_closed() && redial.session(|_| true, pending()).await.is_none());
    }
}
