//! The attribute `#[connection_type("name")]` and the derive `#[derive(Connections)]` of the crate
//! `connection-registry`, which re-exports and documents them. Do not depend on this crate directly.
//!
//! The derive is in `connections`. One invocation of the attribute passes through the modules in this order: `args` and
//! `model` read what the user wrote (with the help of `serde` and `types`), `validate` finds every problem of it, and then
//! either `expand` registers the struct, with `defaults`, or `fallback` keeps it usable beside the errors.

mod args;
mod connections;
mod defaults;
mod describe;
mod expand;
mod facade;
mod fallback;
mod list;
mod model;
mod problems;
mod serde;
mod types;
mod validate;

use proc_macro::TokenStream;

use crate::{args::Arguments, model::Model, problems::Problems};

#[expect(missing_docs, reason = "documented where the facade re-exports it; rustdoc would print both texts")]
#[proc_macro_attribute]
pub fn connection_type(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut problems = Problems::default();
    let arguments = Arguments::read(arguments.into(), &mut problems);
    match Model::read(item.clone().into()) {
        Ok(model) => register(&arguments, &model, problems).into(),
        Err(error) => {
            problems.add(error);
            TokenStream::from_iter([problems.into_compile_error().into(), item])
        }
    }
}

#[expect(missing_docs, reason = "documented where the facade re-exports it; rustdoc would print both texts")]
#[proc_macro_derive(Connections, attributes(connections, connection))]
pub fn derive_connections(item: TokenStream) -> TokenStream {
    connections::derive(item.into()).into()
}

#[expect(missing_docs, reason = "documented where the facade re-exports it; rustdoc would print both texts")]
#[proc_macro_derive(Describe, attributes(describe))]
pub fn derive_describe(item: TokenStream) -> TokenStream {
    describe::derive(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn register(arguments: &Arguments, model: &Model, mut problems: Problems) -> proc_macro2::TokenStream {
    match validate::validate(arguments, model, &mut problems) {
        Some(name) if problems.is_empty() => expand::expand(name, &arguments.facade(), model),
        _ => fallback::fallback(arguments, model, &problems.into_compile_error()),
    }
}
