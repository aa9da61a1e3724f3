//! What the attribute stands on, as the later stages see it.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Data, DataStruct, DeriveInput, Error, Expr, ExprLit, Fields, Ident, Lit, LitStr, Meta, Path, Result,
    Token, Type, ext::IdentExt, parse::ParseStream, parse::Parser, punctuated::Punctuated,
};

use crate::serde::{self, Entry, RenameRule};

/// The annotated struct; or the enum or union that cannot be one.
pub(crate) struct Model {
    pub(crate) input: DeriveInput,
    /// The user's tokens.
    pub(crate) item: TokenStream,
    /// What the struct's own `#[serde(…)]` say.
    pub(crate) serde: Vec<Entry>,
    /// The named fields.
    pub(crate) fields: Vec<Field>,
}

/// One named field.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) serde: Vec<Entry>,
    pub(crate) key: String,
}

impl Model {
    /// Reads the item.
    ///
    /// # Errors
    ///
    /// When it is neither a struct nor an enum nor a union, or holds an expression that cannot be read.
    pub(crate) fn read(item: TokenStream) -> Result<Self> {
        data_keyword.parse2(item.clone())?;
        // The compiler has read the item before: what fails is an expression that is more than a value.
        let input: DeriveInput =
            syn::parse2(item.clone()).map_err(|error| Error::new(error.span(), UNREADABLE_EXPRESSION))?;
        let serde = serde::entries(&input.attrs);
        let fields = Field::read_all(&input, RenameRule::of(&serde));
        Ok(Self { input, item, serde, fields })
    }

    pub(crate) fn as_struct(&self) -> Option<&DataStruct> {
        match &self.input.data {
            Data::Struct(data) => Some(data),
            Data::Enum(_) | Data::Union(_) => None,
        }
    }

    /// Another `#[connection_type]` below this one.
    pub(crate) fn second_attribute(&self) -> Option<&Attribute> {
        let is_ours = |attribute: &&Attribute| is_last(attribute.path(), "connection_type");
        self.input.attrs.iter().find(is_ours)
    }

    /// The user's own `Deserialize` in a `derive` below the attribute.
    pub(crate) fn own_deserialize(&self) -> Option<Path> {
        let derives = self.input.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
        let paths = Punctuated::<Path, Token![,]>::parse_terminated;
        derives
            .filter_map(|derive| derive.parse_args_with(paths).ok())
            .flatten()
            .find(|path| is_last(path, "Deserialize"))
    }

    pub(crate) fn serde_entry(&self, name: &str) -> Option<&Entry> {
        self.serde.iter().find(|entry| entry.name == name)
    }
}

impl Field {
    fn read_all(input: &DeriveInput, rule: RenameRule) -> Vec<Self> {
        match &input.data {
            Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) => {
                fields.named.iter().filter_map(|field| Self::read(field, rule)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn read(field: &syn::Field, rule: RenameRule) -> Option<Self> {
        let ident = field.ident.clone()?;
        let serde = serde::entries(&field.attrs);
        let key = renamed(&serde).map_or_else(|| rule.apply(&ident.unraw().to_string()), LitStr::value);
        Some(Self { key, serde, attributes: field.attrs.clone(), ty: field.ty.clone(), ident })
    }

    /// Whether the author chose the key.
    pub(crate) fn is_renamed(&self) -> bool {
        renamed(&self.serde).is_some()
    }

    /// What must be so for the field to be there: the fields are read before the compiler has taken out those that are
    /// not configured.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    /// Whether it is a key of the configuration at all.
    pub(crate) fn is_key(&self) -> bool {
        !self.serde.iter().any(|entry| entry.name == "skip" || entry.name == "skip_deserializing")
    }
}

/// The name that serde's attributes give to a field or a variant.
pub(crate) fn key_of(attributes: &[Attribute]) -> Option<String> {
    renamed(&serde::entries(attributes)).map(LitStr::value)
}

fn renamed(serde: &[Entry]) -> Option<&LitStr> {
    serde.iter().find(|entry| entry.name == "rename").and_then(|entry| entry.value.as_ref())
}

/// The doc comment: its lines joined, each without its first space.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let lines: Vec<_> = attributes.iter().filter_map(doc_line).collect();
    let lines: Vec<_> = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            // `#[doc = include_str!(…)]`: what is not written here is not repeated.
            _ => None,
        },
        _ => None,
    }
}

/// Says it in our words when the item is no struct: the parser of `syn` would only list what it expected.
fn data_keyword(input: ParseStream<'_>) -> Result<()> {
    input.call(Attribute::parse_outer)?;
    input.parse::<syn::Visibility>()?;
    if !(input.peek(Token![struct]) || input.peek(Token![enum]) || input.peek(Token![union])) {
        return Err(Error::new(
            input.span(),
            "`#[connection_type]` goes on a struct, whose fields are the configuration",
        ));
    }
    input.parse::<TokenStream>()?;
    Ok(())
}

fn is_last(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}

const UNREADABLE_EXPRESSION: &str =
    "`#[connection_type]` cannot read this expression: move it to a `const` and write its name here";

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[track_caller]
    fn check(item: TokenStream, expected: &[&str]) {
        let model = Model::read(item).expect("the item is a struct");
        let keys: Vec<_> = model.fields.iter().filter(|field| field.is_key()).map(|field| &*field.key).collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn keys_are_what_a_configuration_has_to_say() {
        check(quote! { struct S { url: String, r#async: bool } }, &["url", "async"]);
        check(quote! { struct S { #[serde(rename = "base-url")] url: String } }, &["base-url"]);
        check(quote! { struct S { #[serde(rename(serialize = "a", deserialize = "b"))] url: String } }, &["b"]);
        check(quote! { struct S { #[serde(rename(deserialize = "a", deserialize = "b"))] url: String } }, &["a"]);
        check(quote! { struct S { #[serde(rename(serialize = "a"))] url: String } }, &["url"]);
        check(quote! { #[serde(rename_all = "kebab-case")] struct S { base_url: String } }, &["base-url"]);
        check(quote! { #[serde(rename_all = "camelCase")] struct S { #[serde(rename = "U")] base_url: u8 } }, &["U"]);
        check(quote! { struct S { #[serde(skip)] a: u8, #[serde(skip_deserializing)] b: u8, c: u8 } }, &["c"]);
        check(quote! { struct S; }, &[]);
    }

    #[test]
    fn a_doc_comment_is_one_text() {
        let model = Model::read(quote! {
            /// A ticket API.
            ///
            ///   indented
            #[doc(hidden)]
            struct S;
        });
        let model = model.expect("the item is a struct");
        assert_eq!(docs(&model.input.attrs), "A ticket API.\n\n  indented");
    }
}
