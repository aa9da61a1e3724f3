//! One file: what it includes, and the connections that it declares.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    layers::Declaration,
    place::{Place, shown},
    source, syntax,
};

/// A file, read.
#[derive(Default)]
pub(super) struct Document {
    pub(super) includes: Vec<Include>,
    /// By name, in the order of the file.
    pub(super) connections: Vec<(String, Declaration)>,
}

/// One item of `include`.
pub(super) struct Include {
    /// `None` when it is no plain string.
    pub(super) path: Option<String>,
    pub(super) place: Place,
}

/// A file of the configuration: where it is, and how messages call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilePath {
    pub(super) path: PathBuf,
    pub(super) shown: PathBuf,
}

impl FilePath {
    /// The file `path`, relative to the folder of this one.
    pub(super) fn beside(&self, path: impl AsRef<Path>) -> Self {
        let beside = |own: &Path| own.parent().unwrap_or(Path::new("")).join(&path);
        Self { path: beside(&self.path), shown: beside(&self.shown) }
    }
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, or what of it is not TOML: a message without a value of the file.
    pub(super) fn read(file: &FilePath) -> Result<Self, String> {
        let name = shown(&file.shown);
        let text = source::read(&file.path).map_err(|reason| format!("cannot read `{name}`: {reason}"))?;
        Self::parse(&name, &text)
    }

    /// Reads the text of the file called `name`.
    ///
    /// # Errors
    ///
    /// What of it is not TOML.
    pub(super) fn parse(name: &Rc<str>, text: &str) -> Result<Self, String> {
        let (root, errors) = DeTable::parse_recoverable(text);
        if let Some(message) = syntax::message(name, text, &errors) {
            return Err(message);
        }
        let reader = Reader { name, text };
        let mut document = Self::default();
        for (key, value) in root.get_ref() {
            match (&**key.get_ref(), value.get_ref()) {
                ("include", DeValue::Array(items)) => {
                    document.includes = items.iter().map(|item| reader.include(item)).collect();
                }
                ("include", _) => document.includes = vec![Include { path: None, place: reader.place(value) }],
                ("connections", DeValue::Table(connections)) => document.connections = reader.connections(connections),
                // Whatever else is wrong is said when the configuration is loaded or checked.
                _ => {}
            }
        }
        Ok(document)
    }
}

/// Takes what is needed out of the tree of a text.
struct Reader<'a> {
    name: &'a Rc<str>,
    text: &'a str,
}

impl Reader<'_> {
    fn include(&self, item: &Spanned<DeValue<'_>>) -> Include {
        Include { path: plain_text(item), place: self.place(item) }
    }

    fn connections(&self, connections: &DeTable<'_>) -> Vec<(String, Declaration)> {
        let declarations = connections.iter().filter_map(|(name, keys)| match keys.get_ref() {
            DeValue::Table(keys) => Some((name.get_ref().to_string(), self.declaration(keys))),
            _ => None,
        });
        declarations.collect()
    }

    fn declaration(&self, keys: &DeTable<'_>) -> Declaration {
        let mut declaration = Declaration::default();
        for (key, value) in keys {
            match &**key.get_ref() {
                "type" => declaration.type_name = plain_text(value).map(|text| (text, self.place(value))),
                "extends" => declaration.extends = plain_text(value),
                "enabled" => {
                    let is_off = matches!(value.get_ref(), DeValue::Boolean(false));
                    declaration.disabled_at = Some(is_off.then(|| self.place(value)));
                }
                _ => {}
            }
        }
        declaration
    }

    fn place(&self, value: &Spanned<DeValue<'_>>) -> Place {
        Place::new(self.name, self.text, &value.span())
    }
}

/// The text of a string without placeholders.
fn plain_text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) if !text.contains("${") => Some(text.to_string()),
        _ => None,
    }
}
