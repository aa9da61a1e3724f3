//! Files that commands write: whole, or not at all.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::failure::Failure;
use crate::diagnostic::visible;

/// A file that a command is to write.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    force: bool,
}

/// Who may read a file that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whoever the process's own rules let.
    Usual,
    /// Its owner alone, since there are secrets in it.
    OwnerAlone,
}

impl OutputFile {
    /// A file that is not to be there yet, unless `force`.
    pub(super) fn new(path: &Path, force: bool) -> Self {
        Self { path: path.to_owned(), force }
    }

    /// Writes it. A file that is there keeps its permissions, and a symbolic link stays one: what it leads to is
    /// written.
    pub(super) fn write(&self, text: &str, readers: Readers) -> Result<(), Failure> {
        let written = if self.force && self.path.exists() {
            replace(&self.path, text, readers)
        } else {
            create(&self.path, text, readers)
        };
        written.map_err(|error| cannot_write(&self.path, &error))
    }

    /// Fails when it may not be written, before any work is done for it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let is_there = self.path.symlink_metadata().is_ok();
        if is_there && !self.force {
            Err(cannot_write(&self.path, &io::ErrorKind::AlreadyExists.into()))
        } else {
            Ok(())
        }
    }
}

/// Puts `text` in the place of what the file has.
pub(super) fn rewrite(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text, Readers::Usual).map_err(|error| cannot_write(path, &error))
}

fn create(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    if readers == Readers::Usual {
        use std::os::unix::fs::PermissionsExt;
        // Less what the process's mask takes away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = readers;
    let file = builder.tempfile_in(folder(path))?;
    filled(file, text)?.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let metadata = fs::metadata(&path)?;
    let file = filled(NamedTempFile::new_in(folder(&path))?, text)?;
    keep_owner(file.as_file(), &metadata);
    file.as_file().set_permissions(permissions(&metadata, readers))?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Those that it had, less what others have of them where its owner alone is to read it.
#[cfg(unix)]
fn permissions(metadata: &fs::Metadata, readers: Readers) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode();
    fs::Permissions::from_mode(if readers == Readers::OwnerAlone { mode & 0o700 } else { mode })
}

#[cfg(not(unix))]
fn permissions(metadata: &fs::Metadata, _: Readers) -> fs::Permissions {
    metadata.permissions()
}

/// As far as this user may: a file of somebody else that root changes stays theirs.
#[cfg(unix)]
fn keep_owner(file: &fs::File, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::File, _: &fs::Metadata) {}

fn filled(mut file: NamedTempFile, text: &str) -> io::Result<NamedTempFile> {
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::AlreadyExists => "it is there already".to_owned(),
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        // The system's words; tempfile adds its own path to them, which is gone by now.
        _ => error
            .raw_os_error()
            .map_or_else(|| error.kind().to_string(), |code| io::Error::from_raw_os_error(code).to_string()),
    };
    let help = (error.kind() == io::ErrorKind::AlreadyExists).then(|| "--force writes over it".to_owned());
    Failure::Write { path: visible(&path.to_string_lossy()).into_owned(), reason, help }
}
