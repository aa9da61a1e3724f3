//! The passes in order, and the reading of all files.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    check,
    configuration::Configuration,
    context::Context,
    environment::Environment,
    extends, include, layer,
    name::printable,
    overrides, parse, profile, public,
    source::{self, ReadError},
    types::Types,
    value::Table,
};
use crate::{
    diagnostic::{Code, Diagnostic, Problem},
    span::{SourceId, SourceKind, Span},
};

/// What to load, and with what.
#[derive(Clone, Debug)]
pub(crate) struct LoadRequest {
    pub(crate) main: MainSource,
    /// The profile; without one, that of the variable `CONNECTIONS_PROFILE`.
    pub(crate) profile: Option<String>,
    pub(crate) environment: Environment,
    /// Whether a file of a placeholder that others can read is an error.
    pub(crate) strict_permissions: bool,
    /// The size limit of each file, in bytes.
    pub(crate) max_bytes: u64,
}

/// The main file.
#[derive(Clone)]
pub(crate) enum MainSource {
    File(PathBuf),
    /// TOML given by the program; paths in it are relative to `config_dir`.
    Text {
        text: String,
        config_dir: PathBuf,
    },
}

/// Loads a configuration: reads, parses, layers and checks everything. Connects nothing, and resolves no
/// placeholder of a connection type's field.
pub(crate) fn load<T: Types>(request: &LoadRequest, types: &T) -> Result<Configuration<T::Instance>, Vec<Diagnostic>>
where
    T::Instance: Clone,
{
    let mut context = Context::new(request);
    let documents = read(&mut context);
    if context.is_broken() {
        // Recovery moves keys from table to table: nothing else that could be said now would be true.
        context.problems.retain(|problem| matches!(problem.code, Code::Syntax | Code::Unreadable | Code::Duplicate));
        return Err(context.into_diagnostics());
    }
    let mut layers = layer::stack(documents, types, &mut context);
    overrides::apply(&mut layers, types, &mut context);
    let connections = extends::inherit(layer::split(&mut layers, &mut context), &mut context);
    let checked = check::check(connections, &layers.defaults, types, &mut context);
    if context.problems.is_empty() {
        Ok(Configuration::new(checked, context))
    } else {
        context.public.extend(layers.defaults.lifecycle.iter().flat_map(public::all));
        context.public.extend(checked.iter().flat_map(public::spans));
        Err(context.into_diagnostics())
    }
}

/// A file as a table.
pub(super) struct Document {
    pub(super) source: SourceId,
    pub(super) root: Table,
}

/// All files of one load.
pub(super) struct Documents {
    /// In the order of the include list, each pattern sorted by name.
    pub(super) includes: Vec<Document>,
    pub(super) main: Document,
    pub(super) profile: Option<Document>,
}

impl MainSource {
    /// The folder that paths of the configuration are relative to, as the user wrote it.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::File(path) => path.parent().unwrap_or(Path::new("")),
            Self::Text { config_dir, .. } => config_dir,
        }
    }

    /// The same as an absolute path, for a program that later changes its working directory.
    pub(super) fn config_dir(&self) -> Arc<Path> {
        let folder = match self.folder() {
            empty if empty.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        };
        std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).into()
    }
}

// By hand: the text holds values.
impl fmt::Debug for MainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text { text: _, config_dir } => {
                f.debug_struct("Text").field("config_dir", config_dir).finish_non_exhaustive()
            }
        }
    }
}

fn read(context: &mut Context<'_>) -> Documents {
    let mut main = read_main(context);
    let includes = include::take(&mut main, context);
    let profile = profile::read(context);
    Documents { includes, main, profile }
}

fn read_main(context: &mut Context<'_>) -> Document {
    let request = context.request;
    match &request.main {
        MainSource::File(path) => read_document(path, context).unwrap_or_else(|error| {
            let problem = unreadable(path, &error);
            context.add(problem);
            add_document(&printable(&path.to_string_lossy()), String::new(), context)
        }),
        MainSource::Text { text, .. } => add_document(TEXT_NAME, text.clone(), context),
    }
}

/// Reads and parses one file of the configuration.
pub(super) fn read_document(path: &Path, context: &mut Context<'_>) -> Result<Document, ReadError> {
    let file = source::read(path, context.request.max_bytes)?;
    Ok(add_document(&printable(&path.to_string_lossy()), file.text, context))
}

/// The same, for a file that is named at `span`; a failure becomes a problem there.
pub(super) fn read_named(path: &Path, span: Span, context: &mut Context<'_>) -> Option<Document> {
    let found = read_document(path, context);
    found.map_err(|error| context.add(Problem { span: Some(span), ..unreadable(path, &error) })).ok()
}

fn add_document(name: &str, text: String, context: &mut Context<'_>) -> Document {
    let source = context.sources.add(name, text, SourceKind::File);
    Document { source, root: parse::parse(source, context) }
}

pub(super) fn unreadable(path: &Path, error: &ReadError) -> Problem {
    Problem::without_place(Code::Unreadable, format!("cannot read `{}`: {error}", printable(&path.to_string_lossy())))
}

/// Stands for the file name where the program gave the text itself.
const TEXT_NAME: &str = "<text>";
