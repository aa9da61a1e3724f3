//! Every rule of the attribute. What is found here is reported all at once.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Data, Fields, Ident, LitStr, ext::IdentExt};

use crate::{
    args::{Arguments, Name},
    model::{Field, Model},
    problems::Problems,
    serde::{self, Entry},
};

/// Reports what is wrong; the name, when that is well-formed.
pub(crate) fn validate<'a>(arguments: &'a Arguments, model: &Model, problems: &mut Problems) -> Option<&'a LitStr> {
    let name = check_name(arguments, &model.input.ident, problems);
    check_attributes(model, problems);
    check_shape(model, problems);
    for field in &model.fields {
        check_field(field, problems);
    }
    name
}

/// Why a struct that is a connection type cannot have this container attribute of serde.
pub(crate) fn refused_on_struct(entry: &Entry) -> Option<&'static str> {
    let reason = match entry.name.to_string().as_str() {
        "crate" => {
            "`#[connection_type]` sets serde's crate itself: remove this, and use `crate = path` of \
                    `#[connection_type]` where `connection-registry` is renamed"
        }
        "transparent" => "a connection type is a table, which `transparent` takes away: remove it",
        "from" | "try_from" => {
            "a connection type is described by its own fields, which this conversion would \
                                 replace: convert a field, or check in `connect`"
        }
        "remote" => "a connection type is deserialized itself: `remote` belongs on a type of one of its fields",
        "tag" | "content" | "untagged" => "this is for enums: put the enum in one of the fields",
        _ => return None,
    };
    Some(reason)
}

fn check_name<'a>(arguments: &'a Arguments, ident: &Ident, problems: &mut Problems) -> Option<&'a LitStr> {
    match &arguments.name {
        Name::Malformed => None,
        Name::Missing => {
            let example = snake_case(&ident.unraw().to_string());
            let message = format!("a connection type needs a name: `#[connection_type(\"{example}\")]`");
            problems.at(Span::call_site(), message);
            None
        }
        Name::Given(name) => {
            if !is_well_formed(&name.value()) {
                problems.on(name, ill_formed_name(&name.value(), ident));
            }
            Some(name)
        }
    }
}

fn check_attributes(model: &Model, problems: &mut Problems) {
    if let Some(second) = model.second_attribute() {
        problems.on(second, "a struct is one connection type: remove this second `#[connection_type]`");
    }
    if let Some(derived) = model.own_deserialize() {
        problems.on(derived, "`#[connection_type]` derives `Deserialize` itself: remove it from this `derive`");
    }
    if model.as_struct().is_some() {
        for entry in &model.serde {
            if let Some(reason) = refused_on_struct(entry) {
                problems.on(entry, reason);
            }
        }
    }
}

fn check_shape(model: &Model, problems: &mut Problems) {
    match &model.input.data {
        Data::Enum(data) => {
            problems.on(data.enum_token, "a connection type must be a struct; put the enum in one of its fields");
        }
        Data::Union(data) => problems.on(data.union_token, "a connection type must be a struct"),
        Data::Struct(data) => {
            if let Fields::Unnamed(fields) = &data.fields {
                problems.on(fields, "a connection type needs named fields: they are the keys of its configuration");
            }
            check_generics(model, problems);
        }
    }
}

fn check_generics(model: &Model, problems: &mut Problems) {
    let generics = &model.input.generics;
    if generics.params.is_empty() {
        return;
    }
    let message = if generics.type_params().next().is_none() && generics.const_params().next().is_none() {
        "a connection type cannot borrow: its fields own what they hold, such as a `String`"
    } else {
        "a connection type cannot be generic: it is registered once, as one concrete type"
    };
    problems.on(generics, message);
}

fn check_field(field: &Field, problems: &mut Problems) {
    for attribute in field.attributes.iter().filter(|attribute| serde::is_conditional(attribute)) {
        problems.on(
            attribute,
            "the keys of a connection type cannot depend on a `cfg_attr`: write `#[serde(…)]` itself, or put a \
             `#[cfg(…)]` on the field",
        );
    }
    if let Some(flatten) = field.serde.iter().find(|entry| entry.name == "flatten") {
        problems.on(flatten, "a connection type cannot flatten a field, which hides its keys: use a nested table");
    }
    if field.is_key() {
        check_keys(field, problems);
    }
}

fn check_keys(field: &Field, problems: &mut Problems) {
    let is_name = |entry: &&Entry| entry.name == "rename" || entry.name == "alias";
    for name in field.serde.iter().filter(is_name).filter_map(|entry| entry.value.as_ref()) {
        check_key(&name.value(), name, problems);
    }
    if !field.is_renamed() {
        check_key(&field.key, &field.ident, problems);
    }
}

fn check_key(key: &str, place: &impl ToTokens, problems: &mut Problems) {
    if RESERVED_KEYS.contains(&key) {
        problems.on(place, format!("the key `{key}` is reserved: every connection has it; choose another one"));
    }
}

fn is_well_formed(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter))
}

fn ill_formed_name(name: &str, ident: &Ident) -> String {
    let repaired = repair(name).unwrap_or_else(|| snake_case(&ident.unraw().to_string()));
    let fault = if name.is_empty() {
        "the name of a connection type is empty".to_owned()
    } else {
        format!("{name:?} cannot be the name of a connection type")
    };
    format!("{fault}: use lower-case ASCII letters, digits, `-` and `_`, with a letter first, such as `\"{repaired}\"`")
}

/// The nearest well-formed name, when anything of `name` can be kept.
fn repair(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let words: Vec<_> = name.split(|letter| !allowed(letter)).filter(|word| !word.is_empty()).collect();
    let repaired = words.join("_");
    let repaired = repaired.trim_start_matches(|first: char| !first.is_ascii_lowercase());
    (!repaired.is_empty()).then(|| repaired.to_owned())
}

fn snake_case(type_name: &str) -> String {
    let mut snake = String::new();
    let mut previous_is_lower = false;
    for letter in type_name.chars() {
        if letter.is_ascii_uppercase() && previous_is_lower {
            snake.push('_');
        }
        previous_is_lower = !letter.is_ascii_uppercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

const RESERVED_KEYS: [&str; 5] = ["type", "enabled", "extends", "config_file", "lifecycle"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_repaired(name: &str, expected: Option<&str>) {
        assert!(!is_well_formed(name));
        let repaired = repair(name);
        assert_eq!(repaired.as_deref(), expected);
        assert!(repaired.is_none_or(|name| is_well_formed(&name)));
    }

    #[test]
    fn well_formed_names_are_lower_case_words() {
        for name in ["a", "postgres", "http-api", "s3", "my_db", "a--b_"] {
            assert!(is_well_formed(name), "{name}");
        }
    }

    #[test]
    fn an_ill_formed_name_is_repaired_as_far_as_it_goes() {
        check_repaired("My DB", Some("my_db"));
        check_repaired("Postgres", Some("postgres"));
        check_repaired("3com", Some("com"));
        check_repaired("-x", Some("x"));
        check_repaired("a::b.c", Some("a_b_c"));
        check_repaired("größe", Some("gr_e"));
        check_repaired("", None);
        check_repaired("42", None);
        check_repaired("数据库", None);
    }

    #[test]
    fn a_struct_name_becomes_a_connection_type_name() {
        assert_eq!(snake_case("TicketApi"), "ticket_api");
        assert_eq!(snake_case("HTTP"), "http");
    }
}
