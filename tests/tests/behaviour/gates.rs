//! Every step with every outcome, while its first caller leaves at every moment: who stays gets the one result.

use std::time::Duration;

use connection_registry::{ConnectionManager, ErrorKind};
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::{runtime::Handle, time::sleep};

/// What a step does: its script, how long it takes, and the error that comes of it in `connect` and in `disconnect`.
struct Outcome {
    step: &'static str,
    delay: &'static str,
    connect: Option<ErrorKind>,
    disconnect: Option<ErrorKind>,
}

const OUTCOMES: [Outcome; 5] = [
    Outcome { step: "ok", delay: "1ms", connect: None, disconnect: None },
    Outcome {
        step: "fail",
        delay: "1ms",
        connect: Some(ErrorKind::ConnectFailed),
        disconnect: Some(ErrorKind::DisconnectFailed),
    },
    Outcome { step: "ok", delay: "1s", connect: None, disconnect: None },
    Outcome {
        step: "never",
        delay: "1ms",
        connect: Some(ErrorKind::ConnectTimeout),
        disconnect: Some(ErrorKind::DisconnectFailed),
    },
    Outcome {
        step: "panic",
        delay: "1ms",
        connect: Some(ErrorKind::ConnectPanicked),
        disconnect: Some(ErrorKind::DisconnectFailed),
    },
];

/// When the first caller leaves: after one poll, at the moment at which the step acts, in the middle, at the moment at
/// which its timeout passes, never.
const MOMENTS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(60),
];

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_a_connect_changes_nothing_for_the_others() {
    for (number, outcome) in OUTCOMES.iter().enumerate() {
        for moment in MOMENTS {
            let case = format!("connect {number} {moment:?}");
            let connections =
                build(&case, &format!("connect = ['{}', 'ok']\ndelay = '{}'", outcome.step, outcome.delay));
            let get = || async { connections.get::<ProbeClient>("a").await.map(|client| client.attempt) };
            let (_, stayed) = tokio::join!(tokio::time::timeout(moment, get()), get());
            assert_eq!(stayed.as_ref().err().map(connection_registry::Error::kind), outcome.connect, "{case}");
            let record = Record::of(&case);
            assert_eq!(record.attempts(), 1, "{case}");
            sleep(Duration::from_secs(6)).await;
            let expected = if outcome.connect.is_none() { 1 } else { 2 };
            assert_eq!(get().await.unwrap(), expected, "{case}");
            settled(&connections, &record, &case).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_a_disconnect_changes_nothing_for_the_others() {
    for (number, outcome) in OUTCOMES.iter().enumerate() {
        for moment in MOMENTS {
            let case = format!("disconnect {number} {moment:?}");
            let connections = build(&case, &format!("disconnect = '{}'\ndelay = '{}'", outcome.step, outcome.delay));
            let get = || async { connections.get::<ProbeClient>("a").await.map(|client| client.attempt) };
            get().await.unwrap();
            let (_, stayed, next) = tokio::join!(
                tokio::time::timeout(moment, connections.disconnect("a")),
                async { connections.disconnect("a").await },
                get()
            );
            assert_eq!(stayed.err().map(|error| error.kind()), outcome.disconnect, "{case}");
            assert_eq!(next.unwrap(), 2, "{case}");
            let record = Record::of(&case);
            assert_eq!((record.attempts(), record.dropped()), (2, 1), "{case}");
            settled(&connections, &record, &case).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_everybody_leaves_and_that_is_given_up_leaves_nothing() {
    for (number, outcome) in OUTCOMES.iter().enumerate() {
        for moment in MOMENTS {
            let case = format!("given up {number} {moment:?}");
            let connections =
                build(&case, &format!("connect = ['{}', 'ok']\ndelay = '{}'", outcome.step, outcome.delay));
            let left = tokio::time::timeout(Duration::ZERO, connections.get::<ProbeClient>("a"));
            assert!(left.await.is_err());
            let record = Record::of(&case);
            while record.attempts() == 0 {
                tokio::task::yield_now().await;
            }
            sleep(moment).await;
            connections.disconnect("a").await.unwrap();
            assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2, "{case}");
            settled(&connections, &record, &case).await;
        }
    }
}

fn build(record: &str, script: &str) -> ConnectionManager {
    manager(&format!(
        "[connections.a]\ntype = 'probe'\nrecord = '{record}'\n{script}\n\
         lifecycle.connect_timeout = '2s'\nlifecycle.disconnect_timeout = '2s'\n\
         lifecycle.retry = {{ base = '5s', max = '5s' }}"
    ))
}

/// At the end each client was told goodbye once and dropped once, and no task is left.
async fn settled(connections: &ConnectionManager, record: &Record, case: &str) {
    let _ = connections.disconnect_all().await;
    sleep(Duration::from_secs(10)).await;
    let count = |what: &str| record.events().iter().filter(|event| event.starts_with(what)).count();
    assert_eq!((count("connected"), count("connected")), (count("disconnecting"), record.dropped()), "{case}");
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "{case}");
}
