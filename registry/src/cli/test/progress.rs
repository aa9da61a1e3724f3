//! What is under way, as lines for a screen.

use super::trial::{State, Trial};
use crate::{diagnostic::visible, manager::short, registry::ConnectionState};

/// A line for each connection that is being tested, and one that counts.
pub(super) fn lines(trial: &Trial<'_>) -> Vec<String> {
    let status = trial.manager.status();
    let subjects = trial.plan.subjects.iter().zip(&trial.states);
    let running = subjects.filter_map(|(subject, state)| match state {
        State::Running(began) => {
            let now = status.get(&subject.name);
            let what = match now.map(|now| (now.state, now.failures)) {
                Some((state, _)) if state.is_up() => "checking".to_owned(),
                Some((ConnectionState::Connecting, failures @ 1..)) => format!("connecting, attempt {}", failures + 1),
                _ => "connecting".to_owned(),
            };
            Some(format!("  {}  {what} ({})", visible(&subject.name), short(began.elapsed())))
        }
        State::Waiting | State::Done(..) => None,
    });
    let done = trial.states.iter().filter(|state| matches!(state, State::Done(..))).count();
    running.chain([format!("{done} of {} done", trial.states.len())]).collect()
}
