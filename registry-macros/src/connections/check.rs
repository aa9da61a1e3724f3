//! The fields compared with what the files declare.

use proc_macro2::Span;
use syn::Path;

use super::{
    configuration::{Configuration, Found},
    model::{Field, Model},
    suggest::{did_you_mean, listing},
};
use crate::problems::Problems;

/// What only the compiler can tell, or should: each becomes a piece of code.
#[derive(Default)]
pub(super) struct Checked<'a> {
    pub(super) types: Vec<ExpectedType<'a>>,
    pub(super) warnings: Vec<Warning>,
}

/// A `type = Redis` to be compared with the type that a file has.
pub(super) struct ExpectedType<'a> {
    pub(super) rust_type: &'a Path,
    pub(super) connection: &'a str,
    /// The name in the file.
    pub(super) type_name: String,
    /// Where that stands.
    pub(super) place: String,
}

/// A warning at a field.
pub(super) struct Warning {
    pub(super) span: Span,
    pub(super) text: String,
}

/// Compares every field; what is wrong is added to `problems`.
pub(super) fn check<'a>(model: &'a Model, configuration: &Configuration, problems: &mut Problems) -> Checked<'a> {
    let mut checked = Checked::default();
    for field in &model.fields {
        match configuration.find(&field.name) {
            Some(found) if found.is_template => problems.at(field.span(), is_template(&field.name)),
            Some(found) => {
                check_enabled(field, &found, problems);
                checked.types.extend(expected_types(field, found));
            }
            None if field.is_optional() => checked.warnings.extend(probable_slip(field, model, configuration)),
            None => problems.at(field.span(), unknown(field, configuration)),
        }
    }
    checked
}

fn check_enabled(field: &Field, found: &Found, problems: &mut Problems) {
    if let Some(place) = found.disabled_at.as_ref().filter(|_| !field.is_optional()) {
        let name = field.name.escape_debug();
        let help = "make the field an `Option`, which is `None` then, or enable the connection";
        problems.at(field.span(), format!("connection `{name}` is disabled at {place}: {help}"));
    }
}

fn expected_types(field: &Field, found: Found) -> impl Iterator<Item = ExpectedType<'_>> {
    let types = found.types.into_iter();
    types.filter_map(|(type_name, place)| {
        let rust_type = field.connection_type.as_ref()?;
        Some(ExpectedType { rust_type, connection: &field.name, type_name, place: place.to_string() })
    })
}

/// No file has the name of a field that may be empty. That is no error; but it is probably a slip where the name is near to
/// one that no field has.
fn probable_slip(field: &Field, model: &Model, configuration: &Configuration) -> Option<Warning> {
    let is_free = |name: &&str| model.fields.iter().all(|other| other.name != **name);
    let near = did_you_mean(&field.name, configuration.connections().filter(is_free))?;
    let (name, files) = (field.name.escape_debug(), configuration.described());
    let text = format!("no connection is called `{name}` in {files}, so this is `None`: {}", did_you(field, near));
    Some(Warning { span: field.span(), text })
}

fn unknown(field: &Field, configuration: &Configuration) -> String {
    let names = configuration.names();
    let help = match did_you_mean(&field.name, configuration.connections()) {
        _ if names.is_empty() => "none is declared".to_owned(),
        Some(near) => format!("{} these are declared: {}", did_you(field, near), listing(&names)),
        None => format!("these are declared: {}", listing(&names)),
    };
    format!("no connection is called `{}` in {}: {help}", field.name.escape_debug(), configuration.described())
}

/// `did you mean `cache-eu`?`, with the argument to write where the name is none of a field.
fn did_you(field: &Field, near: &str) -> String {
    let near = near.escape_debug().to_string();
    if field.given_name.is_some() || syn::parse_str::<syn::Ident>(&near).is_ok() {
        format!("did you mean `{near}`?")
    } else {
        format!("did you mean `{near}`? write `#[connection(name = \"{near}\")]`;")
    }
}

fn is_template(name: &str) -> String {
    let name = name.escape_debug();
    format!("`{name}` is a template: name a connection of it, with a value in the place of each capture")
}
