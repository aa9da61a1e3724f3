//! The end with threads that are blocked, with a runtime that has ended, and without one.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use connection_registry::ErrorKind;
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

use crate::shutdown::{SECOND, all_connected, is_refused, laggards, nothing_is_left};

#[test]
fn a_goodbye_that_blocks_its_thread_holds_nobody_up() {
    for close in ["disconnect", "disconnect_all", "shutdown"] {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let record = format!("blocks {close}");
        runtime.block_on(async {
            let connections = all_connected(&format!(
                "[connections.a]\ntype = 'probe'\nrecord = '{record}'\ndisconnect = 'block'\n\
                 lifecycle.disconnect_timeout = '300ms'\n\
                 [connections.b]\ntype = 'probe'\nrecord = '{record} b'"
            ))
            .await;
            let start = Instant::now();
            let is_well = match close {
                "disconnect" => connections.disconnect("a").await.is_ok(),
                "disconnect_all" => connections.disconnect_all().await.is_ok(),
                _ => {
                    let report = connections.shutdown(Duration::from_millis(500)).await;
                    assert_eq!(report.closed(), ["b"], "{report}");
                    report.is_clean()
                }
            };
            assert!(!is_well && start.elapsed() < 2 * SECOND, "{close}: {:?}", start.elapsed());
        });
        runtime.shutdown_background();
    }
}

#[test]
fn goodbyes_that_block_every_thread_of_the_runtime_do_not_block_the_report() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let report = runtime.block_on(async {
        let connections = all_connected(
            "connections.a = { type = 'probe', record = 'blocks all', disconnect = 'block', needs = 'b' }\n\
             connections.b = { type = 'probe', record = 'blocks all b' }",
        )
        .await;
        let _held = connections.get::<ProbeClient>("b").await.unwrap();
        let start = Instant::now();
        let (report, hurried) =
            tokio::join!(connections.shutdown(3600 * SECOND), connections.shutdown(Duration::from_millis(300)));
        assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
        assert_eq!(report.took(), hurried.took());
        report
    });
    runtime.shutdown_background();
    assert_eq!(laggards(&report), [("a", 0, true), ("b", 1, true)], "{report}");
}

#[test]
fn callers_on_many_threads_get_one_report() {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let reports = runtime.block_on(async {
        let connections = all_connected("connections.a = { type = 'probe', record = 'many threads' }").await;
        let calls: Vec<_> = (0..32)
            .map(|number| {
                let connections = connections.clone();
                tokio::spawn(async move {
                    if number % 4 == 0 {
                        let _ = connections.disconnect_all().await;
                    }
                    connections.shutdown(10 * SECOND).await
                })
            })
            .collect();
        let mut reports = Vec::new();
        for call in calls {
            reports.push(call.await.unwrap());
        }
        reports
    });
    assert!(reports.iter().all(|report| report.is_clean() && report.took() == reports[0].took()));
    assert_eq!(Record::of("many threads").dropped(), 1);
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What a future that does not wait for anything gives.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn without_a_runtime_there_is_a_report_all_the_same() {
    let connections = manager("connections.a = { type = 'probe', record = 'no runtime' }");
    connections.insert("ready", 7_u8).unwrap();
    let report = at_once(connections.shutdown(10 * SECOND));
    assert_eq!((report.is_clean(), report.closed()), (true, &["ready".to_owned()][..]), "{report}");
    is_refused(connections.try_get::<u8>("ready"));
    assert!(at_once(connections.shutdown(10 * SECOND)).is_clean());
}

#[test]
fn a_runtime_that_has_ended_before_is_a_laggard_and_not_a_hang() {
    let first = runtime();
    let connections = first.block_on(all_connected("connections.a = { type = 'probe', record = 'ended before' }"));
    drop(first);
    let report = at_once(connections.shutdown(10 * SECOND));
    assert_eq!(laggards(&report), [("a", 0, true)], "{report}");
    assert_eq!(Record::of("ended before").dropped(), 1);
}

#[test]
fn a_runtime_that_ends_during_a_shutdown_ends_the_wait_for_it() {
    let (first, second) = (runtime(), runtime());
    let connections = first.block_on(all_connected(
        "connections.a = { type = 'probe', record = 'ends during', disconnect = 'never', needs = 'b' }\n\
         connections.b = { type = 'probe', record = 'ends during b' }",
    ));
    let closing: Vec<_> = (0..3)
        .map(|_| {
            let connections = connections.clone();
            second.spawn(async move { connections.shutdown(1000 * SECOND).await })
        })
        .collect();
    while Record::of("ends during").events().len() < 2 {
        std::thread::yield_now();
    }
    first.shutdown_background();
    for closing in closing {
        let report = second.block_on(closing).unwrap();
        assert_eq!(laggards(&report), [("a", 0, true), ("b", 0, true)], "{report}");
    }
    assert_eq!(Record::of("ends during b").dropped(), 1);
}

#[test]
fn a_runtime_that_ends_while_everything_is_closed_ends_the_wait_for_it() {
    let (first, second) = (runtime(), runtime());
    let connections = first.block_on(all_connected(
        "connections.a = { type = 'probe', record = 'ends in between', disconnect = 'never' }",
    ));
    let closing = second.spawn({
        let connections = connections.clone();
        async move { connections.disconnect_all().await }
    });
    while Record::of("ends in between").events().len() < 2 {
        std::thread::yield_now();
    }
    first.shutdown_background();
    let error = second.block_on(closing).unwrap().unwrap_err();
    assert_eq!(error.errors().len(), 1, "{error}");
    // It gives out again, as far as there is a runtime to connect on.
    let error = second.block_on(connections.get::<ProbeClient>("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_last_manager_is_dropped_inside_a_runtime_without_waiting() {
    let connections = all_connected("connections.a = { type = 'probe', record = 'dropped inside' }").await;
    let held = connections.get::<ProbeClient>("a").await.unwrap();
    let start = Instant::now();
    drop(connections);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    nothing_is_left("dropped inside");
    assert_eq!(Record::of("dropped inside").dropped(), 0);
    drop(held);
    assert_eq!(Record::of("dropped inside").dropped(), 1);
}

#[test]
fn the_last_manager_is_dropped_outside_of_a_runtime_before_and_after_its_end() {
    for ends_first in [false, true] {
        let record = format!("dropped outside {ends_first}");
        let runtime = runtime();
        let connections =
            runtime.block_on(all_connected(&format!("connections.a = {{ type = 'probe', record = '{record}' }}")));
        let mut runtime = Some(runtime);
        if ends_first {
            drop(runtime.take());
        }
        drop(connections);
        // The task that connected may be about to end, and has its share of the manager until then.
        while runtime.is_some() && Record::of(&record).dropped() == 0 {
            std::thread::yield_now();
        }
        assert_eq!(Record::of(&record).dropped(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_given_up_before_it_is_the_turn_of_their_rank() {
    let connections = manager(
        "connections.held = { type = 'probe', record = 'turn held' }\n\
         connections.never_asked_for = { type = 'probe', record = 'turn', needs = 'slow' }\n\
         connections.slow = { type = 'probe', record = 'turn slow', delay = '5s' }",
    );
    let _held = connections.get::<ProbeClient>("held").await.unwrap();
    let start = Instant::now();
    let (error, report) = tokio::join!(
        async { (connections.get::<ProbeClient>("slow").await.unwrap_err(), start.elapsed()) },
        connections.shutdown(60 * SECOND)
    );
    assert_eq!((error.0.kind(), error.1), (ErrorKind::Disconnected, Duration::ZERO));
    assert_eq!(laggards(&report), [("held", 1, false)]);
}
