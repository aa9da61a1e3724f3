//! What is known of a connection type's fields without making one.

/// One field of a connection type: a key that its connections may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key as it is written in the configuration.
    pub name: &'static str,
    /// The Rust type as the author wrote it, such as `Option<u32>`.
    pub type_name: &'static str,
    /// The field's doc comment; empty when there is none.
    pub docs: &'static str,
    /// Whether a diagnostic may show its value.
    pub visibility: Visibility,
}

/// Whether the value of a field may be shown in a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Visibility {
    /// A [`Secret`](crate::Secret): never.
    Secret,
    /// A plain number, boolean or duration: yes, when it is written as one.
    Public,
    /// Of any other type, which may hold anything, such as a URL with a password: no.
    Hidden,
}
