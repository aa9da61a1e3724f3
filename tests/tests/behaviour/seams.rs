//! What holds where two parts of the library meet.

use std::time::Duration;

use connection_registry::{ConnectionManager, ConnectionState, ErrorKind, testing::FakeClient};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// A manager with a file that changes.
struct Changing {
    connections: ConnectionManager,
    folder: TempDir,
}

impl Changing {
    fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connections.toml");
        std::fs::write(&file, configuration).unwrap();
        let nothing: [(&str, &str); 0] = [];
        let connections = ConnectionManager::builder().file(file).environment(nothing).build().unwrap();
        Self { connections, folder }
    }

    fn write(&self, configuration: &str) {
        std::fs::write(self.folder.path().join("connections.toml"), configuration).unwrap();
    }

    fn state(&self, name: &str) -> ConnectionState {
        self.connections.status().get(name).unwrap().state
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_goodbye_for_longer_than_the_connect_timeout() {
    let toml = "connections.a = { type = 'fake', journal = 'seams 1', check = ['never', 'ok'], lifecycle = { connect_timeout = '2s', \
                check_interval = '1s', check_timeout = '1s', replace = 'break-first', drain_timeout = '1h' } }";
    let connections = ConnectionManager::builder().toml(toml).build().unwrap();
    let held = connections.get::<FakeClient>("a").await.unwrap();
    while !held.is_retired() {
        sleep(SECOND / 10).await;
    }
    let began = Instant::now();
    let error = connections.get::<FakeClient>("a").await.unwrap_err();
    assert!(began.elapsed() < 3 * SECOND, "{:?}", began.elapsed());
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout);
    assert!(error.to_string().ends_with("waiting for its client before to be closed"), "{error}");
    drop(held);
    assert!(connections.get::<FakeClient>("a").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn attempts_that_take_the_place_of_each_other_do_not_begin_the_time_of_a_caller_anew() {
    let declared = |port: usize| {
        format!("connections.a = {{ type = 'fake', journal = 'seams 2', connect = ['never'], endpoint = 'h:{port}' }}")
    };
    let changing = Changing::new(&declared(1));
    let (manager, began) = (changing.connections.clone(), Instant::now());
    let caller = tokio::spawn(async move { (manager.get::<FakeClient>("a").await.map(drop), began.elapsed()) });
    for port in 2..7 {
        sleep(4 * SECOND).await;
        changing.write(&declared(port));
        changing.connections.reload().await.unwrap();
    }
    let (result, took) = caller.await.unwrap();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectTimeout);
    assert!(took < 11 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_recovers_is_replaced_all_the_same_when_its_configuration_has_changed() {
    let lifecycle = "lifecycle = { check_interval = '1s', check_fall = 1, check_rise = 1, connect_timeout = '1s', \
                     retry = { background_max = '30s' } }";
    // After three checks that pass one fails, and then all pass.
    let old = format!(
        "connections.a = {{ type = 'fake', journal = 'seams 3', endpoint = 'old:1', check = ['ok', 'ok', 'error', 'ok'], {lifecycle} }}"
    );
    let failing = "'error', ".repeat(12);
    let new = format!(
        "connections.a = {{ type = 'fake', journal = 'seams 3', endpoint = 'new:1', connect = [{failing} 'ok'], {lifecycle} }}"
    );
    let changing = Changing::new(&old);
    let before = changing.connections.get::<FakeClient>("a").await.unwrap().number();
    changing.write(&new);
    let report = changing.connections.reload().await.unwrap();
    assert_eq!(report.failed().len(), 1, "{report:?}");
    sleep(300 * SECOND).await;
    assert_eq!(changing.state("a"), ConnectionState::Connected);
    assert!(changing.connections.get::<FakeClient>("a").await.unwrap().number() > before);
}

#[test]
fn an_attempt_that_is_given_up_holds_no_place_while_it_blocks_its_thread() {
    let toml = "connections.a = { type = 'fake', journal = 'seams 4', connect = ['block'], block = '5s', endpoint = 'h:1' }\n\
                connections.b = { type = 'fake', journal = 'seams 4', endpoint = 'h:1', lifecycle.connect_timeout = '2s' }";
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let connections = ConnectionManager::builder().toml(toml).max_concurrent_connects(1).build().unwrap();
        let manager = connections.clone();
        let caller = tokio::spawn(async move { manager.get::<FakeClient>("a").await.map(drop) });
        while connections.status().get("a").unwrap().state != ConnectionState::Connecting {
            tokio::task::yield_now().await;
        }
        // So that it is in its code.
        sleep(SECOND / 5).await;
        connections.disconnect("a").await.unwrap();
        assert_eq!(caller.await.unwrap().unwrap_err().kind(), ErrorKind::Disconnected);
        assert!(connections.get::<FakeClient>("b").await.is_ok());
    });
    runtime.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn uses_count_from_the_reload_on_that_gives_a_connection_an_idle_timeout() {
    let changing = Changing::new("connections.a = { type = 'fake', journal = 'seams 5' }");
    let number = changing.connections.get::<FakeClient>("a").await.unwrap().number();
    changing.write("connections.a = { type = 'fake', journal = 'seams 5', lifecycle.idle_timeout = '10s' }");
    changing.connections.reload().await.unwrap();
    for _ in 0..30 {
        sleep(3 * SECOND).await;
        // Not while anybody looks.
        sleep(SECOND / 7).await;
        assert_eq!(changing.connections.get::<FakeClient>("a").await.unwrap().number(), number);
    }
    sleep(20 * SECOND).await;
    assert_eq!(changing.state("a"), ConnectionState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_inserted_is_not_closed_for_being_idle() {
    let toml = "connections.a = { type = 'fake', journal = 'seams 6', lifecycle.idle_timeout = '10s' }";
    let connections = ConnectionManager::builder().toml(toml).build().unwrap();
    drop(connections.get::<FakeClient>("a").await.unwrap());
    connections.insert("a", 7_u8).unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(*connections.try_get::<u8>("a").unwrap(), 7);
}

#[test]
fn a_start_on_a_runtime_that_has_ended_says_so() {
    let toml = "connections.a = { type = 'fake', journal = 'seams 7', lifecycle.start = 'eager' }";
    let gone = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connections = ConnectionManager::builder().toml(toml).runtime(gone.handle().clone()).build().unwrap();
    drop(gone);
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = other.block_on(connections.start()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StartFailed);
    assert_eq!(error.errors()[0].kind(), ErrorKind::NoRuntime);
}

#[tokio::test(start_paused = true)]
async fn pauses_that_no_clock_can_tell_do_no_harm() {
    let toml = "connections.a = { type = 'fake', journal = 'seams 8', connect = ['error'], lifecycle.retry = { base = '18446744073709551615s', \
                max = '18446744073709551615s', background_max = '18446744073709551615s' } }";
    let connections = ConnectionManager::builder().toml(toml).build().unwrap();
    assert_eq!(connections.get::<FakeClient>("a").await.unwrap_err().kind(), ErrorKind::ConnectFailed);
}
