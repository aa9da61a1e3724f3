//! The values of labels, which are bounded: features `metrics` and `status-page`.

use std::sync::Arc;

use super::shared::Declarations;
use crate::error::ErrorKind;

/// What stands for a name in the label: itself when it is declared, else something that many names share, so that no
/// caller can make series without end.
pub(super) fn label(configuration: &Declarations, name: &str) -> Arc<str> {
    configuration.declaration(name).map_or_else(|| UNDECLARED.into(), |declared| Arc::clone(&declared.name))
}

/// As in JSON, for what can happen to a client.
pub(super) fn kind_word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "configuration",
        ErrorKind::ConnectFailed => "connect_failed",
        ErrorKind::ConnectTimeout => "connect_timeout",
        ErrorKind::ConnectPanicked => "connect_panicked",
        ErrorKind::CheckFailed => "check_failed",
        ErrorKind::DisconnectFailed => "disconnect_failed",
        ErrorKind::NoRuntime => "no_runtime",
        _ => "other",
    }
}

pub(super) fn result_word(result: Result<(), ErrorKind>) -> &'static str {
    if result.is_ok() { "ok" } else { "failed" }
}

/// What undeclared names share in a label.
pub(crate) const UNDECLARED: &str = "(inserted)";
