//! The files of a configuration, read and laid over each other.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{
    document::{Document, FilePath},
    include,
    layers::{Found, Layers},
    place::shown,
    profile,
    template::has_braces,
};

/// What a main file declares, with the files that it includes and those of all its profiles.
pub(in crate::connections) struct Configuration {
    main: FilePath,
    without_profile: Layers,
    profiles: Vec<Layers>,
    files: Vec<PathBuf>,
}

impl Configuration {
    /// Reads the main file `given`, which is relative to the folder `root`, and the files that belong to it.
    ///
    /// # Errors
    ///
    /// A message for each file that cannot be read or is not TOML.
    pub(in crate::connections) fn read(root: &Path, given: &Path) -> Result<Self, Vec<String>> {
        let main = FilePath { path: root.join(given), shown: given.to_owned() };
        let mut loading = Loading::default();
        let document = loading.read(&main).map_err(|message| vec![with_help(message, &main)])?;
        let mut without_profile = Layers::default();
        for included in loading.includes(&document, &main) {
            without_profile.lay(included);
        }
        without_profile.lay(document);
        let mut profiles = Vec::new();
        for file in profile::files(&main) {
            match loading.read(&file) {
                Ok(document) => {
                    let mut layers = without_profile.clone();
                    layers.lay(document);
                    profiles.push(layers);
                }
                Err(message) => loading.messages.push(message),
            }
        }
        let Loading { files, messages } = loading;
        if messages.is_empty() { Ok(Self { main, without_profile, profiles, files }) } else { Err(messages) }
    }

    /// The files that were read.
    pub(in crate::connections) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The names of all connections and templates, sorted.
    pub(in crate::connections) fn names(&self) -> Vec<&str> {
        let layers = std::iter::once(&self.without_profile).chain(&self.profiles);
        let mut names: Vec<_> = layers.flat_map(Layers::names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names that a field can have, but for those of templates.
    pub(in crate::connections) fn connections(&self) -> impl Iterator<Item = &str> {
        self.names().into_iter().filter(|name| !has_braces(name))
    }

    /// What is declared under `name`, or as a template that it fits.
    pub(in crate::connections) fn find(&self, name: &str) -> Option<Found> {
        Found::of(name, &self.without_profile, &self.profiles)
    }

    /// The files, for a message.
    pub(in crate::connections) fn described(&self) -> String {
        let main = shown(&self.main.shown);
        match self.files.len() - 1 {
            0 => format!("`{main}`"),
            1 => format!("`{main}` and the file that belongs to it"),
            more => format!("`{main}` and the {more} files that belong to it"),
        }
    }
}

/// What is known so far.
#[derive(Default)]
struct Loading {
    files: Vec<PathBuf>,
    messages: Vec<String>,
}

impl Loading {
    fn read(&mut self, file: &FilePath) -> Result<Document, String> {
        let document = Document::read(file)?;
        self.files.push(file.path.clone());
        Ok(document)
    }

    /// The files that `main` includes, each once.
    fn includes(&mut self, document: &Document, main: &FilePath) -> Vec<Document> {
        let mut seen = HashSet::from([main.path.clone()]);
        let mut documents = Vec::new();
        for include in &document.includes {
            let files = include::expand(include, main).unwrap_or_else(|message| {
                self.messages.push(format!("{}: {message}", include.place));
                Vec::new()
            });
            for file in files.iter().filter(|file| seen.insert(file.path.clone())) {
                match self.read(file) {
                    Ok(document) => documents.push(document),
                    Err(message) => self.messages.push(format!("{message} (included at {})", include.place)),
                }
            }
        }
        documents
    }
}

/// Says where a relative path is meant from, unless the file was found.
fn with_help(message: String, main: &FilePath) -> String {
    if main.path.exists() || main.shown.is_absolute() {
        return message;
    }
    format!("{message}; the path is relative to the folder of this package's `Cargo.toml`")
}
