//! What a valid invocation becomes.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{LitStr, Path, ext::IdentExt};

use crate::{
    defaults,
    model::{Field, Model, docs},
    types::{self, Visibility},
};

/// The struct with its `Deserialize`, its registration, and the guard against a second use of the name.
pub(crate) fn expand(name: &LitStr, facade: &Path, model: &Model) -> TokenStream {
    let derive = derive(facade, model);
    let Model { item, input, .. } = model;
    let ident = &input.ident;
    let declaration = declaration(name, facade, model);
    let guard = guard(name);
    // The struct may be deprecated: that is for its users, not for its registration.
    quote! {
        #derive
        #item
        #[allow(deprecated)]
        const _: () = {
            impl #facade::__private::ConnectionDeclaration for #ident {
                const DECLARATION: #facade::__private::Declaration = #declaration;
            }
            #facade::__private::inventory::submit! {
                #facade::__private::Registration::of::<#ident>()
            }
        };
        #guard
    }
}

fn derive(facade: &Path, model: &Model) -> TokenStream {
    let serde = serde_path(facade);
    // Serde refuses to be told twice.
    let deny = model.serde_entry("deny_unknown_fields").is_none().then(|| quote!(, deny_unknown_fields));
    quote! {
        #[derive(#facade::__private::serde::Deserialize)]
        #[serde(crate = #serde #deny)]
    }
}

/// The path of the facade's serde, as the string that serde wants.
pub(crate) fn serde_path(facade: &Path) -> Literal {
    let facade = facade.to_token_stream().to_string().replace(' ', "");
    Literal::string(&format!("{facade}::__private::serde"))
}

fn declaration(name: &LitStr, facade: &Path, model: &Model) -> TokenStream {
    let rust_name = model.input.ident.unraw().to_string();
    let docs = docs(&model.input.attrs);
    let defaults = defaults::expand(model, facade);
    let fields = model.fields.iter().filter(|field| field.is_key()).map(|field| describe(field, facade));
    let crate_name = cargo_variable("CARGO_PKG_NAME", "(a crate built without cargo)");
    let crate_version = cargo_variable("CARGO_PKG_VERSION", "(no version)");
    let name = Literal::string(&name.value());
    quote! {
        #facade::__private::Declaration {
            name: #name,
            rust_name: #rust_name,
            crate_name: #crate_name,
            crate_version: #crate_version,
            module: ::core::module_path!(),
            declared_at: ::core::concat!(::core::file!(), ":", ::core::line!()),
            docs: #docs,
            fields: &[#(#fields),*],
            defaults: #defaults,
        }
    }
}

fn describe(field: &Field, facade: &Path) -> TokenStream {
    let conditions = field.conditions();
    let key = &field.key;
    let type_name = types::text(&field.ty);
    let docs = docs(&field.attributes);
    let visibility = match Visibility::of(&field.ty) {
        Visibility::Secret => quote!(Secret),
        Visibility::Public => quote!(Public),
        Visibility::Hidden => quote!(Hidden),
    };
    quote! {
        #(#conditions)*
        #facade::__private::Field {
            name: #key,
            type_name: #type_name,
            docs: #docs,
            visibility: #facade::__private::Visibility::#visibility,
        }
    }
}

/// A variable that cargo sets, and other build systems may not.
fn cargo_variable(name: &str, otherwise: &str) -> TokenStream {
    quote! {
        match ::core::option_env!(#name) {
            ::core::option::Option::Some(value) => value,
            ::core::option::Option::None => #otherwise,
        }
    }
}

/// An exported macro: these live in the crate's root whatever module they stand in, so a second one of the
/// same name is a compile error. It is given the literal's place, so that the error shows both literals, and
/// the attribute's hygiene, without which lints would take it for the user's own code.
fn guard(name: &LitStr) -> TokenStream {
    let span = Span::call_site().located_at(name.span());
    let guard = guard_name(&name.value(), span);
    quote_spanned! {span=>
        #[doc(hidden)]
        #[macro_export]
        #[allow(non_local_definitions)]
        macro_rules! #guard {
            () => {};
        }
    }
}

// Names have no capital letters, so no two names share a guard.
fn guard_name(name: &str, span: Span) -> Ident {
    format_ident!("__connection_type_{}", name.replace('-', "_DASH_"), span = span)
}
