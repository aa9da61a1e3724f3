//! Small files of the settings, such as certificates and keys.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind as Kind, Read},
    path::Path,
};

use crate::{BoxError, ConnectError};

/// The content of a regular file, or of one that a symbolic link leads to, of at most a mebibyte. Blocks, but for no longer
/// than a disk takes.
pub(in crate::connectors) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Asked before opening as well, since opening a device can already do something.
    regular(&fs::metadata(path)?)?;
    let file = open(path)?;
    regular(&file.metadata()?)?;
    let mut content = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut content)?;
    // It may have grown meanwhile.
    if content.len() as u64 > MOST_BYTES { Err(too_large()) } else { Ok(content) }
}

/// The failure to read a file, in `words`. Permanent when nothing changes before somebody changes the file: too many open
/// files and a disk that stumbles pass.
pub(in crate::connectors) fn unreadable(words: &str, error: &io::Error) -> BoxError {
    let words = format!("{words}: {error}");
    if is_permanent(error) { ConnectError::permanent(words) } else { ConnectError::transient(words) }.into()
}

fn is_permanent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        Kind::NotFound | Kind::PermissionDenied | Kind::IsADirectory | Kind::NotADirectory | Kind::InvalidInput
    )
}

fn regular(found: &Metadata) -> io::Result<()> {
    if !found.is_file() {
        return Err(io::Error::new(Kind::InvalidInput, "not a regular file"));
    }
    if found.len() > MOST_BYTES { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> io::Error {
    io::Error::new(Kind::InvalidInput, "too large for a certificate or a key")
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A FIFO that took the place of the file since would make `open` wait for ever.
        options.custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
    }
    options.open(path)
}

const MOST_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_files_are_read_up_to_the_limit_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let why = |path: &Path| read(path).unwrap_err().to_string();
        fs::write(&file, vec![b'a'; 1024 * 1024]).unwrap();
        assert_eq!(read(&file).unwrap().len(), 1024 * 1024);
        fs::write(&file, vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(why(&file), "too large for a certificate or a key");
        assert_eq!(why(folder.path()), "not a regular file");
        assert_eq!(read(&folder.path().join("none")).unwrap_err().kind(), Kind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_waits_for_a_device_that_has_no_end() {
        assert_eq!(read(Path::new("/dev/zero")).unwrap_err().to_string(), "not a regular file");
    }

    #[test]
    fn what_passes_by_itself_is_not_permanent() {
        let is_permanent = |error: io::Error| {
            let error = unreadable("cannot read `f`", &error);
            error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent)
        };
        for kind in [Kind::NotFound, Kind::PermissionDenied, Kind::IsADirectory, Kind::InvalidInput] {
            assert!(is_permanent(kind.into()), "{kind:?}");
        }
        // Too many open files, an error of the disk.
        #[cfg(unix)]
        for code in [libc::EMFILE, libc::ENFILE, libc::EIO] {
            assert!(!is_permanent(io::Error::from_raw_os_error(code)), "{code}");
        }
    }
}
