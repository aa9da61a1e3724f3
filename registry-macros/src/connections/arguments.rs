//! `#[connections(file = "…", crate = path)]` on the struct, `#[connection(name = "…", type = path)]` on its fields.

use syn::{
    Attribute, Error, Ident, LitStr, Path, Result, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
};

use crate::{
    facade::{Facade, NEEDS_PATH},
    list::read_list,
    problems::Problems,
};

/// What the struct says.
#[derive(Default)]
pub(super) struct StructArguments {
    pub(super) file: Option<LitStr>,
    pub(super) facade: Facade,
}

/// What one field says.
#[derive(Default)]
pub(super) struct FieldArguments {
    pub(super) name: Option<LitStr>,
    /// The connection type that the file is to have.
    pub(super) connection_type: Option<Path>,
}

impl StructArguments {
    pub(super) fn read(attributes: &[Attribute], problems: &mut Problems) -> Self {
        let mut arguments = Self::default();
        read_all(attributes, "connections", problems, |input| arguments.read_argument(input));
        arguments
    }

    fn read_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        if Facade::is_next(input) {
            return self.facade.read(input);
        }
        let key = key(input, ON_STRUCT)?;
        if key == "crate" {
            Err(Error::new_spanned(key, NEEDS_PATH))
        } else if key == "file" {
            fill(&mut self.file, &key, input, "`file` needs a path in quotes: `file = \"connections.toml\"`")
        } else {
            Err(unknown(&key, ON_STRUCT))
        }
    }
}

impl FieldArguments {
    pub(super) fn read(attributes: &[Attribute], problems: &mut Problems) -> Self {
        let mut arguments = Self::default();
        read_all(attributes, "connection", problems, |input| arguments.read_argument(input));
        arguments
    }

    fn read_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let key = key(input, ON_FIELD)?;
        if key == "name" {
            fill(&mut self.name, &key, input, "`name` needs a text in quotes: `name = \"cache-eu\"`")
        } else if key == "type" {
            let needs = "`type` needs the Rust type that declares the connection type: `type = Redis`";
            fill_by(&mut self.connection_type, &key, input, needs, Path::parse_mod_style)
        } else {
            Err(unknown(&key, ON_FIELD))
        }
    }
}

/// Reads the arguments of every attribute of that name.
fn read_all(
    attributes: &[Attribute],
    name: &str,
    problems: &mut Problems,
    mut read: impl FnMut(ParseStream<'_>) -> Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let tokens = match attribute.meta.require_list() {
            Ok(list) => list.tokens.clone(),
            Err(error) => {
                problems.add(error);
                continue;
            }
        };
        let list = |input: ParseStream<'_>| read_list(input, problems, &mut read);
        if let Err(error) = list.parse2(tokens) {
            problems.add(error);
        }
    }
}

fn key(input: ParseStream<'_>, expected: &str) -> Result<Ident> {
    input.call(Ident::parse_any).map_err(|error| Error::new(error.span(), expected))
}

fn fill(slot: &mut Option<LitStr>, key: &Ident, input: ParseStream<'_>, needs: &str) -> Result<()> {
    fill_by(slot, key, input, needs, <LitStr as Parse>::parse)
}

/// Reads `= value` for an argument that may be there once.
fn fill_by<T>(
    slot: &mut Option<T>,
    key: &Ident,
    input: ParseStream<'_>,
    needs: &str,
    value: fn(ParseStream<'_>) -> Result<T>,
) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new_spanned(key, format!("`{key}` is given twice: remove this one")));
    }
    if !input.peek(Token![=]) {
        return Err(Error::new_spanned(key, needs));
    }
    input.parse::<Token![=]>()?;
    *slot = Some(value(input).map_err(|error| Error::new(error.span(), needs))?);
    Ok(())
}

fn unknown(key: &Ident, expected: &str) -> Error {
    Error::new_spanned(key, format!("unknown argument `{key}`: {expected}"))
}

const ON_STRUCT: &str =
    "`#[connections]` takes `file = \"connections.toml\"`, and `crate = path` where the crate is renamed";
const ON_FIELD: &str = "`#[connection]` takes `name = \"cache-eu\"` and `type = Redis`";
