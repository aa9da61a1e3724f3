//! One derive from beginning to end.

use std::{env, path::PathBuf};

use proc_macro2::TokenStream;
use syn::LitStr;

use super::{
    check::{self, Checked},
    configuration::Configuration,
    expand,
    model::Model,
};
use crate::problems::Problems;

/// The code for the struct `item`, with every problem of it.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut problems = Problems::default();
    let model = match Model::read(item, &mut problems) {
        Ok(model) => model,
        Err(error) => return error.into_compile_error(),
    };
    let configuration = model.file().and_then(|file| read(file, &mut problems));
    let checked = match &configuration {
        Some(configuration) => check::check(&model, configuration, &mut problems),
        None => Checked::default(),
    };
    let files = configuration.as_ref().map(Configuration::files).unwrap_or_default();
    expand::expand(&model, &checked, files, problems)
}

/// The configuration of the argument `file`.
fn read(file: &LitStr, problems: &mut Problems) -> Option<Configuration> {
    let given = PathBuf::from(file.value());
    let root = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(root) => PathBuf::from(root),
        None if given.is_absolute() => PathBuf::new(),
        None => {
            problems
                .on(file, "there is no `CARGO_MANIFEST_DIR`, which this path is relative to: write an absolute path");
            return None;
        }
    };
    let read = Configuration::read(&root, &given);
    read.map_err(|messages| messages.into_iter().for_each(|message| problems.on(file, message))).ok()
}
