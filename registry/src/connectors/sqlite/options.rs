//! From the fields to what the driver takes, and what must be there before SQLite opens it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{Sqlite, failure::cannot_open};
use crate::{BoxError, ConnectError, connectors::shared::blocking};

/// Where the database is, and how the driver opens it.
pub(super) struct Database {
    pub(super) options: SqliteConnectOptions,
    /// None when it is in memory.
    pub(super) file: Option<File>,
}

/// The file of a database.
#[derive(Clone)]
pub(super) struct File {
    path: PathBuf,
    create: bool,
}

impl Database {
    /// # Errors
    ///
    /// A permanent [`ConnectError`] when the URL is not one of SQLite.
    pub(super) fn new(settings: &Sqlite, config_dir: &Path) -> Result<Self, ConnectError> {
        let url = Url::parse(&settings.url).ok_or_else(|| ConnectError::permanent(format!("`url` {URL_FORM}")))?;
        let options = settings.url.parse::<SqliteConnectOptions>().map_err(ConnectError::permanent)?;
        let options = options.foreign_keys(true).busy_timeout(bounded(settings.busy_timeout));
        if url.is_memory() {
            return Ok(Self { options: in_memory(options), file: None });
        }
        let path = config_dir.join(options.get_filename());
        let read_only = settings.read_only || url.mode == Some("ro");
        let create = settings.create.unwrap_or(true) && !read_only && url.mode != Some("rw");
        Ok(Self { options: in_file(options, &path, read_only, create), file: Some(File { path, create }) })
    }
}

impl File {
    /// Makes the folder of a file that is to be created, and refuses what can never be a database.
    ///
    /// # Errors
    ///
    /// What the system says; permanent when trying again cannot help.
    pub(super) async fn prepare(&self) -> Result<(), BoxError> {
        let file = self.clone();
        let prepared = blocking::run(move || file.prepare_blocking()).await?;
        prepared.map_err(|error| cannot_open(&self.path, error))
    }

    // Never opens the file: closing it again would drop every lock that this process holds on it.
    fn prepare_blocking(&self) -> io::Result<()> {
        match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.create => {
                self.path.parent().map_or(Ok(()), fs::create_dir_all)
            }
            Err(error) => Err(error),
        }
    }
}

/// What is wrong with the URL.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    if Url::parse(url).is_none() {
        return Some(URL_FORM);
    }
    url.parse::<SqliteConnectOptions>()
        .is_err()
        .then_some("has a parameter, or the value of one, that the driver does not know")
}

/// Whether the URL itself says that no file is to be made.
pub(super) fn forbids_to_create(url: &str) -> bool {
    Url::parse(url).is_some_and(|url| matches!(url.mode, Some("ro" | "rw")))
}

/// What of `sqlite://NAME?mode=MODE` is decided here; the driver reads the rest.
struct Url<'a> {
    name: &'a str,
    mode: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("sqlite:")?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (name, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let url = Self { name, mode: parameters.split('&').find_map(|pair| pair.strip_prefix("mode=")) };
        // A name that starts with `file:` would be a URL once more, to SQLite.
        let wrong = name.starts_with("file:") || name.is_empty() && !url.is_memory();
        (!wrong).then_some(url)
    }

    fn is_memory(&self) -> bool {
        self.name == ":memory:" || self.mode == Some("memory")
    }
}

fn in_file(options: SqliteConnectOptions, path: &Path, read_only: bool, create: bool) -> SqliteConnectOptions {
    let options = options.filename(path).read_only(read_only).create_if_missing(create);
    if read_only {
        // The journal mode is written into the file.
        return options;
    }
    options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal)
}

/// In memory each connection would have a database of its own. SQLite's `memdb` gives all that name it one
/// database, with the locks of a file; its older shared cache has locks that do not heed `busy_timeout`.
fn in_memory(options: SqliteConnectOptions) -> SqliteConnectOptions {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let name = format!("/connection-registry-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    options.in_memory(false).shared_cache(false).create_if_missing(true).vfs("memdb").filename(name)
}

/// The driver panics at a busy timeout of more milliseconds than an `i32` holds, which is 24 days, and at any
/// wait that ends after the clock does.
pub(super) fn bounded(wait: Duration) -> Duration {
    wait.min(Duration::from_millis(i32::MAX as u64))
}

const URL_FORM: &str = "must be `sqlite:` with a path, such as `sqlite://data/app.db`, or `sqlite::memory:`";
