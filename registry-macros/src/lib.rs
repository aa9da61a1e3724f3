//! The attribute of `connection-registry`.
use proc_macro::TokenStream;

/// (being built)
#[proc_macro_attribute]
pub fn connection_type(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    item
}
