//! The defaults of fields, for the schema: those that serde is told of, where the type is plain.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{ExprPath, LitStr, Path};

use crate::{
    model::{Field, Model},
    serde::Entry,
    types,
};

/// The function that adds them.
pub(crate) fn expand(model: &Model, facade: &Path) -> TokenStream {
    let whole = default_of(&model.serde);
    let plain = model.fields.iter().filter(|field| field.is_key() && types::has_plain_default(&field.ty));
    let added: Vec<_> = plain.filter_map(|field| add(field, whole.is_some(), facade)).collect();
    if added.is_empty() {
        return quote!(#facade::__private::no_defaults);
    }
    let (ident, defaults, all) = (&model.input.ident, local("defaults"), local("all"));
    let whole = whole.map(|whole| {
        let value = value(&whole, &quote!(#ident));
        quote!(#[allow(unused_variables)] let #all: #ident = #value;)
    });
    // Not every type has the method of its own, and then the trait is not needed.
    quote! {
        #facade::__connection_defaults!(|#defaults: &mut #facade::__private::Defaults| {
            #[allow(unused_imports)]
            use #facade::__private::AnyDefault as _;
            #whole
            #(#added)*
        })
    }
}

fn add(field: &Field, has_whole: bool, facade: &Path) -> Option<TokenStream> {
    let (key, ident, ty, defaults, all) = (&field.key, &field.ident, &field.ty, local("defaults"), local("all"));
    let value = match default_of(&field.serde) {
        Some(own) => value(&own, &quote!(#ty)),
        None if has_whole => quote!(#all.#ident),
        None => return None,
    };
    let conditions = field.conditions();
    Some(quote! {
        #(#conditions)*
        #defaults.add(#key, #facade::__private::DefaultOf::<#ty>(&#value).shown());
    })
}

/// What makes a default.
enum Maker {
    /// The type itself.
    Type,
    /// The function of that path. One that is none is reported by serde.
    Function(ExprPath),
}

fn default_of(serde: &[Entry]) -> Option<Maker> {
    let entry = serde.iter().find(|entry| entry.name == "default")?;
    match &entry.value {
        None => Some(Maker::Type),
        Some(path) => LitStr::parse(path).ok().map(Maker::Function),
    }
}

fn value(maker: &Maker, ty: &TokenStream) -> TokenStream {
    match maker {
        Maker::Type => quote!(<#ty as ::core::default::Default>::default()),
        Maker::Function(path) => quote!(#path()),
    }
}

/// A variable that hides no function of the author's that has the same name.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
