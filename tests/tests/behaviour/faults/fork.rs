//! A process that is forked off: a manager from before connects nothing there and says so, and one of its own works.

#[cfg(unix)]
mod unix {
    use std::process::Command;

    use connection_registry::{ConnectionManager, ErrorKind, testing::FakeClient};
    use connection_registry_tests::manager;
    use fork::Fork;
    use tokio::runtime::{Builder, Runtime};

    use super::super::inner;

    const FORKS: &str = "CONNECTION_REGISTRY_TEST_FORKS";

    const INNER: &str = "faults::fork::unix::in_a_process_that_forks";

    const FAKES: &str = "[connections.first]\ntype = 'fake'\n[connections.second]\ntype = 'fake'\n";

    #[test]
    fn a_manager_connects_nothing_in_a_process_that_was_forked_off() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", INNER, "--nocapture", "--test-threads=1"]).env(FORKS, "1");
        inner(command);
    }

    /// Does nothing but in the process that the test above starts.
    #[test]
    fn in_a_process_that_forks() {
        if std::env::var_os(FORKS).is_none() {
            return;
        }
        let runtime = runtime();
        let connections = manager(FAKES);
        runtime.block_on(connections.get::<FakeClient>("first")).unwrap();
        match fork::fork().unwrap() {
            // A panic would unwind into a copy of the test harness.
            Fork::Child => std::process::exit(fault_in_the_child(&connections)),
            Fork::Parent(child) => {
                assert_eq!(fork::waitpid(child).unwrap(), 0, "the child says which of its expectations failed");
                runtime.block_on(connections.get::<FakeClient>("second")).unwrap();
            }
        }
    }

    /// Zero, or the number of the expectation that does not hold.
    fn fault_in_the_child(connections: &ConnectionManager) -> i32 {
        let runtime = runtime();
        let Err(error) = runtime.block_on(connections.get::<FakeClient>("second")) else { return 1 };
        if error.kind() != ErrorKind::NoRuntime || !error.to_string().contains("forked") {
            return 2;
        }
        let own = manager(FAKES);
        if runtime.block_on(own.get::<FakeClient>("second")).is_err() { 3 } else { 0 }
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }
}
