//! When the operating system has no file descriptors or no memory left: which limit it is.

use std::{error::Error as StdError, io};

use crate::connection::ConnectError;

/// Says which limit a failure ran into, when it did.
pub(super) fn limit_hit(cause: &(dyn StdError + 'static)) -> Option<String> {
    std::iter::successors(Some(cause), |error| next(*error))
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .find_map(described)
}

/// Reads the limit while there are descriptors to read it with.
pub(super) fn remember_limit() {
    os::limit();
}

/// What is inside an error. A [`ConnectError`] stands for its cause, and shows only what is inside that.
fn next<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<ConnectError>() {
        Some(error) => Some(error.cause()),
        None => match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inside) => Some(inside),
            None => error.source(),
        },
    }
}

fn described(error: &io::Error) -> Option<String> {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return Some("out of memory".to_owned());
    }
    let code = error.raw_os_error()?;
    if os::is_limit_of_process(code) {
        let limit = os::limit().map(|limit| format!(" (limit {limit})")).unwrap_or_default();
        return Some(format!("too many open files{limit}"));
    }
    os::is_limit_of_system(code).then(|| "too many open files in the whole system".to_owned())
}

#[cfg(unix)]
mod os {
    use std::sync::Mutex;

    pub(super) fn is_limit_of_process(code: i32) -> bool {
        code == libc::EMFILE
    }

    pub(super) fn is_limit_of_system(code: i32) -> bool {
        code == libc::ENFILE
    }

    /// The limit of this process; the last one that could be read. `None` where there is no `/proc`.
    pub(super) fn limit() -> Option<u64> {
        let read = std::fs::read_to_string("/proc/self/limits").ok().and_then(|limits| super::parsed(&limits));
        let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = read.or(*last);
        *last
    }

    static LAST: Mutex<Option<u64>> = Mutex::new(None);
}

#[cfg(not(unix))]
mod os {
    pub(super) fn is_limit_of_process(_: i32) -> bool {
        false
    }

    pub(super) fn is_limit_of_system(_: i32) -> bool {
        false
    }

    pub(super) fn limit() -> Option<u64> {
        None
    }
}

/// The soft limit of open files in what Linux tells of the limits of a process.
#[cfg(unix)]
fn parsed(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cause: impl Into<crate::error::BoxError>, expected: Option<&str>) {
        let found = limit_hit(&*cause.into());
        assert_eq!(found.as_deref().map(|found| found.split(" (limit").next().unwrap_or(found)), expected);
    }

    #[test]
    fn a_limit_is_found_however_deep_it_is_wrapped() {
        let io = || io::Error::from_raw_os_error(libc::EMFILE);
        check(io(), Some("too many open files"));
        check(ConnectError::transient(io()), Some("too many open files"));
        check(ConnectError::permanent(io::Error::other(io())), Some("too many open files"));
        check(io::Error::from_raw_os_error(libc::ENFILE), Some("too many open files in the whole system"));
        check(io::Error::from_raw_os_error(libc::ENOMEM), Some("out of memory"));
        check(ConnectError::permanent(io::Error::from(io::ErrorKind::OutOfMemory)), Some("out of memory"));
        check(io::Error::from_raw_os_error(libc::ECONNREFUSED), None);
        check("too many open files", None);
    }

    #[test]
    fn the_limit_is_the_soft_one() {
        let limits = "Limit            Soft Limit  Hard Limit  Units\n\
                      Max processes    10          20          processes\n\
                      Max open files   1024        4096        files\n";
        assert_eq!(parsed(limits), Some(1024));
        assert_eq!(parsed("Max open files unlimited unlimited files"), None);
        assert_eq!(parsed(""), None);
    }
}
