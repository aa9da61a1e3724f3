//! Trials of broken configurations: how `connect` fails.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    bench::{Bench, NAME},
    output,
    settings::Settings,
    trial::{NotPassed, Trial, Verdict, unless_none},
};
use crate::{Connection, Error, ErrorKind};

/// How `connect` must fail with a broken configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Trying again cannot help: a wrong password, no such database. See
    /// [`ConnectError::permanent`](crate::ConnectError::permanent).
    Permanent,
    /// Trying again may help: nobody listens, the host has no address.
    Transient,
    /// The other side takes the connection and never answers, or drops every packet. Trying again may help, and `connect`
    /// must say so by itself before its deadline, which is a quarter of the suite's timeout then: only it knows what it
    /// was waiting for.
    Silent,
}

/// Fields with which `connect` must fail.
pub(super) struct Broken {
    pub(super) name: String,
    pub(super) fields: String,
    pub(super) fault: Fault,
}

pub(super) fn trials<C: Connection>(broken: &[Arc<Broken>]) -> Vec<Trial<C>> {
    let all = || broken.iter().cloned();
    let mut trials: Vec<_> = all().filter(|broken| broken.fault != Fault::Silent).map(fails_as_it_should).collect();
    if trials.is_empty() {
        trials.push(skipped("fails as it should", "no broken fields were given"));
    }
    let silent = all().filter(|broken| broken.fault == Fault::Silent).map(gives_up_in_time);
    let before = trials.len();
    trials.extend(silent);
    if trials.len() == before {
        trials.push(skipped("gives up in time", "no silent peer was given"));
    }
    trials
}

fn fails_as_it_should<C: Connection>(broken: Arc<Broken>) -> Trial<C> {
    Trial::new(format!("fails as it should: {}", broken.name), |bench| async move {
        let settings = Settings::new(bench.timeout);
        fails(&bench, &broken.fields, &settings, Some(broken.fault)).await.map(drop)
    })
}

fn gives_up_in_time<C: Connection>(broken: Arc<Broken>) -> Trial<C> {
    Trial::new(format!("gives up in time: {}", broken.name), |bench| async move {
        let settings = Settings::new(bench.timeout / 4);
        fails(&bench, &broken.fields, &settings, Some(broken.fault)).await.map(drop)
    })
}

fn skipped<C: Connection>(name: &str, why: &'static str) -> Trial<C> {
    Trial::new(name, move |_| async move { Verdict::<()>::Err(NotPassed::Skipped(why.to_owned())) })
}

/// A connect with these fields fails as it should, and in time; gives the error. Without a fault it may be transient or
/// permanent.
pub(super) async fn fails<C: Connection>(
    bench: &Bench<C>,
    fields: &str,
    settings: &Settings,
    fault: Option<Fault>,
) -> Verdict<Error> {
    let (manager, limit) = (bench.manager_of(fields, settings)?, settings.connect_timeout());
    let started = Instant::now();
    let Err(error) = manager.get::<C::Client>(NAME).await else { return Err("it connected".into()) };
    let mut problems = problems_of(&error, bench.type_name, fault);
    if started.elapsed() > limit + GRACE {
        problems.push(format!("it took {:?} of {limit:?}: does it block its thread?", started.elapsed()));
    }
    problems.extend(bench.canaries.found_in(&output::of_error(&error)));
    unless_none(&problems)?;
    Ok(error)
}

fn problems_of(error: &Error, type_name: &str, fault: Option<Fault>) -> Vec<String> {
    match error.kind() {
        ErrorKind::ConnectFailed => {}
        // One that tells an earlier error of the type is as good as that.
        ErrorKind::ConnectTimeout if error.cause().is_some() => {}
        ErrorKind::ConnectTimeout => return vec![format!("it gave no error of its own: {error}")],
        // Its own text says what happened.
        _ => return vec![error.to_string()],
    }
    let mut problems = Vec::new();
    let text = error.to_string();
    if error.connection() != Some(NAME) || !text.contains(NAME) || !text.contains(type_name) {
        problems.push(format!("the error does not name connection and type: {text}"));
    }
    match (fault, error.is_retryable()) {
        (Some(Fault::Permanent), true) => problems.push("the error is not `ConnectError::permanent`".to_owned()),
        (Some(Fault::Transient | Fault::Silent), false) => {
            problems.push("the error is `ConnectError::permanent`".to_owned());
        }
        _ => {}
    }
    problems
}

/// How late an error may come, on a machine that is busy.
pub(super) const GRACE: Duration = Duration::from_secs(1);
