//! The type of a field as text, and whether its values may be shown.

use proc_macro2::{Delimiter, Punct, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// Whether a diagnostic may show a value, judged by the name of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Secret,
    Public,
    Hidden,
}

impl Visibility {
    pub(crate) fn of(ty: &Type) -> Self {
        let Some(last) = last_segment(ty) else { return Self::Hidden };
        match last.ident.to_string().as_str() {
            "Secret" => Self::Secret,
            "Option" | "Vec" | "Box" => argument(last).map_or(Self::Hidden, Self::of),
            name if PUBLIC.contains(&name) => Self::Public,
            _ => Self::Hidden,
        }
    }
}

/// Whether the default of a field of this type may be shown, judged by its name: that of a plain number, boolean, duration,
/// text or path.
pub(crate) fn has_plain_default(ty: &Type) -> bool {
    let Some(last) = last_segment(ty) else { return false };
    match last.ident.to_string().as_str() {
        "Option" => argument(last).is_some_and(has_plain_default),
        name => PUBLIC.contains(&name) || name.starts_with("NonZero") || ["String", "PathBuf"].contains(&name),
    }
}

/// The type as its author would write it: `Option<u32>`.
pub(crate) fn text(ty: &Type) -> String {
    let mut text = String::new();
    write(ty.to_token_stream(), &mut text);
    text.trim().to_owned()
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => write_punct(&punct, text),
            TokenTree::Group(group) => {
                let (open, close) = delimiters(group.delimiter());
                space_after_word(text, open == "[");
                text.push_str(open);
                write(group.stream(), text);
                text.truncate(text.trim_end().len());
                text.push_str(close);
            }
            word => {
                space_after_word(text, true);
                text.push_str(&word.to_string());
            }
        }
    }
}

fn write_punct(punct: &Punct, text: &mut String) {
    match punct.as_char() {
        separator @ (',' | ';') => text.extend([separator, ' ']),
        operator @ ('+' | '=') => text.extend([' ', operator, ' ']),
        '-' if punct.spacing() == Spacing::Joint => text.push_str(" -"),
        '>' if text.ends_with('-') => text.push_str("> "),
        '>' => {
            text.truncate(text.trim_end().len());
            text.push('>');
        }
        other => text.push(other),
    }
}

fn space_after_word(text: &mut String, wanted: bool) {
    let follows_word = text.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '>' | ')'));
    if wanted && follows_word {
        text.push(' ');
    }
}

fn delimiters(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::None => ("", ""),
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(ty) if ty.qself.is_none() => ty.path.segments.last(),
        // A type that a `macro_rules!` passes on.
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

fn argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// What shows nothing that somebody may want to hide: numbers, `bool`, `Duration`.
const PUBLIC: [&str; 16] = [
    "bool", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
    "Duration",
];

#[cfg(test)]
mod tests {
    use syn::parse_str;

    use super::*;

    #[track_caller]
    fn check_text(written: &str, expected: &str) {
        assert_eq!(text(&parse_str(written).expect("it is a type")), expected);
    }

    #[track_caller]
    fn check_visibility(written: &str, expected: Visibility) {
        assert_eq!(Visibility::of(&parse_str(written).expect("it is a type")), expected);
    }

    #[test]
    fn types_are_spaced_as_an_author_would() {
        check_text("Option < u32 >", "Option<u32>");
        check_text(
            "std :: collections :: BTreeMap<String,Vec<Secret> ,>",
            "std::collections::BTreeMap<String, Vec<Secret>,>",
        );
        check_text("[ u8;4 ]", "[u8; 4]");
        check_text("( u8,String , )", "(u8, String,)");
        check_text("& 'static   str", "&'static str");
        check_text("&'static mut [u8]", "&'static mut [u8]");
        check_text("Box<dyn  Fn(u8,u8)->bool+Send+'static>", "Box<dyn Fn(u8, u8) -> bool + Send + 'static>");
        check_text("Box<dyn for<'a> Fn(&'a str)>", "Box<dyn for<'a> Fn(&'a str)>");
        check_text("<T as Iterator>::Item", "<T as Iterator>::Item");
        check_text("r#type::Value", "r#type::Value");
    }

    #[test]
    fn secrets_are_found_where_a_field_can_hold_them() {
        check_visibility("Secret", Visibility::Secret);
        check_visibility("connection_registry::Secret", Visibility::Secret);
        check_visibility("Option<Secret>", Visibility::Secret);
        check_visibility("Option<Vec<Box<Secret>>>", Visibility::Secret);
    }

    #[test]
    fn only_numbers_booleans_and_durations_are_public() {
        check_visibility("u16", Visibility::Public);
        check_visibility("Option<std::time::Duration>", Visibility::Public);
        check_visibility("Vec<f64>", Visibility::Public);
        check_visibility("(bool)", Visibility::Public);
        check_visibility("String", Visibility::Hidden);
        check_visibility("Option<String>", Visibility::Hidden);
        check_visibility("HashMap<String, u16>", Visibility::Hidden);
        check_visibility("(u8, u8)", Visibility::Hidden);
        check_visibility("<T as Trait>::u16", Visibility::Hidden);
    }

    #[test]
    fn the_defaults_of_plain_types_are_shown() {
        for (written, expected) in [
            ("u32", true),
            ("std::num::NonZeroU32", true),
            ("Option<Duration>", true),
            ("String", true),
            ("PathBuf", true),
            ("Secret", false),
            ("Option<Secret>", false),
            ("Vec<u32>", false),
            ("Own", false),
        ] {
            assert_eq!(has_plain_default(&parse_str(written).expect("it is a type")), expected, "{written}");
        }
    }
}
