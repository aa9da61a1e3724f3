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

#[test]
fn a_goodbye_that_cannot_be_said_because_its_runtime_has_ended_is_an_error() {
    let (first, second) = (runtime(), runtime());
    let build = |name: &str| {
        let toml = format!("connections.{name} = {{ type = 'probe', record = 'unsaid {name}' }}");
        let connections = first.block_on(async { manager(&toml) });
        first.block_on(connections.get::<ProbeClient>(name)).unwrap();
        connections
    };
    let (one, all) = (build("one"), build("all"));
    drop(first);
    let error = second.block_on(one.disconnect("one")).unwrap_err();
    assert_eq!((error.kind(), error.connection()), (ErrorKind::DisconnectFailed, Some("one")), "{error}");
    let error = second.block_on(all.disconnect_all()).unwrap_err();
    assert_eq!((error.kind(), error.errors().len()), (ErrorKind::DisconnectFailed, 1), "{error}");
    for (connections, name) in [(one, "one"), (all, "all")] {
        assert_eq!(connection_registry_tests::Record::of(&format!("unsaid {name}")).dropped(), 1);
        assert_eq!(connections.try_get::<ProbeClient>(name).unwrap_err().kind(), ErrorKind::NotConnected);
    }
}

#[test]
fn a_runtime_that_ends_during_a_goodbye_ends_the_wait_for_it() {
    let (first, second) = (runtime(), runtime());
    let connections = first
        .block_on(async { manager("connections.a = { type = 'probe', record = 'ends too', disconnect = 'never' }") });
    first.block_on(connections.get::<ProbeClient>("a")).unwrap();
    let closing = second.spawn({
        let connections = connections.clone();
        async move { connections.disconnect("a").await }
    });
    while connection_registry_tests::Record::of("ends too").events().len() < 2 {
        std::thread::yield_now();
    }
    first.shutdown_background();
    let error = second.block_on(closing).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisconnectFailed, "{error}");
}

#[test]
fn what_was_inserted_can_be_taken_out_without_a_runtime() {
    let connections = manager("");
    connections.insert("a", 7_u8).unwrap();
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let closed = std::pin::pin!(connections.disconnect("a")).poll(&mut context);
    assert!(matches!(closed, std::task::Poll::Ready(Ok(()))), "{closed:?}");
    assert!(connections.try_get::<u8>("a").is_err());
    let closed = std::pin::pin!(connections.disconnect_all()).poll(&mut context);
    assert!(matches!(closed, std::task::Poll::Ready(Ok(()))), "{closed:?}");
}
