//! [`Watched`]: what a configuration was read from, and so what to look at for changes.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    interpolate::{self, Piece, Scheme},
    source,
    value::Value,
};

/// The files and folders that a configuration depends on: absolute paths as they are opened, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Those whose content matters, or would if they appeared.
    pub(crate) files: Vec<PathBuf>,
    /// Those in which a new file may match a pattern of `include`.
    pub(crate) folders: Vec<PathBuf>,
}

/// What has been read so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Reads {
    pub(super) fn file(&mut self, path: &Path) {
        self.files.insert(absolute(path));
    }

    pub(super) fn folder(&mut self, path: &Path) {
        self.folders.insert(absolute(path));
    }

    /// The files that placeholders in `value` name.
    pub(super) fn files_of_placeholders(&mut self, value: &Value, config_dir: &Path) {
        value.for_each_template("", &mut |_, text, _| {
            for piece in interpolate::pieces(text).flatten() {
                let Piece::Placeholder(placeholder) = piece else { continue };
                let path = Path::new(placeholder.name);
                if placeholder.scheme == Scheme::File && source::is_readable(path) {
                    self.file(&config_dir.join(path));
                }
            }
        });
    }

    pub(super) fn into_watched(self) -> Watched {
        Watched { files: self.files.into_iter().collect(), folders: self.folders.into_iter().collect() }
    }
}

/// For a program that later changes its working directory.
fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
