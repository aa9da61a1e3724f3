//! `#[derive(Describe)]`: the doc comments of a struct or an enum that is a part of a configuration, for the schema.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Path, Result, ext::IdentExt, parse_quote};

use crate::{
    model::{docs, key_of},
    serde::{self, RenameRule},
};

/// Reads the item and hands over what its comments say.
///
/// # Errors
///
/// When it has no parts with names, is generic, or when the attribute `describe` says something else than `crate = path`.
pub(crate) fn derive(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let facade = facade(&input.attrs)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "`Describe` is for types without parameters"));
    }
    let rule = RenameRule::of(&serde::entries(&input.attrs));
    let parts: Vec<_> = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => fields
                .named
                .iter()
                .filter_map(|field| {
                    let name = field.ident.as_ref()?.unraw().to_string();
                    part(&field.attrs, &rule.apply(&name))
                })
                .collect(),
            _ => {
                return Err(Error::new_spanned(&input.ident, "`Describe` is for structs with named fields, and enums"));
            }
        },
        Data::Enum(data) => data
            .variants
            .iter()
            .filter_map(|variant| part(&variant.attrs, &rule.apply_to_variant(&variant.ident.unraw().to_string())))
            .collect(),
        Data::Union(_) => {
            return Err(Error::new_spanned(&input.ident, "`Describe` is for structs with named fields, and enums"));
        }
    };
    let ident = &input.ident;
    Ok(quote! {
        #[allow(deprecated)]
        const _: () = {
            #facade::__connection_description!(#ident, #(#parts),*);
        };
    })
}

/// The name of a field or a variant with its docs; `None` without docs.
fn part(attributes: &[Attribute], name: &str) -> Option<TokenStream> {
    let docs = docs(attributes);
    let name = key_of(attributes).unwrap_or_else(|| name.to_owned());
    // What is not there is not described either; the list has no place for a condition.
    (!docs.is_empty()).then(|| quote!((#name, #docs)))
}

/// The path of the facade: `#[describe(crate = path)]` where it is renamed.
fn facade(attributes: &[Attribute]) -> Result<Path> {
    let mut facade = parse_quote!(::connection_registry);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("describe")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("expected `crate = path`"));
            }
            facade = meta.value()?.call(Path::parse_mod_style)?;
            Ok(())
        })?;
    }
    Ok(facade)
}
