//! A process that gets no more threads.

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs, io,
        process::Command,
        sync::mpsc::{Sender, channel},
        thread::{Builder, JoinHandle},
        time::Duration,
    };

    use connection_registry::{
        BoxError, ConnectContext, Connection, ConnectionManager, ErrorKind, connection_type, testing::FakeClient,
    };

    use super::super::{Missing, inner};

    /// Tells the test in the process with few threads where its configuration is.
    const FILE: &str = "FILE_FOR_THE_PROCESS_WITH_FEW_THREADS";

    const INNER: &str = "faults::threads::linux::in_a_process_with_few_threads";

    /// Nobody's, so that nothing else counts: the limit is one of a user's, and does not bind root.
    const USER: &str = "--reuid=54329";

    #[test]
    fn without_threads_connections_work_a_reload_says_so_and_all_is_well_once_there_are_some_again() {
        let setpriv = || {
            let mut command = Command::new("setpriv");
            command.args([USER, "--clear-groups"]);
            command
        };
        let program = std::env::current_exe().unwrap();
        // Another user may not be let into the folder of the program.
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("tests");
        fs::copy(program, &copy).unwrap();
        let file = folder.path().join("connections.toml");
        fs::write(&file, CONFIGURATION).unwrap();
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let may = setpriv()
            .args(["prlimit", "--nproc=12"])
            .arg(&copy)
            .arg("--list")
            .output()
            .is_ok_and(|output| output.status.success());
        if !may {
            return Missing("the right to run as another user by `setpriv`, with fewer threads by `prlimit`").skip();
        }
        let mut command = setpriv();
        command.args(["prlimit", "--nproc=12"]).arg(copy).args(["--exact", INNER, "--nocapture"]).env(FILE, file);
        inner(command);
    }

    const CONFIGURATION: &str = "
        connections.plain = { type = 'fake', journal = 'few threads' }
        connections.threaded = { type = 'threaded', lifecycle = { connect_timeout = '1s', retry = { base = '20ms', max = '100ms' } } }";

    /// A connection whose driver has a thread.
    #[connection_type("threaded")]
    struct Threaded {}

    impl Connection for Threaded {
        type Client = JoinHandle<()>;

        async fn connect(&self, _: &ConnectContext) -> Result<JoinHandle<()>, BoxError> {
            Ok(Builder::new().spawn(|| {})?)
        }
    }

    /// Does nothing but in the process that the test above starts.
    #[test]
    fn in_a_process_with_few_threads() {
        let Ok(file) = std::env::var(FILE) else { return };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let connections = runtime.block_on(async { ConnectionManager::from_file(file).unwrap() });
        let parked = park_all();
        runtime.block_on(without(&connections));
        drop(parked);
        runtime.block_on(with(&connections));
    }

    /// Uses up all threads, for as long as the senders live.
    fn park_all() -> Vec<Sender<()>> {
        let mut parked = Vec::new();
        loop {
            let (sender, receiver) = channel::<()>();
            match Builder::new().spawn(move || receiver.recv().unwrap_or_default()) {
                Ok(_) => parked.push(sender),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return parked,
                Err(error) => panic!("{error}"),
            }
            assert!(parked.len() < 100, "there is a limit");
        }
    }

    async fn without(connections: &ConnectionManager) {
        // The manager's own thread, which wakes blocked workers, is missed by nobody here.
        connections.get::<FakeClient>("plain").await.unwrap();
        let error = connections.get::<JoinHandle<()>>("threaded").await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::ConnectFailed, true), "{error}");
        // Pauses of 20, 40, 80, 100, … ms, of which half is random, in a second.
        assert!((2..=40).contains(&error.attempts()), "{error}");
        let error = connections.reload().await.unwrap_err();
        assert!(error.is_retryable() && error.to_string().contains("no thread"), "{error}");
        assert_eq!(connections.get::<FakeClient>("plain").await.unwrap().number(), 1);
        connections.check("plain").await.unwrap();
    }

    async fn with(connections: &ConnectionManager) {
        let mut tries = 0;
        // The threads that were parked end by and by.
        while let Err(error) = connections.reload().await {
            tries += 1;
            assert!(error.is_retryable() && tries < 1000, "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while let Err(error) = connections.get::<JoinHandle<()>>("threaded").await {
            tries += 1;
            assert!(error.is_retryable() && tries < 1000, "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(connections.get::<FakeClient>("plain").await.unwrap().number(), 1);
        assert!(connections.shutdown(Duration::from_secs(10)).await.is_clean());
    }
}
