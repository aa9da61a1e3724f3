//! The arguments of the attribute: the name, and where the facade is.

use proc_macro2::TokenStream;
use syn::{
    Error, Ident, Lit, LitStr, Path, Result, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use crate::{
    facade::{Facade, NEEDS_PATH},
    list::read_list,
    problems::Problems,
};

/// `"name", crate = path`, as far as it could be read.
pub(crate) struct Arguments {
    pub(crate) name: Name,
    facade: Facade,
}

/// The first argument.
pub(crate) enum Name {
    Missing,
    /// Something else stands in its place, and has been reported.
    Malformed,
    Given(LitStr),
}

impl Arguments {
    pub(crate) fn read(tokens: TokenStream, problems: &mut Problems) -> Self {
        let mut arguments = Self { name: Name::Missing, facade: Facade::default() };
        let list = |input: ParseStream<'_>| read_list(input, problems, |input| arguments.read_argument(input));
        if let Err(error) = list.parse2(tokens) {
            problems.add(error);
        }
        arguments
    }

    /// The path of the facade crate.
    pub(crate) fn facade(&self) -> Path {
        self.facade.path()
    }

    /// Whether [`facade`](Self::facade) is a mere guess, so that naming it may add errors.
    pub(crate) fn facade_is_unknown(&self) -> bool {
        self.facade.is_unknown()
    }

    fn read_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        if input.peek(Lit) {
            self.read_name(&input.parse()?)
        } else if Facade::is_next(input) {
            self.facade.read(input)
        } else {
            self.refuse_argument(input)
        }
    }

    fn read_name(&mut self, literal: &Lit) -> Result<()> {
        let Lit::Str(name) = literal else {
            self.name = Name::Malformed;
            return Err(Error::new_spanned(literal, NOT_A_STRING));
        };
        if matches!(self.name, Name::Given(_)) {
            return Err(Error::new_spanned(literal, "a connection type has one name: remove this one"));
        }
        self.name = Name::Given(name.clone());
        Ok(())
    }

    fn refuse_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let argument = input.call(Ident::parse_any).map_err(|error| Error::new(error.span(), UNEXPECTED))?;
        let message = if argument == "crate" {
            NEEDS_PATH.to_owned()
        } else if input.peek(Token![=]) || matches!(self.name, Name::Given(_)) {
            format!("unknown argument `{argument}`: {UNEXPECTED}")
        } else if input.is_empty() || input.peek(Token![,]) {
            format!("{NOT_A_STRING}: write `\"{argument}\"`")
        } else {
            NOT_A_STRING.to_owned()
        };
        if argument != "crate" {
            self.name.or_malformed();
        }
        Err(Error::new_spanned(argument, message))
    }
}

impl Name {
    // What stands elsewhere was probably meant as the name, unless there is one.
    fn or_malformed(&mut self) {
        if matches!(self, Self::Missing) {
            *self = Self::Malformed;
        }
    }
}

const NOT_A_STRING: &str = "the name of a connection type is a string literal";
const UNEXPECTED: &str = "`#[connection_type(\"name\")]` takes a name, and `crate = path` where the crate is renamed";
