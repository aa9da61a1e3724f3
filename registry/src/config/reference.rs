//! What one connection says of another.

use super::decode::Reference;
use crate::diagnostic::{Code, Problem};

/// The connection that a reference names.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    /// `file:line:column` of `enabled = false`.
    pub(super) disabled_at: Option<String>,
    /// `None` when its type is not known, which is a problem of its own.
    pub(super) type_name: Option<&'a str>,
    pub(super) client_type_name: Option<&'a str>,
}

/// The help that names the nearest name that there is.
pub(super) fn suggest(near: &str) -> String {
    format!("did you mean `{}`?", near.escape_debug())
}

/// What is wrong with a reference. `help` says what to do about a name that there is not.
pub(super) fn fault(
    reference: &Reference,
    target: Option<Target<'_>>,
    help: impl FnOnce(&str) -> Option<String>,
) -> Option<Problem> {
    let shown = reference.target.escape_debug();
    let problem = |code, message: String| Problem::new(code, reference.span, message).key_path(&reference.key_path);
    let Some(target) = target else {
        return Some(
            problem(Code::UnknownConnection, format!("there is no connection `{shown}`"))
                .maybe_help(help(&reference.target)),
        );
    };
    if let Some(place) = target.disabled_at {
        let message = format!("connection `{}` is disabled", target.name.escape_debug());
        return Some(problem(Code::UnknownConnection, message).help(format!("it is disabled at {place}")));
    }
    let (type_name, client) = (target.type_name?, target.client_type_name?);
    (client != reference.client_type_name).then(|| {
        problem(Code::WrongClient, format!("connection `{shown}` is a `{type_name}`, whose client is `{client}`"))
            .help(format!("name a connection whose client is `{}`", reference.client_type_name))
    })
}
