//! What is said in lines, where there is no terminal.

use crate::{diagnostic::visible, manager::LastReload};

/// A text of others, in which nothing can pass for a line of its own.
pub(super) fn one_line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// What came of a reload; `None` when nothing did.
pub(super) fn of_reload(last: &LastReload) -> Option<String> {
    match (last.report(), last.error()) {
        (Some(report), _) => {
            let lists = [report.rebuilt(), report.updated(), report.added(), report.removed()];
            let is_change = !report.is_clean() || lists.iter().any(|list| !list.is_empty());
            is_change.then(|| report.to_string())
        }
        (None, Some(error)) => Some(format!("not reloaded, the configuration of before stays in force: {error}")),
        (None, None) => None,
    }
}
