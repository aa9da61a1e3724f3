//! Runtimes: none, one that has ended, and more than one.

use connection_registry::ErrorKind;
use connection_registry_tests::{ProbeClient, manager};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn a_manager_that_is_built_outside_a_runtime_uses_the_first_one_that_asks() {
    let connections = manager("connections.a = { type = 'probe', record = 'built outside' }");
    let runtime = runtime();
    assert_eq!(runtime.block_on(connections.get::<ProbeClient>("a")).unwrap().attempt, 1);
}

#[test]
fn without_a_runtime_a_get_is_an_error_and_not_a_panic() {
    let connections = manager("connections.a = { type = 'probe', record = 'no runtime' }");
    let current = Builder::new_current_thread().build().unwrap();
    let without_timers = current.block_on(connections.get::<ProbeClient>("a")).unwrap_err();
    assert_eq!(without_timers.kind(), ErrorKind::NoRuntime, "{without_timers}");
}

#[test]
fn a_runtime_that_has_ended_is_an_error_and_not_a_hang() {
    let first = runtime();
    let connections = first.block_on(async { manager("connections.a = { type = 'probe', record = 'ended' }") });
    drop(first);
    let error = runtime().block_on(connections.get::<ProbeClient>("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error}");
}

#[test]
fn a_runtime_that_ends_during_an_attempt_ends_the_wait_of_callers_elsewhere() {
    let (first, second) = (runtime(), runtime());
    let connections =
        first.block_on(async { manager("connections.a = { type = 'probe', record = 'ends', connect = ['never'] }") });
    let waiting = second.spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await.map(drop) }
    });
    while connection_registry_tests::Record::of("ends").attempts() == 0 {
        std::thread::yield_now();
    }
    first.shutdown_background();
    let error = second.block_on(waiting).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error}");
}

#[test]
fn a_connection_made_by_one_runtime_serves_callers_on_another() {
    let (first, second) = (runtime(), runtime());
    let connections = first.block_on(async { manager("connections.a = { type = 'probe', record = 'two runtimes' }") });
    assert_eq!(second.block_on(connections.get::<ProbeClient>("a")).unwrap().attempt, 1);
    drop(second);
    assert_eq!(connections.try_get::<ProbeClient>("a").unwrap().attempt, 1);
}

#[tokio::test]
async fn a_current_thread_runtime_is_enough() {
    let connections = manager("connections.a = { type = 'probe', record = 'current thread' }");
    connections.get::<ProbeClient>("a").await.unwrap();
    connections.disconnect_all().await.unwrap();
}
