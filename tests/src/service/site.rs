//! Where a server of a test lives: its folder and its ports.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::{Authority, Recipe, Tls, User, find};

/// The folder, the ports and the certificates of one server.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    ports: Vec<u16>,
    tls: Tls,
    authority: Option<Authority>,
    user: Option<User>,
}

impl Site {
    /// An empty folder, and ports that are free now.
    pub(super) fn new<R: Recipe>(recipe: &R) -> Self {
        let folder =
            tempfile::Builder::new().prefix("service-").tempdir().expect("there is a folder for temporary files");
        let tls = recipe.tls();
        let authority = (tls != Tls::Off).then(|| Authority::new(folder.path().join("tls")));
        Self { folder, ports: free_ports(R::PORTS), tls, authority, user: user_of::<R>() }
    }

    /// The folder; gone with the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file or folder in the folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder().join(name)
    }

    /// The port for clients.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// One of the other ports, from 1.
    pub fn other_port(&self, number: usize) -> u16 {
        self.ports[number]
    }

    /// What the server asks of clients.
    pub fn tls(&self) -> Tls {
        self.tls
    }

    /// The certificates.
    ///
    /// # Panics
    ///
    /// When the server was started without TLS.
    pub fn authority(&self) -> &Authority {
        self.authority.as_ref().expect("a server with TLS has certificates")
    }

    /// The certificate that the server shows, and its key.
    pub fn server_certificate(&self) -> (PathBuf, PathBuf) {
        let authority = self.authority();
        if self.tls == Tls::Expired { authority.expired() } else { authority.server() }
    }

    /// Writes a file that its owner alone may read.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        write_private(&path, text);
        path
    }

    /// Makes a folder in the folder.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).expect("the folder of a test can be written to");
        path
    }

    /// A command of an installed program that works in the folder.
    ///
    /// # Panics
    ///
    /// When the program is not installed.
    pub fn command(&self, program: &str) -> Command {
        let file = find(program).unwrap_or_else(|| panic!("`{program}` was there a moment ago"));
        let mut command = Command::new(file);
        command.current_dir(self.folder());
        command
    }

    /// Runs a command to its end, as the user of the server.
    ///
    /// # Panics
    ///
    /// When it fails; with its output.
    pub fn run(&self, command: &Command) {
        self.hand_over();
        let log = self.path("setup.log");
        let mut command = self.as_user(command);
        let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let text = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&text));
        fs::write(log, text).expect("the folder of a test can be written to");
    }

    /// Gives the folder to the user of the server.
    pub(super) fn hand_over(&self) {
        if let Some(user) = &self.user {
            user.take(self.folder());
        }
    }

    /// The same command, run by the user of the server.
    pub(super) fn as_user(&self, command: &Command) -> Command {
        let mut words: Vec<&OsStr> = vec![command.get_program()];
        words.extend(command.get_args());
        let mut wrapped = match &self.user {
            None => Command::new(words.remove(0)),
            Some(user) => dropping_privileges(user),
        };
        wrapped.args(words).envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        // Messages are searched for words.
        wrapped.env("LC_ALL", "C").current_dir(self.folder());
        wrapped
    }

    /// The log of the server, opened at its end, and the place of that end.
    pub(super) fn open_log(&self) -> (File, u64) {
        let path = self.path(LOG);
        let mut log =
            File::options().append(true).create(true).open(path).expect("the folder of a test can be written to");
        let end = log.seek(SeekFrom::End(0)).expect("a file has an end");
        (log, end)
    }

    /// What the server has logged since that place.
    pub(super) fn log_since(&self, place: u64) -> String {
        let log = fs::read(self.path(LOG)).unwrap_or_default();
        let since = usize::try_from(place).ok().and_then(|place| log.get(place..));
        String::from_utf8_lossy(since.unwrap_or_default()).into_owned()
    }
}

/// Writes a file that its owner alone may read: servers refuse keys and passwords that others can read.
pub(super) fn write_private(path: &Path, text: &str) {
    let mut file = File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.set_permissions(fs::Permissions::from_mode(0o600)).expect("the owner of a file sets its permissions");
    file.write_all(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// `None` when the server can be run by whoever runs the tests.
fn user_of<R: Recipe>() -> Option<User> {
    let name = R::USER.filter(|_| geteuid().is_root())?;
    Some(User::named(name).unwrap_or_else(|| panic!("{}: the package made no user `{name}`", R::NAME)))
}

fn dropping_privileges(user: &User) -> Command {
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={}", user.id)).arg(format!("--regid={}", user.group)).arg("--clear-groups");
    command
}

/// Ports that nobody listened on; all held until the last is found, so that they differ.
fn free_ports(count: usize) -> Vec<u16> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback interface has free ports");
    let held: Vec<_> = (0..count).map(|_| bind()).collect();
    held.iter().map(|listener| listener.local_addr().expect("a listener has an address").port()).collect()
}

const LOG: &str = "server.log";
