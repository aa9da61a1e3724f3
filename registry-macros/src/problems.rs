//! [`Problems`]: everything that is wrong with one invocation.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Error;

/// All problems of one invocation, each on the user's own tokens: they are reported together.
#[derive(Default)]
pub(crate) struct Problems(Option<Error>);

impl Problems {
    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// A problem of exactly these tokens.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: impl Into<String>) {
        self.add(Error::new_spanned(tokens, message.into()));
    }

    pub(crate) fn at(&mut self, span: Span, message: impl Into<String>) {
        self.add(Error::new(span, message.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn into_compile_error(self) -> TokenStream {
        self.0.map(Error::into_compile_error).unwrap_or_default()
    }
}
