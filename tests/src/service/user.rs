//! The users of this machine, as `/etc/passwd` has them.

use std::{fs, os::unix::fs::chown, path::Path};

use rustix::process::getuid;

/// A user that may run a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The number of the user.
    pub id: u32,
    /// The number of its first group.
    pub group: u32,
}

impl User {
    /// Who runs the tests.
    ///
    /// # Panics
    ///
    /// When `/etc/passwd` does not know.
    pub fn current() -> Self {
        let id = getuid().as_raw();
        Self::find(|user| user.id == id).unwrap_or_else(|| panic!("/etc/passwd has no user with the number {id}"))
    }

    /// The user called `name`, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::find(|user| user.name == name)
    }

    /// Gives a folder and everything in it to this user.
    pub(super) fn take(&self, path: &Path) {
        chown(path, Some(self.id), Some(self.group)).expect("root may give away what it has made");
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("root may read every folder");
            entries.for_each(|entry| self.take(&entry.expect("root may read every folder").path()));
        }
    }

    fn find(wanted: impl Fn(&Self) -> bool) -> Option<Self> {
        let users = fs::read_to_string("/etc/passwd").ok()?;
        users.lines().filter_map(Self::parse).find(wanted)
    }

    /// One line of `/etc/passwd`.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let mut number = fields.skip(1).map_while(|field| field.parse().ok());
        Some(Self { name, id: number.next()?, group: number.next()? })
    }
}
