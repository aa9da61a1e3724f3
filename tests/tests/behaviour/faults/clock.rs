//! A wall clock that jumps by a year, in both directions: nothing depends on it.

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs,
        path::{Path, PathBuf},
        process::Command,
        time::{Duration, Instant, SystemTime},
    };

    use connection_registry::{ConnectionManager, ConnectionState, testing::FakeClient};
    use connection_registry_tests::manager;
    use tokio::{task::yield_now, time::sleep};

    use super::super::{Missing, inner};

    /// Tells the test in the process with such a clock where to say what the time is.
    const CLOCK: &str = "FAKETIME_TIMESTAMP_FILE";

    const INNER: &str = "faults::clock::linux::in_a_process_whose_clock_jumps";

    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    #[test]
    fn retries_checks_idle_timeouts_and_shutdowns_heed_no_jump_of_the_wall_clock() {
        let Some(library) = library() else { return Missing("faketime").skip() };
        let folder = tempfile::tempdir().unwrap();
        let clock = folder.path().join("clock");
        fs::write(&clock, "+0").unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", INNER, "--nocapture"]).env("LD_PRELOAD", library).env(CLOCK, &clock);
        // A jump of the wall clock does not touch the other one.
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        inner(command);
    }

    /// What `faketime` has its programs load.
    fn library() -> Option<PathBuf> {
        let show = ["-m", "-f", "+0", "sh", "-c", "echo \"$LD_PRELOAD\""];
        let output = Command::new("faketime").args(show).output().ok().filter(|output| output.status.success())?;
        let shown = String::from_utf8(output.stdout).ok()?;
        Some(PathBuf::from(shown.trim().rsplit(':').next()?)).filter(|path| path.is_absolute())
    }

    /// Does nothing but in the process that the test above starts.
    #[test]
    fn in_a_process_whose_clock_jumps() {
        let Ok(clock) = std::env::var(CLOCK) else { return };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (number, jump) in ["+365d", "-365d"].into_iter().enumerate() {
            jumps(Path::new(&clock), "+0");
            runtime.block_on(goes_on(Path::new(&clock), jump, number));
        }
    }

    /// Sets the wall clock, and sees that it is so.
    fn jumps(clock: &Path, to: &str) {
        let (before, started) = (SystemTime::now(), Instant::now());
        fs::write(clock, to).unwrap();
        let now = SystemTime::now();
        let by = now.duration_since(before).unwrap_or_else(|earlier| earlier.duration());
        assert!(to == "+0" || by > YEAR / 2, "the wall clock jumped by {by:?}");
        assert!(started.elapsed() < YEAR / 2, "the other clock went on");
    }

    async fn goes_on(clock: &Path, jump: &str, number: usize) {
        let connections = manager(&format!(
            "[defaults.fake]
             journal = 'clock {number}'
             [connections.retried]
             type = 'fake'
             connect = ['error', 'error', 'error', 'ok']
             lifecycle.retry = {{ base = '300ms', max = '300ms' }}
             [connections.checked]
             type = 'fake'
             check = ['ok', 'ok', 'error']
             lifecycle = {{ check_interval = '400ms', check_fall = 1, check_rise = 100 }}
             [connections.idle]
             type = 'fake'
             lifecycle.idle_timeout = '600ms'"
        ));
        let started = Instant::now();
        let retried = tokio::spawn({
            let connections = connections.clone();
            async move { connections.get::<FakeClient>("retried").await.map(drop) }
        });
        drop(connections.get::<FakeClient>("checked").await.unwrap());
        drop(connections.get::<FakeClient>("idle").await.unwrap());
        sleep(Duration::from_millis(100)).await;
        jumps(clock, jump);
        yield_now().await;
        assert!(!retried.is_finished(), "a pause is not over because the wall clock says so");
        assert_eq!(state(&connections, "idle"), ConnectionState::Connected);
        retried.await.unwrap().unwrap();
        // Three pauses, of which half is random.
        assert!((Duration::from_millis(400)..LATEST).contains(&started.elapsed()), "{:?}", started.elapsed());
        while state(&connections, "idle") != ConnectionState::Closed {
            assert!(started.elapsed() < LATEST);
            sleep(Duration::from_millis(10)).await;
        }
        assert!(started.elapsed() >= Duration::from_millis(600), "{:?}", started.elapsed());
        while state(&connections, "checked") == ConnectionState::Connected {
            assert!(started.elapsed() < LATEST);
            sleep(Duration::from_millis(10)).await;
        }
        closes(&connections, clock).await;
    }

    async fn closes(connections: &ConnectionManager, clock: &Path) {
        let (guard, started) = (connections.get::<FakeClient>("retried").await.unwrap(), Instant::now());
        let closing = tokio::spawn({
            let connections = connections.clone();
            async move { connections.shutdown(Duration::from_millis(500)).await }
        });
        sleep(Duration::from_millis(100)).await;
        jumps(clock, "+0");
        let report = closing.await.unwrap();
        assert_eq!(report.laggards().len(), 1, "{report}");
        assert!((Duration::from_millis(200)..LATEST).contains(&started.elapsed()), "{:?}", started.elapsed());
        drop(guard);
    }

    fn state(connections: &ConnectionManager, name: &str) -> ConnectionState {
        connections.status().connections.iter().find(|connection| connection.name == name).unwrap().state
    }

    const LATEST: Duration = Duration::from_secs(20);
}
