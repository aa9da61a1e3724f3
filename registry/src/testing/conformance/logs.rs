//! Trials of the log: what was written to it while the other trials ran. They come last.

use std::sync::Arc;

use super::{
    bench::Bench,
    log_capture::{Found, LogSearch},
    trial::{NotPassed, Note, Trial, Verdict, unless_none},
};
use crate::Connection;

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![Trial::new("logs no canary", own_logs::<C>), Trial::new("what it is made of logs no canary", other_logs::<C>)]
}

/// What the library logs, and the built-in types.
async fn own_logs<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let search = search_of(&bench)?;
    let seen = search.seen(true);
    if seen == 0 {
        // The library tells of every connection: somebody else was told.
        return Err(NotPassed::Skipped(
            "nothing was captured: is there another subscriber for this thread?".to_owned(),
        ));
    }
    verdict(&search.found(true))?;
    Ok(Note::from(format!("{seen} lines")))
}

/// What everybody else logs: the type's own crate and its drivers.
async fn other_logs<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let search = search_of(&bench)?;
    let is_ignored = |target: &str| bench.ignored_logs.iter().any(|ignored| is_within(target, ignored));
    let (ignored, found) = search.found(false).into_iter().partition::<Vec<_>, _>(|found| is_ignored(&found.target));
    verdict(&found)?;
    let seen = format!("{} lines", search.seen(false));
    let ignored: String = ignored.iter().map(|found| format!(", ignored: {found}")).collect();
    Ok(Note::from(seen + &ignored))
}

fn search_of<C: Connection>(bench: &Bench<C>) -> Verdict<&LogSearch> {
    if bench.canaries.is_empty() {
        return Err(NotPassed::Skipped("no canary was given".to_owned()));
    }
    bench.logs.as_ref().ok_or_else(|| NotPassed::Skipped("`LogCapture::install` was not called".to_owned()))
}

fn verdict(found: &[Found]) -> Verdict {
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    unless_none(&found)
}

/// Whether `target` is the module `module`, or one below it.
pub(super) fn is_within(target: &str, module: &str) -> bool {
    target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
