//! A process that has no file descriptors left.

/// The number in the message is known where `/proc` is.
#[cfg(target_os = "linux")]
mod linux {
    use std::{
        process::Command,
        time::{Duration, Instant},
    };

    use connection_registry::{ConnectionManager, ErrorKind};
    use connection_registry_tests::manager;

    use super::super::line::{LineClient, Server, connects, declaration};

    const LIMIT: usize = 40;

    /// Tells the test in the process with few descriptors where the server is.
    const PORT: &str = "PORT_FOR_THE_PROCESS_WITH_FEW_DESCRIPTORS";

    const INNER: &str = "faults::descriptors::linux::in_a_process_with_few_descriptors";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn without_descriptors_the_error_names_the_limit_and_it_connects_once_there_are_some_again() {
        let server = Server::start().await;
        let program = std::env::current_exe().unwrap();
        let command = format!("ulimit -n {LIMIT} && exec \"$0\" --exact {INNER} --nocapture");
        let port = server.address.port().to_string();
        let run = move || Command::new("sh").args(["-c", &command]).arg(program).env(PORT, port).output();
        let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    /// Does nothing but in the process that the test above starts.
    #[test]
    fn in_a_process_with_few_descriptors() {
        let Ok(port) = std::env::var(PORT) else { return };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(use_up_all(port.parse().unwrap()));
    }

    async fn use_up_all(port: u16) {
        let declared = (0..LIMIT).map(|number| declaration(&format!("n{number}"), "127.0.0.1", port, ""));
        let connections = manager(&declared.collect::<String>());
        let mut up = 0;
        let error = loop {
            match connections.get::<LineClient>(&format!("n{up}")).await {
                Ok(_) => up += 1,
                Err(error) => break error,
            }
        };
        assert!(up > LIMIT / 4, "{up} connections with {LIMIT} descriptors");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::ConnectFailed, true), "{error}");
        let expected = format!("too many open files (limit {LIMIT})");
        assert!(error.to_string().contains(&expected), "{error}");
        // Pauses of 20, 40, 80, 100, … ms, of which half is random, in a second.
        let tries = connects() - up;
        assert!((2..=40).contains(&tries), "{tries} tries in a second");
        for other in 0..3 {
            connections.disconnect(&format!("n{other}")).await.unwrap();
        }
        recovers(&connections, &format!("n{up}")).await;
    }

    async fn recovers(connections: &ConnectionManager, name: &str) {
        let started = Instant::now();
        while let Err(error) = connections.get::<LineClient>(name).await {
            assert!(started.elapsed() < Duration::from_secs(10), "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
