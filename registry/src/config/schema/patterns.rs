//! Regular expressions of the schema, in what all engines have in common.

/// A string that is one placeholder: it takes the type of its field.
pub(super) const PLACEHOLDER: &str = r"^\$\{(env|file|name):[^}]*\}$";

/// A string with a placeholder in it, of which nothing else is known.
pub(super) const ANY_PLACEHOLDER: &str = r"\$\{";

/// A duration, or a string with a placeholder in it.
pub(super) const DURATION: &str = r"^\s*([0-9]+(\.[0-9]+)?\s*(ns|us|ms|s|m|h|d|w)\s*)+$|\$\{";

/// What a connection may be called: without white space at the ends, and with braces around captures alone.
pub(super) const NAME: &str =
    concat!(r"^([^\s{}]|\{[a-z_][a-z0-9_]*\})", r"(([^{}]|\{[a-z_][a-z0-9_]*\})*([^\s{}]|\{[a-z_][a-z0-9_]*\}))?$",);
