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
    let parts = parts(&input)?;
    let ident = &input.ident;
    Ok(quote! {
        #[allow(deprecated)]
        const _: () = {
            #facade::__connection_description!(#ident, #(#parts),*);
        };
    })
}

/// The fields of a struct or the variants of an enum, each as its name with its docs.
fn parts(input: &DeriveInput) -> Result<Vec<TokenStream>> {
    let rule = RenameRule::of(&serde::entries(&input.attrs));
    let parts: Vec<_> = match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => {
            let named = data.fields.iter().filter_map(|field| Some((&field.attrs, field.ident.as_ref()?)));
            named.filter_map(|(attributes, ident)| part(attributes, &rule.apply(&ident.unraw().to_string()))).collect()
        }
        Data::Enum(data) => {
            let named = data.variants.iter().map(|variant| (&variant.attrs, variant.ident.unraw().to_string()));
            named.filter_map(|(attributes, name)| part(attributes, &rule.apply_to_variant(&name))).collect()
        }
        _ => return Err(Error::new_spanned(&input.ident, "`Describe` is for structs with named fields, and enums")),
    };
    Ok(parts)
}

/// `None` without docs. What a `cfg` takes away is described in vain.
fn part(attributes: &[Attribute], name: &str) -> Option<TokenStream> {
    let docs = docs(attributes);
    let name = key_of(attributes).unwrap_or_else(|| name.to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(item: TokenStream, expected: &[&str]) {
        let input = syn::parse2(item).expect("it is an item");
        let parts: Vec<_> = parts(&input).expect("it has parts").iter().map(ToString::to_string).collect();
        assert_eq!(parts, expected);
    }

    #[track_caller]
    fn check_refused(item: TokenStream, expected: &str) {
        assert_eq!(derive(item).expect_err("it is refused").to_string(), expected);
    }

    #[test]
    fn parts_are_described_by_the_names_that_serde_gives_them() {
        check(
            quote! {
                #[serde(rename_all = "kebab-case")]
                struct S {
                    /// How many.
                    max_size: u8,
                    /// Which.
                    #[serde(rename = "of")]
                    r#type: u8,
                    silent: u8,
                }
            },
            &[r#"("max-size" , "How many.")"#, r#"("of" , "Which.")"#],
        );
        check(
            quote! {
                #[serde(rename_all = "snake_case")]
                enum E {
                    /// At once.
                    AtOnce,
                    Never,
                }
            },
            &[r#"("at_once" , "At once.")"#],
        );
    }

    #[test]
    fn what_has_no_named_parts_is_refused() {
        check_refused(
            quote!(
                struct S(u8);
            ),
            "`Describe` is for structs with named fields, and enums",
        );
        check_refused(quote!(union U { a: u8 }), "`Describe` is for structs with named fields, and enums");
        check_refused(
            quote!(
                struct S<T> {
                    a: T,
                }
            ),
            "`Describe` is for types without parameters",
        );
        check_refused(
            quote!(
                #[describe(path = "a")]
                struct S {
                    a: u8,
                }
            ),
            "expected `crate = path`",
        );
    }

    #[test]
    fn the_facade_may_be_renamed() {
        let derived = derive(quote!(
            #[describe(crate = backends)]
            enum E {
                A,
            }
        ))
        .expect("it is an enum")
        .to_string();
        assert!(derived.contains("backends :: __connection_description ! (E ,)"), "{derived}");
    }
}
