//! What an invalid invocation becomes: the errors, and the user's item in such a form that the rest of the
//! crate finds what it expects. So one mistake is one error, and editors keep working on the item.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Data, Path};

use crate::{args::Arguments, expand::serde_path, model::Model, serde::entries_of, validate::refused_on_struct};

/// The errors and the item with the implementations that other code may ask for.
pub(crate) fn fallback(arguments: &Arguments, model: &Model, errors: &TokenStream) -> TokenStream {
    let item = &model.item;
    // A second attribute does its own work; nothing derives for a union; without the facade nothing can be named.
    let is_union = matches!(model.input.data, Data::Union(_));
    if model.second_attribute().is_some() || is_union || arguments.facade_is_unknown() {
        return quote!(#errors #item);
    }
    let facade = arguments.facade();
    let inert = inert_declaration(&facade, model);
    if model.own_deserialize().is_some() {
        return quote!(#errors #item #inert);
    }
    let derived = derived_item(&facade, model);
    quote!(#errors #derived #inert)
}

/// The item with a `Deserialize`, and without the attributes that stand in its way.
fn derived_item(facade: &Path, model: &Model) -> TokenStream {
    let serde = serde_path(facade);
    let mut input = model.input.clone();
    if model.as_struct().is_some() {
        input.attrs.retain(|attribute| !is_refused(attribute));
    }
    // An enum keeps its attributes; serde may be told its crate only once.
    let has_crate = model.as_struct().is_none() && model.serde_entry("crate").is_some();
    let crate_path = (!has_crate).then(|| quote!(#[serde(crate = #serde)]));
    let input = input.into_token_stream();
    quote! {
        #[derive(#facade::__private::serde::Deserialize)]
        #crate_path
        #input
    }
}

fn is_refused(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde") && entries_of(attribute).iter().any(|entry| refused_on_struct(entry).is_some())
}

/// Satisfies the compiler where the type is used as a connection type; never evaluated.
fn inert_declaration(facade: &Path, model: &Model) -> Option<TokenStream> {
    let ident = &model.input.ident;
    let is_concrete = model.input.generics.params.is_empty();
    is_concrete.then(|| {
        quote! {
            #[allow(deprecated)]
            const _: () = {
                impl #facade::__private::ConnectionDeclaration for #ident {
                    const DECLARATION: #facade::__private::Declaration = ::core::unreachable!();
                }
            };
        }
    })
}
