//! Runtimes that end at every moment, that nobody drives, and callers who have none.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use connection_registry::ErrorKind;
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::runtime::{Builder, Runtime};

fn many_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A toml of one connection `a` with a record of that name.
fn declared(record: &str, more: &str) -> String {
    format!("[connections.a]\ntype = 'probe'\nrecord = '{record}'\n{more}")
}

#[test]
fn what_is_up_outlives_its_runtime_and_is_an_error_once_it_is_to_be_made_again() {
    for (number, runtime) in [many_threads(), one_thread()].into_iter().enumerate() {
        let connections = runtime.block_on(async { manager(&declared(&format!("outlives {number}"), "")) });
        let guard = runtime.block_on(connections.get::<ProbeClient>("a")).unwrap();
        drop(runtime);
        let second = many_threads();
        assert_eq!(second.block_on(connections.get::<ProbeClient>("a")).unwrap().attempt, 1);
        assert_eq!(block_on(connections.get::<ProbeClient>("a")).unwrap().attempt, 1);
        assert_eq!(block_on(connections.disconnect("a")).unwrap_err().kind(), ErrorKind::DisconnectFailed);
        assert_eq!(guard.attempt, 1, "a guard stays good");
        let error = second.block_on(connections.get::<ProbeClient>("a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error}");
    }
}

#[test]
fn a_current_thread_runtime_that_is_dropped_while_it_connects_ends_the_wait_of_callers_elsewhere() {
    let (first, second) = (one_thread(), many_threads());
    let connections = first.block_on(async { manager(&declared("dropped early", "connect = ['never']")) });
    let waiting = second.spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await.map(drop) }
    });
    first.block_on(async {
        while Record::of("dropped early").attempts() == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    let error = second.block_on(waiting).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error}");
}

#[test]
fn a_get_waits_for_as_long_as_nobody_drives_the_runtime_of_its_manager() {
    let (idle, other) = (one_thread(), many_threads());
    let connections = idle.block_on(async { manager(&declared("nobody drives", "")) });
    let mut waiting = other.spawn(async move { connections.get::<ProbeClient>("a").await.map(drop) });
    let left = other.block_on(async { tokio::time::timeout(Duration::from_millis(50), &mut waiting).await });
    assert!(left.is_err() && Record::of("nobody drives").attempts() == 0);
    idle.block_on(waiting).unwrap().unwrap();
    assert_eq!(Record::of("nobody drives").attempts(), 1);
}

#[test]
fn managers_of_different_runtimes_do_not_feel_each_others_end() {
    let (first, second) = (many_threads(), one_thread());
    let one = first.block_on(async { manager(&declared("on the first", "")) });
    let two = second.block_on(async { manager(&declared("on the second", "")) });
    first.block_on(one.get::<ProbeClient>("a")).unwrap();
    drop(first);
    assert_eq!(second.block_on(two.get::<ProbeClient>("a")).unwrap().attempt, 1);
    second.block_on(two.disconnect_all()).unwrap();
}

#[test]
fn a_caller_without_a_runtime_is_served_by_that_of_the_manager() {
    let runtime = many_threads();
    let connections =
        runtime.block_on(async { manager(&declared("foreign", "delay = '10ms'\nconnect = ['fail', 'ok']")) });
    assert_eq!(block_on(connections.get::<ProbeClient>("a")).unwrap().attempt, 2);
    block_on(connections.disconnect_all()).unwrap();
    let connections = runtime.block_on(async {
        manager(&declared("foreign never", "connect = ['never']\nlifecycle.connect_timeout = '50ms'"))
    });
    let error = block_on(connections.get::<ProbeClient>("a")).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error}");
}

#[test]
fn managers_guards_and_handles_are_dropped_anywhere_in_any_order() {
    for record in ["guard last", "manager last", "runtime last"] {
        let runtime = many_threads();
        let connections = runtime.block_on(async { manager(&declared(record, "")) });
        let guard = runtime.block_on(connections.get::<ProbeClient>("a")).unwrap();
        let handle = connections.handle::<ProbeClient>("a").unwrap();
        match record {
            "guard last" => drop((handle, connections, runtime, guard)),
            "manager last" => drop((runtime, guard, handle, connections)),
            _ => drop((guard, connections, handle, runtime)),
        }
        assert_eq!(Record::of(record).dropped(), 1, "{record}");
    }
}

/// Waits on this thread, as an executor that knows nothing of tokio does.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut work = pin!(work);
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park_timeout(Duration::from_secs(60)),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
