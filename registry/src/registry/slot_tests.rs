//! The state machine of a slot, step by step.

use std::time::Duration;

use super::{
    backoff::Backoff,
    health::HealthChange,
    slot::{Ask, Closed, Failure, Finished, LetGo, Slot},
    state::ConnectionState,
};

type TestSlot = Slot<u32, &'static str, char>;

const BACKOFF: Backoff =
    Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };
const NOW: Duration = Duration::from_secs(1);

fn failure(failure: &'static str) -> Result<u32, Failure<&'static str>> {
    Err(Failure { failure, permanent: false })
}

#[test]
fn the_first_caller_starts_and_the_others_wait() {
    let mut slot = TestSlot::new();
    assert_eq!(slot.ask(NOW), Ask::Start);
    slot.begin('w');
    assert_eq!(slot.ask(NOW), Ask::Wait(&'w'));
}

#[test]
fn a_connected_client_is_handed_out() {
    let mut slot = TestSlot::new();
    let id = slot.begin('w');
    assert_eq!(slot.finish(id, NOW, Ok(7), &BACKOFF, 1.0), Finished::Current);
    assert_eq!(slot.ask(NOW), Ask::Ready(&7));
}

#[test]
fn a_discarded_client_is_gone_and_the_next_caller_connects() {
    let mut slot = TestSlot::new();
    assert_eq!(slot.insert(1).client, None);
    assert_eq!(slot.discard(), Some(1));
    assert_eq!((slot.ask(NOW), slot.state()), (Ask::Start, ConnectionState::Closed));
    assert_eq!(slot.discard(), None);
}

#[test]
fn callers_wait_for_the_attempt_that_was_to_replace_a_discarded_client() {
    let mut slot = TestSlot::new();
    assert_eq!(slot.insert(1).client, None);
    let (id, _) = slot.begin_beside('b').expect("there is a client");
    assert_eq!(slot.discard(), Some(1));
    assert_eq!(slot.ask(NOW), Ask::Wait(&'b'));
    assert_eq!(slot.finish(id, NOW, Ok(2), &BACKOFF, 1.0), Finished::Current);
    assert_eq!(slot.ask(NOW), Ask::Ready(&2));
}

#[test]
fn a_failure_is_remembered_for_its_pause_and_the_pause_doubles() {
    let mut slot = TestSlot::new();
    let id = slot.begin('w');
    slot.finish(id, NOW, failure("refused"), &BACKOFF, 1.0);
    let early = NOW + Duration::from_millis(99);
    assert_eq!(slot.ask(early), Ask::Refused { failure: &"refused", retry_in: Duration::from_millis(1) });
    let later = NOW + Duration::from_millis(100);
    assert_eq!(slot.ask(later), Ask::Start);
    let id = slot.begin('w');
    slot.finish(id, later, failure("refused"), &BACKOFF, 1.0);
    assert!(matches!(slot.ask(later + Duration::from_millis(199)), Ask::Refused { .. }));
    assert_eq!(slot.failures(), 2);
}

#[test]
fn a_late_result_never_replaces_a_newer_one() {
    let mut slot = TestSlot::new();
    let old = slot.begin('a');
    assert_eq!(slot.close('c'), Closed::Attempt('a'));
    let new = slot.begin('b');
    assert_eq!(slot.finish(old, NOW, Ok(1), &BACKOFF, 1.0), Finished::Outdated(Some(1)));
    assert_eq!(slot.finish(new, NOW, Ok(2), &BACKOFF, 1.0), Finished::Current);
    assert_eq!(slot.ask(NOW), Ask::Ready(&2));
}

#[test]
fn callers_wait_for_a_goodbye_and_then_connect_anew() {
    let mut slot = TestSlot::new();
    let id = slot.begin('a');
    slot.finish(id, NOW, Ok(1), &BACKOFF, 1.0);
    let Closed::Client { client: 1, id: goodbye, outdated: None } = slot.close('c') else {
        panic!("there is a client to close")
    };
    assert_eq!(slot.ask(NOW), Ask::Wait(&'c'));
    assert_eq!(slot.close('d'), Closed::Closing('c'));
    slot.closed(goodbye);
    assert_eq!(slot.ask(NOW), Ask::Start);
}

#[test]
fn an_inserted_client_outdates_the_attempt_under_way() {
    let mut slot = TestSlot::new();
    let id = slot.begin('a');
    assert_eq!(slot.insert(9), LetGo { client: None, outdated: Some('a') });
    assert_eq!(slot.finish(id, NOW, Ok(1), &BACKOFF, 1.0), Finished::Outdated(Some(1)));
    assert_eq!(slot.ask(NOW), Ask::Ready(&9));
}

#[test]
fn closing_forgets_a_failure() {
    let mut slot = TestSlot::new();
    let id = slot.begin('a');
    slot.finish(id, NOW, failure("refused"), &BACKOFF, 1.0);
    assert_eq!(slot.close('c'), Closed::Nothing);
    assert_eq!(slot.ask(NOW), Ask::Start);
}

#[test]
fn an_attempt_that_came_to_nothing_is_forgotten() {
    let mut slot = TestSlot::new();
    let id = slot.begin('a');
    assert_eq!(slot.forget(id), Finished::Current);
    assert_eq!(slot.ask(NOW), Ask::Start);
}

fn connected() -> TestSlot {
    let mut slot = TestSlot::new();
    assert_eq!(slot.insert(1).client, None);
    slot
}

#[test]
fn a_client_stays_while_the_next_one_is_made_and_is_given_back_when_it_is_there() {
    let mut slot = connected();
    let (id, None) = slot.begin_beside('a').expect("there is a client") else { panic!("nothing was outdated") };
    assert_eq!(slot.ask(NOW), Ask::Ready(&1));
    assert_eq!(slot.replacing(), Some(&'a'));
    assert_eq!(slot.finish(id, NOW, Ok(2), &BACKOFF, 1.0), Finished::Replaced(1));
    assert_eq!(slot.ask(NOW), Ask::Ready(&2));
    assert_eq!(slot.generation(), 2);
}

#[test]
fn a_client_stays_when_the_next_one_cannot_be_made() {
    let mut slot = connected();
    let (id, _) = slot.begin_beside('a').expect("there is a client");
    assert_eq!(slot.finish(id, NOW, failure("refused"), &BACKOFF, 1.0), Finished::Kept);
    assert_eq!(slot.ask(NOW), Ask::Ready(&1));
    assert_eq!(slot.failure(), Some(&"refused"));
    assert_eq!(slot.replacing(), None);
}

#[test]
fn of_two_attempts_to_replace_only_the_later_one_counts() {
    let mut slot = connected();
    let (old, _) = slot.begin_beside('a').expect("there is a client");
    let (new, outdated) = slot.begin_beside('b').expect("there is a client");
    assert_eq!(outdated, Some('a'));
    assert_eq!(slot.finish(old, NOW, Ok(2), &BACKOFF, 1.0), Finished::Outdated(Some(2)));
    assert_eq!(slot.finish(new, NOW, Ok(3), &BACKOFF, 1.0), Finished::Replaced(1));
}

#[test]
fn renewing_outdates_attempts_and_failures_and_keeps_the_client() {
    let mut slot = TestSlot::new();
    let id = slot.begin('a');
    assert_eq!(slot.renew(), Some('a'));
    assert_eq!(slot.finish(id, NOW, Ok(1), &BACKOFF, 1.0), Finished::Outdated(Some(1)));
    let id = slot.begin('b');
    slot.finish(id, NOW, failure("refused"), &BACKOFF, 1.0);
    assert_eq!(slot.renew(), None);
    assert_eq!(slot.ask(NOW), Ask::Start);
    let mut slot = connected();
    slot.begin_beside('c');
    assert_eq!(slot.renew(), Some('c'));
    assert_eq!(slot.ask(NOW), Ask::Ready(&1));
}

#[test]
fn a_sealed_slot_gives_nothing_out_and_lets_nothing_begin() {
    let mut slot = connected();
    slot.seal();
    assert_eq!(slot.ask(NOW), Ask::Sealed);
    assert!(slot.begin_beside('a').is_none());
    assert!(matches!(slot.close('c'), Closed::Client { client: 1, .. }));
    assert_eq!(slot.ask(NOW), Ask::Sealed);
}

#[test]
fn a_check_of_an_earlier_client_says_nothing_about_this_one() {
    let mut slot = connected();
    assert_eq!(slot.checked(0, Err("late"), 1, 1), None);
    assert_eq!(slot.state(), ConnectionState::Connected);
    assert_eq!(slot.checked(1, Err("dead"), 1, 1), Some(HealthChange::Degraded));
    assert_eq!(slot.state(), ConnectionState::Degraded);
    assert_eq!(slot.ask(NOW), Ask::Ready(&1), "a degraded client is handed out");
    assert_eq!(slot.checked(1, Ok(()), 1, 1), Some(HealthChange::Recovered));
    assert_eq!(slot.failure(), None);
}
