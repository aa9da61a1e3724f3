//! User code that calls the manager that runs it, and user code that panics where nobody expects it.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, ConnectionRef, ErrorKind, connection_type,
};
use connection_registry_tests::{ProbeClient, Record, manager};

/// A connection that does what a test put under its script.
#[connection_type("hooked")]
struct Hooked {
    script: String,
    /// Asked for after the hook.
    needs: Option<ConnectionRef<ProbeClient>>,
}

/// What the methods of a hooked connection do. The manager is the one under test.
#[derive(Clone, Default)]
struct Hooks {
    connect: Option<Call>,
    disconnect: Option<Call>,
    dropped: Option<Call>,
    /// The error that connect and disconnect give.
    error: Option<fn(ConnectionManager) -> BoxError>,
    manager: Arc<Mutex<Option<ConnectionManager>>>,
    events: Arc<Mutex<Vec<&'static str>>>,
}

type Call = fn(ConnectionManager) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

struct HookedClient(Hooks);

impl Connection for Hooked {
    type Client = HookedClient;

    async fn connect(&self, cx: &ConnectContext) -> Result<HookedClient, BoxError> {
        let hooks = Hooks::of(&self.script);
        hooks.note("connect");
        hooks.call(hooks.connect).await;
        if let Some(reference) = &self.needs {
            cx.get(reference).await?;
        }
        match hooks.error {
            Some(error) if hooks.disconnect.is_none() => Err(error(hooks.manager())),
            _ => Ok(HookedClient(hooks)),
        }
    }

    async fn disconnect(&self, client: &HookedClient) -> Result<(), BoxError> {
        let hooks = &client.0;
        hooks.note("disconnect");
        hooks.call(hooks.disconnect).await;
        hooks.error.map_or(Ok(()), |error| Err(error(hooks.manager())))
    }
}

impl Drop for HookedClient {
    fn drop(&mut self) {
        self.0.note("drop");
        if let Some(dropped) = self.0.dropped {
            // What is called here does not wait.
            let mut call = dropped(self.0.manager());
            let waker = std::task::Waker::noop();
            let _ = call.as_mut().poll(&mut std::task::Context::from_waker(waker));
        }
    }
}

impl Hooks {
    fn of(script: &str) -> Self {
        let hooks = HOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.get(script).cloned().unwrap_or_default()
    }

    /// A manager of one connection `a` with these hooks.
    fn build(self, script: &str) -> (ConnectionManager, Self) {
        let toml = "[connections.a]\ntype = 'hooked'\nlifecycle.disconnect_timeout = '3s'\n";
        self.build_with(script, &format!("{toml}script = '{script}'"))
    }

    fn build_with(self, script: &str, toml: &str) -> (ConnectionManager, Self) {
        HOOKS.lock().unwrap_or_else(PoisonError::into_inner).insert(script.to_owned(), self.clone());
        let connections = manager(toml);
        *self.manager.lock().unwrap_or_else(PoisonError::into_inner) = Some(connections.clone());
        (connections, self)
    }

    fn manager(&self) -> ConnectionManager {
        self.manager.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap()
    }

    async fn call(&self, call: Option<Call>) {
        if let Some(call) = call {
            call(self.manager()).await;
        }
    }

    fn note(&self, event: &'static str) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn events(&self) -> Vec<&'static str> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

static HOOKS: LazyLock<Mutex<HashMap<String, Hooks>>> = LazyLock::new(Mutex::default);

/// Fails when `test` does not end, which a lock that is taken twice on one thread would cause.
#[track_caller]
fn ends(test: impl Future<Output = ()> + Send + 'static) {
    let (sender, ended) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(test);
        let _ = sender.send(());
    });
    let outcome = ended.recv_timeout(Duration::from_secs(20));
    assert_ne!(outcome, Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_ready_when_its_attempt_is_given_up_is_told_goodbye() {
    let (connections, hooks) = Hooks {
        // It does not wait: an attempt has no client to close. So the client below is made all the same.
        connect: Some(|manager| Box::pin(async move { manager.disconnect("a").await.unwrap() })),
        ..Hooks::default()
    }
    .build("gives itself up");
    let error = connections.get::<HookedClient>("a").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hooks.events(), ["connect", "disconnect", "drop"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_connects_nothing_any_more() {
    let (hooks, toml) = (
        Hooks {
            connect: Some(|manager| Box::pin(async move { manager.disconnect_all().await.unwrap() })),
            ..Hooks::default()
        },
        "[connections.base]\ntype = 'probe'\nrecord = 'not asked for'\n\
         [connections.a]\ntype = 'hooked'\nscript = 'closes all'\nneeds = '${env:NEEDS:-base}'",
    );
    let (connections, hooks) = hooks.build_with("closes all", toml);
    let error = connections.get::<HookedClient>("a").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hooks.events(), ["connect"]);
    assert_eq!(Record::of("not asked for").attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_asks_for_itself_ends_at_its_timeout() {
    let (connections, _) = Hooks {
        connect: Some(|manager| Box::pin(async move { drop(manager.get::<HookedClient>("a").await) })),
        ..Hooks::default()
    }
    .build("asks for itself");
    let error = connections.get::<HookedClient>("a").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_waits_for_itself_ends_at_its_timeout() {
    let (connections, hooks) = Hooks {
        disconnect: Some(|manager| Box::pin(async move { drop(manager.disconnect_all().await) })),
        ..Hooks::default()
    }
    .build("waits for itself");
    drop(connections.get::<HookedClient>("a").await.unwrap());
    let error = connections.disconnect_all().await.unwrap_err();
    assert!(error.to_string().contains("disconnect_timeout of 3s"), "{error}");
    tokio::task::yield_now().await;
    assert_eq!(hooks.events(), ["connect", "disconnect", "drop"]);
}

#[test]
fn the_drop_of_a_client_may_call_the_manager() {
    ends(async {
        let (connections, hooks) = Hooks {
            dropped: Some(|manager| {
                Box::pin(async move {
                    let _ = manager.try_get::<HookedClient>("a").map(drop);
                    manager.insert("a", 7_u8).unwrap();
                    manager.registry().remove("a");
                })
            }),
            ..Hooks::default()
        }
        .build("drop calls");
        drop(connections.get::<HookedClient>("a").await.unwrap());
        connections.insert("a", 8_u8).unwrap();
        assert_eq!(hooks.events(), ["connect", "drop"]);
        assert!(!connections.has("a"));
    });
}

#[test]
fn the_drop_of_an_error_may_call_the_manager() {
    ends(async {
        let (connections, _) =
            Hooks { error: Some(|manager| Box::new(CallsOnDrop(manager))), ..Hooks::default() }.build("error calls");
        for _ in 0..2 {
            drop(connections.get::<HookedClient>("a").await.err().unwrap());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        connections.disconnect("a").await.unwrap();
        drop(connections.get::<HookedClient>("a").await.err().unwrap());
        connections.insert("a", 7_u8).unwrap();
    });
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_drop_panics_is_an_error_of_its_goodbye() {
    let (connections, hooks) =
        Hooks { dropped: Some(|_| panic!("a panic in a drop")), ..Hooks::default() }.build("drop panics");
    drop(connections.get::<HookedClient>("a").await.unwrap());
    let error = connections.disconnect("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisconnectFailed, "{error}");
    assert!(error.to_string().contains("panicked"), "{error}");
    assert_eq!(hooks.events(), ["connect", "disconnect", "drop"]);
    assert_eq!(connections.try_get::<HookedClient>("a").err().unwrap().kind(), ErrorKind::NotConnected);
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_text_panics_is_an_error_all_the_same() {
    let error: fn(ConnectionManager) -> BoxError = |_| Box::new(PanicsInDisplay);
    let (connections, _) = Hooks { error: Some(error), ..Hooks::default() }.build("text panics");
    let failed = connections.get::<HookedClient>("a").await.err().unwrap();
    assert_eq!(failed.kind(), ErrorKind::ConnectPanicked, "{failed}");
    let disconnect: Call = |_| Box::pin(async {});
    let (connections, _) =
        Hooks { error: Some(error), disconnect: Some(disconnect), ..Hooks::default() }.build("goodbye text panics");
    drop(connections.get::<HookedClient>("a").await.unwrap());
    let failed = connections.disconnect_all().await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::DisconnectFailed, "{failed}");
    assert!(failed.to_string().contains("panicked"), "{failed}");
}

/// An error that uses the manager when it goes.
struct CallsOnDrop(ConnectionManager);

impl Drop for CallsOnDrop {
    fn drop(&mut self) {
        let _ = self.0.try_get::<HookedClient>("a").map(drop);
    }
}

impl fmt::Display for CallsOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it calls")
    }
}

impl fmt::Debug for CallsOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallsOnDrop")
    }
}

impl StdError for CallsOnDrop {}

#[derive(Debug)]
struct PanicsInDisplay;

impl fmt::Display for PanicsInDisplay {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a panic in a text")
    }
}

impl StdError for PanicsInDisplay {}
