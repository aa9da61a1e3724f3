//! [`Pace`]: when a client of the driver dials again, and when never more. The driver's task has no end of its own while no
//! server is there: it dials for ever, also for a client that was closed or dropped.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, ClientError, ConnectErrorKind, Event, Statistics};

/// When one client dials.
#[derive(Debug, Default)]
pub(super) struct Pace {
    is_closed: AtomicBool,
    is_refused: AtomicBool,
    /// What all clones of the client share with the driver, and how often the driver has it.
    shared: OnceLock<(Weak<Statistics>, usize)>,
}

impl Pace {
    /// Before the client dials: nothing, then twice as long each time, up to a second.
    pub(super) fn pause(&self, attempts: usize) -> Duration {
        if attempts <= 1 {
            // It was connected until now.
            self.is_refused.store(false, Ordering::Relaxed);
        }
        match attempts {
            _ if self.is_over() => NEVER,
            _ if self.is_refused.load(Ordering::Relaxed) => AFTER_A_REFUSAL,
            0 | 1 => Duration::ZERO,
            attempts => Duration::from_millis(1 << attempts.min(10)),
        }
    }

    /// What the driver tells.
    pub(super) fn note(&self, event: &Event) {
        let refusal = ConnectErrorKind::AuthorizationViolation.to_string();
        if matches!(event, Event::ClientError(ClientError::Other(said)) if *said == refusal) {
            self.is_refused.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the client was closed, or nobody has it any more.
    fn is_over(&self) -> bool {
        let is_dropped = self.shared.get().is_some_and(|(shared, drivers)| shared.strong_count() <= *drivers);
        is_dropped || self.is_closed.load(Ordering::Relaxed)
    }
}

/// The paces of the clients that one connection has made: one after the other, and while one takes the place of another, two.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<Vec<Arc<Pace>>>);

impl Paces {
    /// `pace` is that of `client`, which has just connected.
    pub(super) fn add(&self, pace: Arc<Pace>, client: &Client) {
        let shared = Arc::downgrade(&client.statistics());
        // More of them are those of the client. Fewer are possible with another release of the driver.
        let drivers = (shared.strong_count() - 1).min(OF_THE_DRIVER);
        let _ = pace.shared.set((shared, drivers));
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paces.retain(|pace| !pace.is_over());
        paces.push(pace);
    }

    /// `client` dials no more.
    pub(super) fn close(&self, client: &Client) {
        let shared = Arc::as_ptr(&client.statistics());
        let paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_its_own = |pace: &&Arc<Pace>| pace.shared.get().is_some_and(|(of_pace, _)| of_pace.as_ptr() == shared);
        if let Some(pace) = paces.iter().find(is_its_own) {
            pace.is_closed.store(true, Ordering::Relaxed);
        }
    }
}

/// The driver's connector and its connection.
const OF_THE_DRIVER: usize = 2;

/// Who is refused is refused again until somebody acts, and may be locked out for asking often.
const AFTER_A_REFUSAL: Duration = Duration::from_secs(30);

const NEVER: Duration = Duration::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Event {
        Event::ClientError(ClientError::Other(ConnectErrorKind::AuthorizationViolation.to_string()))
    }

    #[test]
    fn a_pause_grows_up_to_a_second() {
        let pace = Pace::default();
        assert_eq!([0, 1, 2, 5, 10, 99].map(|attempts| pace.pause(attempts).as_millis()), [0, 0, 4, 32, 1024, 1024]);
    }

    #[test]
    fn who_is_refused_waits_longer_until_it_was_connected_again() {
        let pace = Pace::default();
        pace.note(&Event::ClientError(ClientError::Other(ConnectErrorKind::Io.to_string())));
        assert_eq!(pace.pause(2), Duration::from_millis(4));
        pace.note(&refusal());
        assert_eq!(
            [pace.pause(3), pace.pause(1), pace.pause(2)],
            [AFTER_A_REFUSAL, Duration::ZERO, Duration::from_millis(4)]
        );
    }

    #[test]
    fn what_is_closed_or_dropped_dials_no_more() {
        let pace = Pace::default();
        pace.is_closed.store(true, Ordering::Relaxed);
        assert_eq!(pace.pause(1), NEVER);
        let (pace, of_driver) = (Pace::default(), Arc::new(Statistics::default()));
        let of_client = Arc::clone(&of_driver);
        pace.shared.set((Arc::downgrade(&of_driver), 1)).unwrap();
        assert_eq!(pace.pause(1), Duration::ZERO);
        drop(of_client);
        assert_eq!(pace.pause(1), NEVER);
    }
}
