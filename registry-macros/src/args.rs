//! The arguments of the attribute: the name, and where the facade is.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Error, Ident, Lit, LitStr, Path, Result, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    parse_quote,
};

use crate::problems::Problems;

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

enum Facade {
    Default,
    /// Reported already.
    Malformed,
    Given(Path),
}

impl Arguments {
    pub(crate) fn read(tokens: TokenStream, problems: &mut Problems) -> Self {
        let mut arguments = Self { name: Name::Missing, facade: Facade::Default };
        let list = |input: ParseStream<'_>| arguments.read_list(input, problems);
        if let Err(error) = list.parse2(tokens) {
            problems.add(error);
        }
        arguments
    }

    /// The path of the facade crate.
    pub(crate) fn facade(&self) -> Path {
        match &self.facade {
            Facade::Given(path) => path.clone(),
            Facade::Default | Facade::Malformed => parse_quote!(::connection_registry),
        }
    }

    /// Whether [`facade`](Self::facade) is a mere guess, so that naming it may add errors.
    pub(crate) fn facade_is_unknown(&self) -> bool {
        matches!(self.facade, Facade::Malformed)
    }

    fn read_list(&mut self, input: ParseStream<'_>, problems: &mut Problems) -> Result<()> {
        while !input.is_empty() {
            if let Err(error) = self.read_argument(input).and_then(|()| expect_comma(input)) {
                problems.add(error);
                skip_argument(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    }

    fn read_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        if input.peek(Lit) {
            self.read_name(&input.parse()?)
        } else if input.peek(Token![crate]) && input.peek2(Token![=]) {
            self.read_facade(input)
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

    fn read_facade(&mut self, input: ParseStream<'_>) -> Result<()> {
        let keyword: Token![crate] = input.parse()?;
        input.parse::<Token![=]>()?;
        if !matches!(self.facade, Facade::Default) {
            return Err(Error::new_spanned(keyword, "`crate` is given twice: remove this one"));
        }
        self.facade = Facade::Malformed;
        self.facade = Facade::Given(facade_path(input)?);
        Ok(())
    }

    fn refuse_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let argument = input.call(Ident::parse_any).map_err(|error| Error::new(error.span(), UNEXPECTED))?;
        let message = if argument == "crate" {
            "`crate` needs a path: `crate = renamed_registry`".to_owned()
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

fn facade_path(input: ParseStream<'_>) -> Result<Path> {
    let path = if input.peek(LitStr) {
        input.parse::<LitStr>()?.parse_with(Path::parse_mod_style)
    } else {
        input.call(Path::parse_mod_style)
    };
    path.map_err(|error| Error::new(error.span(), "expected a path, as in `crate = renamed_registry`"))
}

fn expect_comma(input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() || input.peek(Token![,]) { Ok(()) } else { Err(input.error("expected `,`")) }
}

fn skip_argument(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

const NOT_A_STRING: &str = "the name of a connection type is a string literal";
const UNEXPECTED: &str = "`#[connection_type(\"name\")]` takes a name, and `crate = path` where the crate is renamed";
