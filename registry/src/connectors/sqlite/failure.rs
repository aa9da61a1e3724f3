//! Why a database cannot be used, and whether trying again can help.

use std::{
    error::Error as StdError,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{BoxError, ConnectError, connectors::shared::blocking};

/// The driver's error with the file's name, and with the system's own reason where SQLite has none.
pub(super) async fn explain(path: &Path, error: sqlx::Error) -> BoxError {
    let code = result_code(&error);
    if code == Some(CANNOT_OPEN) {
        let asked = path.to_owned();
        if let Ok(Err(reason)) = blocking::run(move || openable(&asked)).await {
            return cannot_open(path, reason);
        }
    }
    let failure = Failure { path: path.to_owned(), cause: error.into() };
    classify(failure, code.is_some_and(|code| PERMANENT.contains(&code)))
}

/// Why the file cannot be opened, as far as the system tells without opening it: closing it again would drop every lock that
/// this process holds on it. What it does not tell may pass, such as too many open files.
fn openable(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::read_dir(folder)?;
    }
    let found = fs::metadata(path)?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o444 == 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(())
}

/// The system's error with the file's name.
pub(super) fn cannot_open(path: &Path, error: io::Error) -> BoxError {
    use io::ErrorKind::{InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    let permanent = matches!(
        error.kind(),
        InvalidInput | IsADirectory | NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem
    );
    classify(Failure { path: path.to_owned(), cause: error.into() }, permanent)
}

/// Whether another connection or process holds the lock.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    result_code(error) == Some(BUSY)
}

/// Neither an answer nor an error.
pub(super) fn no_answer(path: &Path, patience: Duration) -> BoxError {
    cannot_open(path, io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {patience:?}")))
}

/// A database that cannot be used, and the cause.
#[derive(Debug)]
struct Failure {
    path: PathBuf,
    cause: BoxError,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the SQLite database `{}`", self.path.display())
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

fn classify(failure: Failure, permanent: bool) -> BoxError {
    if permanent { ConnectError::permanent(failure) } else { ConnectError::transient(failure) }.into()
}

/// The primary result code, the low byte of the extended one.
fn result_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// `SQLITE_BUSY`.
const BUSY: i32 = 5;

/// `SQLITE_CANTOPEN`.
const CANNOT_OPEN: i32 = 14;

/// `SQLITE_PERM`, `READONLY`, `CORRUPT`, `AUTH`, `NOTADB`: somebody must change something first.
const PERMANENT: [i32; 5] = [3, 8, 11, 23, 26];
