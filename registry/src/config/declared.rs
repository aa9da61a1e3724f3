//! [`Declared`]: what is known of a connection before it is used.

use std::sync::Arc;

#[cfg(feature = "cli")]
use super::survey::Place;
use super::{decode::Reference, fingerprint::Fingerprint, lifecycle::Lifecycle, template::Pattern};
use crate::span::{Sources, Span};

/// One declared connection.
pub(crate) struct Declared {
    pub(crate) name: Arc<str>,
    pub(crate) type_name: Box<str>,
    /// `None` when the type is not linked, as can be with a disabled connection.
    pub(crate) client_type_name: Option<&'static str>,
    pub(crate) enabled: bool,
    pub(crate) lifecycle: Lifecycle,
    /// Those that do not depend on a placeholder.
    pub(crate) references: Vec<Reference>,
    /// Of type and fields, with the text of placeholders for what they stand for.
    pub(crate) content: Fingerprint,
    pub(super) has_placeholders: bool,
    pub(super) pattern: Option<Arc<Pattern>>,
    pub(super) enabled_span: Option<Span>,
    pub(super) name_span: Span,
    pub(super) sources: Arc<Sources>,
}

impl Declared {
    /// `file:line:column` of the name where it is declared first.
    pub(crate) fn declared_at(&self) -> String {
        self.sources.locate(self.name_span)
    }

    /// The same in parts.
    #[cfg(feature = "cli")]
    pub(crate) fn place(&self) -> Place {
        Place::of(self.name_span, &self.sources)
    }

    /// `file:line:column` of `enabled`, when it is given.
    pub(crate) fn enabled_at(&self) -> Option<String> {
        self.enabled_span.map(|span| self.sources.locate(span))
    }

    /// Whether its name has captures, so that it is what other connections are made from.
    pub(crate) fn is_template(&self) -> bool {
        self.pattern.is_some()
    }

    /// Whether a field has a placeholder, so that what the connection is shows only when it is used.
    pub(crate) fn has_placeholders(&self) -> bool {
        self.has_placeholders
    }

    pub(super) fn disabled_at(&self) -> Option<String> {
        (!self.enabled).then(|| self.enabled_at().unwrap_or_default())
    }
}
