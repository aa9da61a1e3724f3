//! What a struct of connections becomes.

use std::path::PathBuf;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Index, Path, spanned::Spanned};

use super::{
    check::{Checked, ExpectedType, Warning},
    model::{Field, Model},
};
use crate::problems::Problems;

/// The names and `connect`, the checks that the compiler makes, the files to watch, and the errors. What other code calls
/// is there in spite of them, so that one mistake is one error, and what the compiler finds is told with them.
pub(super) fn expand(model: &Model, checked: &Checked<'_>, files: &[PathBuf], mut problems: Problems) -> TokenStream {
    let tracked = track(files, model, &mut problems);
    let errors = problems.into_compile_error();
    // Without the facade nothing can be named.
    if model.facade_is_unknown() {
        return errors;
    }
    let facade = model.facade();
    let interface = interface(model, &facade);
    let types = checked.types.iter().map(|expected| expect_type(expected, &facade));
    let warnings = checked.warnings.iter().map(warn);
    quote!(#interface #(#types)* #(#warnings)* #tracked #errors)
}

/// The items that programs name. They are as visible as the struct.
fn interface(model: &Model, facade: &Path) -> TokenStream {
    let Model { ident, visibility, generics, fields, .. } = model;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let names = fields.iter().map(|field| &field.name);
    let (connections, body) = (local("connections"), connect(model, facade));
    quote! {
        #[automatically_derived]
        #[allow(dead_code, unused_variables)]
        impl #impl_generics #ident #ty_generics #where_clause {
            /// The names of the connections, in the order of the fields.
            #visibility const NAMES: &'static [&'static ::core::primitive::str] = &[#(#names),*];

            /// Gets all connections, and connects those that are not: all at once.
            ///
            /// # Errors
            ///
            /// One error with that of every connection that is not up, told when all have ended. The others stay
            /// connected.
            ///
            /// # Cancel safety
            ///
            /// Nothing is lost: attempts go on without the caller.
            #visibility async fn connect(
                #connections: &#facade::ConnectionManager,
            ) -> ::core::result::Result<Self, #facade::Error> {
                #body
            }
        }
    }
}

fn connect(model: &Model, facade: &Path) -> TokenStream {
    let (connections, fields) = (local("connections"), local("fields"));
    let owner = model.ident.to_string();
    let begun = model.fields.iter().map(|field| {
        let Field { ty, name, .. } = field;
        quote_spanned!(ty.span()=> #facade::__private::begin::<#ty>(#connections, #name))
    });
    let (idents, indices): (Vec<_>, Vec<_>) =
        model.fields.iter().enumerate().map(|(at, field)| (&field.ident, Index::from(at))).unzip();
    let clients = model.fields.iter().filter_map(|field| expect_client(field, facade));
    quote! {
        #(#clients)*
        let mut #fields = (#(#begun,)*);
        #facade::__private::connect_all(#owner, &mut [#(&mut #fields.#indices),*]).await?;
        ::core::result::Result::Ok(Self { #(#idents: #fields.#indices.take()),* })
    }
}

/// That the client of `type = Redis` is that of the field: an error of the compiler, on the type.
fn expect_client(field: &Field, facade: &Path) -> Option<TokenStream> {
    let (ty, rust_type) = (&field.ty, field.connection_type.as_ref()?);
    let private = private(facade, rust_type.span());
    Some(quote_spanned!(rust_type.span()=> #private::expect_client::<#rust_type, #ty>();))
}

/// That the name that `type = Redis` is registered under is that of the file: only the compiler can see both.
fn expect_type(expected: &ExpectedType<'_>, facade: &Path) -> TokenStream {
    let ExpectedType { rust_type, connection, type_name, place } = expected;
    let shown = rust_type.to_token_stream().to_string().replace(' ', "");
    let private = private(facade, rust_type.span());
    quote_spanned! {rust_type.span()=>
        const _: () = #private::expect_type::<#rust_type>(
            #private::ExpectedType {
                connection: #connection,
                type_name: #type_name,
                place: #place,
                rust_type: #shown,
            },
        );
    }
}

/// A warning, which a macro can only give by the use of something deprecated.
fn warn(warning: &Warning) -> TokenStream {
    let Warning { span, text } = warning;
    let missing = Ident::new("missing_connection", *span);
    let used = quote_spanned!(*span=> #missing());
    quote! {
        const _: () = {
            #[deprecated(note = #text)]
            const fn #missing() {}
            #used
        };
    }
}

/// Makes the compiler read the files again when they change. They stand in a function that nobody calls: so nothing
/// of them comes into the program, nor into what other crates see of this one.
fn track(files: &[PathBuf], model: &Model, problems: &mut Problems) -> Option<TokenStream> {
    let mut paths = Vec::new();
    for file in files {
        match file.to_str() {
            Some(path) => paths.push(Literal::string(path)),
            None => problems.at(model.ident.span(), "the path of a file of the configuration is not UTF-8"),
        }
    }
    let count = paths.len();
    (count > 0).then(|| {
        quote! {
            const _: () = {
                #[allow(dead_code)]
                fn tracked() -> [&'static [::core::primitive::u8]; #count] {
                    [#(::core::include_bytes!(#paths)),*]
                }
            };
        }
    })
}

/// The private module of the facade, named at `span`: an error of what is called there is shown at that place.
fn private(facade: &Path, span: Span) -> TokenStream {
    let path = quote!(#facade::__private).into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    path.collect()
}

/// A name that nothing of the user's can be taken for.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
