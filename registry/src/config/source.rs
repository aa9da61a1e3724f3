//! Reads the files that a configuration names: regular files only, bounded, and never waiting.

use std::{
    fmt, fs,
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    path::{Component, Path},
};

/// The text of a file.
pub(crate) struct FileText {
    pub(crate) text: String,
    /// Whether the group or everybody may read the file.
    pub(crate) exposed: bool,
}

/// Why a file was not read; its text names neither the path nor any content.
#[derive(Debug)]
pub(crate) struct ReadError {
    reason: String,
    pub(crate) not_found: bool,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Reads a regular file, or a symbolic link to one, of at most `limit` bytes of UTF-8.
pub(crate) fn read(path: &Path, limit: u64) -> Result<FileText, ReadError> {
    // Asked before opening as well, since opening a device can already do something.
    regular(&fs::metadata(path)?, limit)?;
    let file = open(path)?;
    let metadata = file.metadata()?;
    regular(&metadata, limit)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| ReadError::new(format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to())))?;
    Ok(FileText { text, exposed: is_exposed(&metadata) })
}

/// Whether a path of the configuration stays below the folder that it is relative to, as far as its text says.
/// Symbolic links are followed later: Kubernetes mounts every file as one.
pub(super) fn stays_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Whether the path of a placeholder may be read: it is absolute, or stays below the folder of the configuration.
pub(super) fn is_readable(path: &Path) -> bool {
    path.has_root() || stays_inside(path)
}

impl ReadError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), not_found: false }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        let not_found = error.kind() == io::ErrorKind::NotFound;
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "it does not exist".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ if error.raw_os_error() == Some(TOO_MANY_OPEN_FILES) => "too many open files".to_owned(),
            _ => error.to_string(),
        };
        Self { reason, not_found }
    }
}

fn regular(metadata: &Metadata, limit: u64) -> Result<(), ReadError> {
    if metadata.is_dir() {
        Err(ReadError::new("it is a directory"))
    } else if !metadata.is_file() {
        Err(ReadError::new("it is not a regular file"))
    } else if metadata.len() > limit {
        Err(too_large(limit))
    } else {
        Ok(())
    }
}

fn too_large(limit: u64) -> ReadError {
    ReadError::new(format!("it is larger than {limit} bytes"))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A FIFO without a writer would make `open` wait for ever.
        options.custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_exposed(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o044 != 0
}

#[cfg(not(unix))]
fn is_exposed(_: &Metadata) -> bool {
    false
}

// Not an `io::ErrorKind` of its own.
const TOO_MANY_OPEN_FILES: i32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &Path, expected: Result<&str, &str>) {
        let found = read(path, 10).map(|file| file.text).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn reads_regular_files_up_to_the_limit_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("ten"), "0123456789").unwrap();
        fs::write(at("eleven"), "0123456789a").unwrap();
        fs::write(at("bytes"), b"abc\xff").unwrap();
        check(&at("ten"), Ok("0123456789"));
        check(&at("eleven"), Err("it is larger than 10 bytes"));
        check(&at("bytes"), Err("it is not UTF-8 at byte 3"));
        check(&at("nothing"), Err("it does not exist"));
        check(folder.path(), Err("it is a directory"));
    }

    #[test]
    fn says_that_there_are_too_many_open_files() {
        let error = ReadError::from(io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES));
        assert_eq!(error.to_string(), "too many open files");
    }

    #[cfg(unix)]
    #[test]
    fn follows_links_to_files_and_never_waits_for_a_fifo_or_a_device() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("loop"), at("loop")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        check(&at("link"), Ok("text"));
        check(&at("dangling"), Err("it does not exist"));
        check(&at("fifo"), Err("it is not a regular file"));
        check(&at("socket"), Err("it is not a regular file"));
        check(Path::new("/dev/zero"), Err("it is not a regular file"));
        assert!(read(&at("loop"), 10).is_err());
    }

    #[test]
    fn a_relative_path_may_not_leave_its_folder() {
        for (path, inside) in
            [("a.toml", true), ("./d/a.toml", true), ("../a", false), ("d/../../a", false), ("/a", false)]
        {
            assert_eq!(stays_inside(Path::new(path)), inside, "{path}");
        }
    }
}
