//! One file of the configuration, read and parsed.

use std::path::Path;

use super::{
    context::Context,
    name::printable,
    parse,
    request::MainSource,
    source::{self, ReadError},
    value::Table,
};
use crate::{
    diagnostic::{Code, Problem},
    span::{SourceId, SourceKind, Span},
};

/// A file as a table.
pub(super) struct Document {
    pub(super) source: SourceId,
    pub(super) root: Table,
}

/// Reads and parses the main file. One that cannot be read counts as empty.
pub(super) fn read_main(context: &mut Context<'_>) -> Document {
    let request = context.request;
    match &request.main {
        MainSource::File(path) => read_document(path, context).unwrap_or_else(|error| {
            let name = printable(&path.to_string_lossy());
            context.add(Problem::without_place(Code::Unreadable, format!("cannot be read: {error}")).file(&*name));
            add_document(&name, String::new(), context)
        }),
        MainSource::Text { text, name, .. } => {
            let name = name.as_deref().map_or_else(|| TEXT_NAME.to_owned(), printable);
            add_document(&name, text.clone(), context)
        }
    }
}

/// Reads and parses one file of the configuration.
pub(super) fn read_document(path: &Path, context: &mut Context<'_>) -> Result<Document, ReadError> {
    context.reads.file(path);
    let file = source::read(path, context.request.max_bytes)?;
    Ok(add_document(&printable(&path.to_string_lossy()), file.text, context))
}

/// The same, for a file that is named at `span`; a failure becomes a problem there. `None` also for one that is not
/// TOML.
pub(super) fn read_named(path: &Path, span: Span, key_path: String, context: &mut Context<'_>) -> Option<Document> {
    let problem = |error| Problem { span: Some(span), ..unreadable(path, &error) }.key_path(key_path);
    let document = read_document(path, context).map_err(|error| context.add(problem(error))).ok()?;
    (!context.sources.get(document.source).broken).then_some(document)
}

fn add_document(name: &str, text: String, context: &mut Context<'_>) -> Document {
    let source = context.sources.add(name, text, SourceKind::File);
    Document { source, root: parse::parse(source, context) }
}

pub(super) fn unreadable(path: &Path, error: &ReadError) -> Problem {
    Problem::without_place(Code::Unreadable, format!("cannot read `{}`: {error}", printable(&path.to_string_lossy())))
        .maybe_help(error.not_found.then(|| "a relative path is meant from the folder of the configuration".to_owned()))
}

/// Stands for the file name where the program gave the text itself.
const TEXT_NAME: &str = "<text>";
