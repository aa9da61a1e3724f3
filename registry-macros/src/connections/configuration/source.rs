//! Reads files: regular ones only, and within the limit that the library has.

use std::{fs, io, path::Path};

/// The text of a regular file.
///
/// # Errors
///
/// Why it was not read, without the path and without any content.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a directory".to_owned());
    } else if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    } else if metadata.len() > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    let bytes = fs::read(path).map_err(|error| reason(&error))?;
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
}

/// In words of our own: those of the system differ from one to the next.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

const MAX_BYTES: u64 = 16 * 1024 * 1024;
