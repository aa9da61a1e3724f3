//! What serde's own attributes say, as far as it concerns the keys of a configuration.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Ident, LitStr, Meta, Result, Token, meta::ParseNestedMeta, token::Paren};

/// One entry of a `#[serde(…)]`: `rename = "key"`, `flatten`.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    pub(crate) value: Option<LitStr>,
}

impl Entry {
    fn read(meta: &ParseNestedMeta<'_>) -> Result<Vec<Self>> {
        let Some(name) = meta.path.get_ident() else { return Ok(Vec::new()) };
        let values = if meta.input.peek(Token![=]) {
            vec![Some(meta.value()?.parse()?)]
        } else if meta.input.peek(Paren) {
            deserialize_half(meta)?
        } else {
            vec![None]
        };
        Ok(values.into_iter().map(|value| Self { name: name.clone(), value }).collect())
    }
}

/// For errors: the entry's name is what they point at.
impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.name.to_tokens(tokens);
    }
}

/// How `#[serde(rename_all = "…")]` turns a field into a key.
#[derive(Clone, Copy)]
pub(crate) enum RenameRule {
    Unchanged,
    Lower,
    Snake,
    Upper,
    UpperSnake,
    Pascal,
    Camel,
    Kebab,
    UpperKebab,
}

impl RenameRule {
    /// The rule of a struct with these entries. An unknown one is reported by serde.
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let rule = entries.iter().find(|entry| entry.name == "rename_all").and_then(|entry| entry.value.as_ref());
        match rule.map(LitStr::value).as_deref() {
            Some("lowercase") => Self::Lower,
            Some("snake_case") => Self::Snake,
            Some("UPPERCASE") => Self::Upper,
            Some("SCREAMING_SNAKE_CASE") => Self::UpperSnake,
            Some("PascalCase") => Self::Pascal,
            Some("camelCase") => Self::Camel,
            Some("kebab-case") => Self::Kebab,
            Some("SCREAMING-KEBAB-CASE") => Self::UpperKebab,
            _ => Self::Unchanged,
        }
    }

    /// The same for a variant of an enum, whose name is in Pascal case.
    pub(crate) fn apply_to_variant(self, variant: &str) -> String {
        let words = snake_case(variant);
        match self {
            Self::Unchanged => variant.to_owned(),
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Snake => words,
            Self::Upper => variant.to_ascii_uppercase(),
            Self::UpperSnake => words.to_ascii_uppercase(),
            _ => self.apply(&words),
        }
    }

    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Unchanged | Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::UpperSnake => field.to_ascii_uppercase(),
            Self::Pascal => field.split('_').map(capitalized).collect(),
            Self::Camel => uncapitalized(&Self::Pascal.apply(field)),
            Self::Kebab => field.replace('_', "-"),
            Self::UpperKebab => Self::Kebab.apply(&field.to_ascii_uppercase()),
        }
    }
}

/// The entries of all `#[serde(…)]` in `attributes` that concern deserializing.
pub(crate) fn entries(attributes: &[Attribute]) -> Vec<Entry> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("serde")).flat_map(entries_of).collect()
}

/// The entries of one `#[serde(…)]`.
pub(crate) fn entries_of(attribute: &Attribute) -> Vec<Entry> {
    let mut entries = Vec::new();
    // What is malformed is left to serde, whose derive reports it.
    let _ = attribute.parse_nested_meta(|meta| {
        entries.extend(Entry::read(&meta)?);
        Ok(())
    });
    entries
}

/// Whether a `#[cfg_attr(…)]` may add serde attributes that are not seen here.
pub(crate) fn is_conditional(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    let tokens: Vec<_> = list.tokens.clone().into_iter().collect();
    let names_serde =
        |pair: &[TokenTree]| matches!(pair, [TokenTree::Ident(name), TokenTree::Group(_)] if name == "serde");
    list.path.is_ident("cfg_attr") && tokens.windows(2).any(names_serde)
}

/// `"key"` of `rename(serialize = "…", deserialize = "key")`. There may be more: serde takes them as aliases.
fn deserialize_half(meta: &ParseNestedMeta<'_>) -> Result<Vec<Option<LitStr>>> {
    let mut found = Vec::new();
    meta.parse_nested_meta(|half| {
        let value: LitStr = half.value()?.parse()?;
        if half.path.is_ident("deserialize") {
            found.push(Some(value));
        }
        Ok(())
    })?;
    Ok(found)
}

/// As serde does: an underscore before each capital letter but the first.
fn snake_case(variant: &str) -> String {
    let mut words = String::new();
    for (at, letter) in variant.char_indices() {
        if at > 0 && letter.is_uppercase() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

fn uncapitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attribute: &Attribute, field: &str, expected: &str) {
        assert_eq!(RenameRule::of(&entries_of(attribute)).apply(field), expected);
    }

    #[test]
    fn fields_become_keys_as_serde_makes_them() {
        use syn::parse_quote as attribute;
        check(&attribute!(#[serde(rename_all = "lowercase")]), "base_url", "base_url");
        check(&attribute!(#[serde(rename_all = "UPPERCASE")]), "base_url", "BASE_URL");
        check(&attribute!(#[serde(rename_all = "PascalCase")]), "base_url", "BaseUrl");
        check(&attribute!(#[serde(rename_all = "camelCase")]), "base_url", "baseUrl");
        check(&attribute!(#[serde(rename_all = "snake_case")]), "base_url", "base_url");
        check(&attribute!(#[serde(rename_all = "SCREAMING_SNAKE_CASE")]), "base_url", "BASE_URL");
        check(&attribute!(#[serde(rename_all = "kebab-case")]), "base_url", "base-url");
        check(&attribute!(#[serde(rename_all = "SCREAMING-KEBAB-CASE")]), "base_url", "BASE-URL");
        check(&attribute!(#[serde(rename_all(deserialize = "kebab-case"))]), "base_url", "base-url");
        check(&attribute!(#[serde(rename_all(serialize = "kebab-case"))]), "base_url", "base_url");
        check(&attribute!(#[serde(default, rename_all = "camelCase", bound = "")]), "base_url", "baseUrl");
    }

    #[track_caller]
    fn check_variant(attribute: &Attribute, expected: &str) {
        assert_eq!(RenameRule::of(&entries_of(attribute)).apply_to_variant("VerifyFull"), expected);
    }

    #[test]
    fn variants_become_names_as_serde_makes_them() {
        use syn::parse_quote as attribute;
        check_variant(&attribute!(#[serde(untagged)]), "VerifyFull");
        check_variant(&attribute!(#[serde(rename_all = "lowercase")]), "verifyfull");
        check_variant(&attribute!(#[serde(rename_all = "UPPERCASE")]), "VERIFYFULL");
        check_variant(&attribute!(#[serde(rename_all = "PascalCase")]), "VerifyFull");
        check_variant(&attribute!(#[serde(rename_all = "camelCase")]), "verifyFull");
        check_variant(&attribute!(#[serde(rename_all = "snake_case")]), "verify_full");
        check_variant(&attribute!(#[serde(rename_all = "SCREAMING_SNAKE_CASE")]), "VERIFY_FULL");
        check_variant(&attribute!(#[serde(rename_all = "kebab-case")]), "verify-full");
        check_variant(&attribute!(#[serde(rename_all = "SCREAMING-KEBAB-CASE")]), "VERIFY-FULL");
    }
}
