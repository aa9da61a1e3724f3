//! The argument `crate = path`: where the facade is, for crates that give it another name.

use syn::{Error, LitStr, Path, Result, Token, parse::ParseStream, parse_quote};

/// Where the expansion finds the facade crate.
#[derive(Default)]
pub(crate) enum Facade {
    #[default]
    Usual,
    /// Reported already.
    Malformed,
    Given(Path),
}

impl Facade {
    /// Whether the next argument is this one.
    pub(crate) fn is_next(input: ParseStream<'_>) -> bool {
        input.peek(Token![crate]) && input.peek2(Token![=])
    }

    pub(crate) fn read(&mut self, input: ParseStream<'_>) -> Result<()> {
        let keyword: Token![crate] = input.parse()?;
        input.parse::<Token![=]>()?;
        if !matches!(self, Self::Usual) {
            return Err(Error::new_spanned(keyword, "`crate` is given twice: remove this one"));
        }
        *self = Self::Malformed;
        *self = Self::Given(facade_path(input)?);
        Ok(())
    }

    pub(crate) fn path(&self) -> Path {
        match self {
            Self::Given(path) => path.clone(),
            Self::Usual | Self::Malformed => parse_quote!(::connection_registry),
        }
    }

    /// Whether [`path`](Self::path) is a mere guess, so that naming it may add errors.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Malformed)
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

/// For `crate` without a path.
pub(crate) const NEEDS_PATH: &str = "`crate` needs a path: `crate = renamed_registry`";
