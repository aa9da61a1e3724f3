//! Lists of arguments, of which each mistake is reported and the rest is read all the same.

use proc_macro2::TokenTree;
use syn::{Result, Token, parse::ParseStream};

use crate::problems::Problems;

/// Reads arguments with commas between them, each by `read`.
///
/// # Errors
///
/// None that `read` gives: these are added to `problems`.
pub(crate) fn read_list(
    input: ParseStream<'_>,
    problems: &mut Problems,
    mut read: impl FnMut(ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    while !input.is_empty() {
        if let Err(error) = read(input).and_then(|()| expect_comma(input)) {
            problems.add(error);
            skip_argument(input)?;
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(())
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
