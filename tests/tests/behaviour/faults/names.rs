//! Very many names, and very many callers, at once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, ErrorKind, connection_type};
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::time::Instant;

/// A connection that takes a second to connect, and counts how many do.
#[connection_type("second")]
struct Second {}

impl Connection for Second {
    type Client = usize;

    async fn connect(&self, _: &ConnectContext) -> Result<usize, BoxError> {
        let under_way = UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(under_way, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        Ok(CONNECTED.fetch_add(1, Ordering::SeqCst))
    }
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_names_only_so_many_connect_at_once_and_who_came_first_is_first() {
    let names: Vec<_> = (0..NAMES).map(|number| format!("n{number}")).collect();
    let declared = names.iter().map(|name| {
        format!(
            "[connections.{name}]\ntype = 'second'\nlifecycle.connect_timeout = '1h'\nlifecycle.check_interval = '1w'\n"
        )
    });
    let nothing: [(&str, &str); 0] = [];
    let builder = ConnectionManager::builder().toml(declared.collect::<String>()).environment(nothing);
    let connections = builder.max_concurrent_connects(AT_ONCE).build().unwrap();
    let started = Instant::now();
    let waiting: Vec<_> = names
        .into_iter()
        .map(|name| {
            let connections = connections.clone();
            tokio::spawn(async move { *connections.get::<usize>(&name).await.unwrap() })
        })
        .collect();
    for (number, place) in waiting.into_iter().enumerate() {
        let place = place.await.unwrap();
        assert_eq!(place / AT_ONCE, number / AT_ONCE, "name {number} was connected as number {place}");
    }
    assert_eq!(MOST.load(Ordering::SeqCst), AT_ONCE);
    assert_eq!(started.elapsed().as_secs(), (NAMES / AT_ONCE) as u64);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_of_a_server_that_is_down_share_one_failure() {
    let record = Record::of("down for all");
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'down for all'\nconnect = ['fail']\n\
         lifecycle.retry = { base = '1s', max = '2s' }",
    );
    let get = || {
        let connections = connections.clone();
        tokio::spawn(async move { connections.get::<ProbeClient>("a").await.map(drop).unwrap_err() })
    };
    let waiting: Vec<_> = (0..10_000).map(|_| get()).collect();
    let mut texts = Vec::new();
    for error in waiting {
        let error = error.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectFailed);
        texts.push(error.to_string());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert!(record.attempts() <= 10, "{} attempts", record.attempts());
}

const NAMES: usize = 10_000;

const AT_ONCE: usize = 100;

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

static MOST: AtomicUsize = AtomicUsize::new(0);

static CONNECTED: AtomicUsize = AtomicUsize::new(0);
