//! Templates at run time: one connection for each name that fits, no more of them at once than allowed.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectContext, Connection, ConnectionManager, ConnectionRef, ConnectionState, Error, ErrorKind,
    connection_type,
};
use connection_registry_tests::manager;
use tokio::{
    task::yield_now,
    time::{Instant, sleep},
};

/// A connection that says whose it is.
#[connection_type("tenant")]
struct Tenant {
    id: String,
    ledger: String,
    #[serde(default)]
    delay: Duration,
    #[serde(default)]
    needs: Option<ConnectionRef<Client>>,
    /// One in so many attempts fails; none when it is 0.
    #[serde(default)]
    fails: u64,
}

struct Client {
    id: String,
    ledger: Arc<Ledger>,
    told_goodbye: AtomicBool,
    needs: Option<Conn<Client>>,
}

/// What became of all clients of a test.
#[derive(Default)]
struct Ledger {
    /// Whose connects began, in order.
    attempts: Mutex<Vec<String>>,
    /// Who was told goodbye, in order.
    goodbyes: Mutex<Vec<String>>,
    opened: AtomicUsize,
    dropped: AtomicUsize,
    random: Mutex<fastrand::Rng>,
}

impl Connection for Tenant {
    type Client = Client;

    async fn connect(&self, cx: &ConnectContext) -> Result<Client, BoxError> {
        let ledger = Ledger::of(&self.ledger);
        lock(&ledger.attempts).push(self.id.clone());
        let mut needs = None;
        if let Some(reference) = &self.needs {
            needs = Some(cx.get(reference).await?);
        }
        sleep(self.delay).await;
        if self.fails > 0 && ledger.below(self.fails) == 0 {
            return Err("not today".into());
        }
        ledger.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Client { id: self.id.clone(), ledger, told_goodbye: AtomicBool::new(false), needs })
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        assert!(!client.told_goodbye.swap(true, Ordering::SeqCst), "a client is told goodbye once");
        lock(&client.ledger.goodbyes).push(client.id.clone());
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.ledger.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Ledger {
    fn of(name: &str) -> Arc<Self> {
        Arc::clone(lock(&LEDGERS).entry(name.to_owned()).or_default())
    }

    /// The next number of a simple generator, below `bound`.
    fn below(&self, bound: u64) -> u64 {
        lock(&self.random).u64(..bound)
    }

    async fn dawdle(&self) {
        for _ in 0..self.below(5) {
            yield_now().await;
        }
    }

    fn attempts(&self) -> Vec<String> {
        lock(&self.attempts).clone()
    }

    fn goodbyes(&self) -> Vec<String> {
        lock(&self.goodbyes).clone()
    }

    #[track_caller]
    fn has_lost_nothing(&self) {
        let (opened, dropped) = (self.opened.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst));
        assert_eq!((opened, opened), (dropped, self.goodbyes().len()), "opened; dropped and told goodbye");
    }
}

/// A template `tenant/{id}` whose ledger is called `ledger`, with more settings.
fn template(ledger: &str, settings: &str) -> String {
    format!("[connections.\"tenant/{{id}}\"]\ntype = 'tenant'\nid = '${{name:id}}'\nledger = '{ledger}'\n{settings}\n")
}

async fn get(connections: &ConnectionManager, id: impl std::fmt::Display) -> Result<Conn<Client>, Error> {
    connections.get(&format!("tenant/{id}")).await
}

/// Which instances are connected. Looking is a use of each.
fn live(connections: &ConnectionManager) -> Vec<String> {
    let names = connections.names();
    names.into_iter().filter(|name| connections.try_get::<Client>(name).is_ok()).collect()
}

/// Until the goodbyes that were begun are over.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_fits_is_a_connection_with_its_own_values() {
    let connections = manager(&template("own values", ""));
    let (one, two) = (get(&connections, "acme").await.unwrap(), get(&connections, "b-2").await.unwrap());
    assert_eq!((&*one.id, &*two.id), ("acme", "b-2"));
    let again = get(&connections, "acme").await.unwrap();
    assert!(std::ptr::eq(&*one, &*again), "it is cached");
    assert!(std::ptr::eq(&*one, &*connections.try_get::<Client>("tenant/acme").unwrap()));
    let handle = connections.handle::<Client>("tenant/acme").unwrap();
    assert!(std::ptr::eq(&*one, &*handle.get().await.unwrap()));
    assert_eq!(Ledger::of("own values").attempts(), ["acme", "b-2"]);
    assert_eq!(connections.names(), ["tenant/acme", "tenant/b-2"]);
}

#[tokio::test(start_paused = true)]
async fn callers_of_one_instance_share_an_attempt_and_those_of_others_do_not_wait_for_it() {
    let connections = manager(&template("single flight", "delay = '1s'"));
    let started = Instant::now();
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let connections = connections.clone();
            tokio::spawn(async move { get(&connections, number % 3).await.unwrap().id.clone() })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), (number % 3).to_string());
    }
    assert_eq!(started.elapsed().as_secs(), 1);
    assert_eq!(Ledger::of("single flight").attempts().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_that_of_one_instance() {
    let toml = template("own failure", "fails = 1\nlifecycle.connect_timeout = '1ms'\nlifecycle.retry.base = '1s'");
    let connections = manager(&toml);
    let error = get(&connections, "one").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectFailed, "{error}");
    let remembered = get(&connections, "one").await.err().unwrap();
    assert!(remembered.to_string().contains("not tried again for"), "{remembered}");
    get(&connections, "two").await.err().unwrap();
    assert_eq!(Ledger::of("own failure").attempts(), ["one", "two"]);
    assert!(
        error.to_string().starts_with(
            "connection `tenant/one` (template `tenant/{id}`, type `tenant`, <text>:1:14) failed to connect"
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_fit_connects_nothing_and_leaves_nothing() {
    let connections = manager(&template("injections", ""));
    let long = "x".repeat(65);
    let hostile = ["../x", "4 2", "", "a/b", "%2e", "{id}", "a\nb\u{202e}", "${env:HOME}", "é", "\0", &*long];
    for id in hostile {
        let name = format!("tenant/{id}");
        let error = connections.get::<Client>(&name).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{id:?}");
        let text = error.to_string();
        assert!(!text.contains(|it: char| it.is_control() || it == '\u{202e}'), "{text:?}");
        assert!(text.contains("tenant/{id}"), "{text}");
        assert_eq!(connections.try_get::<Client>(&name).err().unwrap().kind(), ErrorKind::NotFound);
        assert_eq!(connections.handle::<Client>(&name).err().unwrap().kind(), ErrorKind::NotFound);
        assert_eq!(connections.disconnect(&name).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!connections.has(&name), "{id:?}");
    }
    assert_eq!(connections.names(), [""; 0]);
    assert_eq!(Ledger::of("injections").attempts(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_name_of_a_megabyte_is_refused_quickly_in_few_words() {
    let mut toml = template("megabyte", "");
    for number in 0..1000 {
        toml += &format!("[connections.'{number:0>100}']\ntype = 'tenant'\nid = ''\nledger = 'megabyte'\n");
    }
    let connections = manager(&toml);
    let started = std::time::Instant::now();
    for name in ["x".repeat(1 << 20), format!("tenant/{}", "x".repeat(1 << 20)), "\u{202e}".repeat(1 << 18)] {
        let error = connections.get::<Client>(&name).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().len() < 4096, "{error}");
        assert!(error.connection().unwrap().len() < 1024);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_there_is_not_answered_with_those_of_other_tenants() {
    let connections =
        manager(&(template("others", "") + "[connections.main]\ntype = 'tenant'\nid = ''\nledger = ''\n"));
    get(&connections, "canary-4711").await.unwrap();
    for name in ["tenant/canary-471!", "tenants/canary-4711", "canary", "tenant/{id}", "mian"] {
        let error = connections.get::<Client>(name).await.err().unwrap();
        let without_name = error.to_string().replace(name, "");
        assert!(!without_name.contains("canary"), "{error}");
    }
    let error = connections.get::<Client>("mian").await.err().unwrap().to_string();
    assert!(error.contains("did you mean `main`?"), "{error}");
    let error = connections.get::<Client>("tenant/{id}").await.err().unwrap().to_string();
    assert!(error.contains("is a template"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_template_makes_nothing_and_says_where() {
    let connections = manager(&template("disabled", "enabled = false"));
    let error = get(&connections, 1).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Disabled);
    assert_eq!(
        error.to_string(),
        "connection `tenant/1` (template `tenant/{id}`, type `tenant`, <text>:1:14) is disabled: `enabled = false` at \
         <text>:5:11"
    );
    assert!(!connections.has("tenant/1"));
    assert_eq!(connections.names(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn looking_makes_no_connection() {
    let connections = manager(&template("looking", ""));
    assert!(connections.has("tenant/1") && !connections.has("tenant/{id}"));
    let error = connections.try_get::<Client>("tenant/1").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
    connections.handle::<Client>("tenant/1").unwrap();
    connections.disconnect("tenant/1").await.unwrap();
    for wrong in [
        connections.get::<String>("tenant/1").await.err().unwrap(),
        connections.try_get::<String>("tenant/1").err().unwrap(),
        connections.handle::<String>("tenant/1").err().unwrap(),
    ] {
        assert_eq!(wrong.kind(), ErrorKind::WrongType, "{wrong}");
    }
    assert_eq!(connections.names(), [""; 0]);
    assert_eq!(Ledger::of("looking").attempts(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_instance_unused_for_longest_makes_room() {
    let connections = manager(&template("least recently used", "lifecycle.max_instances = 3"));
    let ledger = Ledger::of("least recently used");
    let handle = connections.handle::<Client>("tenant/a").unwrap();
    for id in ["a", "b", "c"] {
        get(&connections, id).await.unwrap();
    }
    handle.get().await.unwrap();
    get(&connections, "b").await.unwrap();
    handle.get().await.unwrap();
    for (new, expected) in [("d", vec!["c"]), ("e", vec!["c", "b"]), ("f", vec!["c", "b", "a"])] {
        get(&connections, new).await.unwrap();
        settle().await;
        assert_eq!(ledger.goodbyes(), expected);
    }
    assert_eq!(handle.get().await.unwrap().id, "a");
    settle().await;
    assert_eq!(ledger.goodbyes(), ["c", "b", "a", "d"]);
    assert_eq!(live(&connections), ["tenant/a", "tenant/e", "tenant/f"]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_use_is_never_closed_and_a_released_one_makes_room() {
    let connections = manager(&template("in use", "lifecycle.max_instances = 2"));
    let (a, b) = (get(&connections, "a").await.unwrap(), get(&connections, "b").await.unwrap());
    let started = Instant::now();
    let error = get(&connections, "c").await.err().unwrap();
    assert_eq!((error.kind(), started.elapsed()), (ErrorKind::TooManyInstances, Duration::ZERO));
    assert!(error.is_retryable());
    assert_eq!(error.connection(), Some("tenant/c"));
    assert_eq!(
        error.to_string(),
        "connection `tenant/c` (template `tenant/{id}`, type `tenant`, <text>:1:14) cannot be made: all 2 connections \
         that its template may have (`lifecycle.max_instances`) are in use (the first one that is used no more makes \
         room)"
    );
    assert!(!a.is_retired() && !b.is_retired());
    drop(b);
    get(&connections, "c").await.unwrap();
    settle().await;
    assert_eq!(Ledger::of("in use").goodbyes(), ["b"]);
    assert!(!a.is_retired());
    assert_eq!(Ledger::of("in use").attempts(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_being_connected_takes_a_place_and_keeps_it_for_its_callers() {
    let connections = manager(&template("connecting", "delay = '1s'\nlifecycle.max_instances = 1"));
    let first = tokio::spawn({
        let connections = connections.clone();
        async move { get(&connections, "a").await.unwrap().id.clone() }
    });
    sleep(Duration::from_millis(500)).await;
    let error = get(&connections, "b").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::TooManyInstances, "{error}");
    // This one is told that it is connected before its own caller is.
    let mut events = connections.subscribe();
    let other = tokio::spawn({
        let connections = connections.clone();
        async move {
            while events.next().await.unwrap().state != ConnectionState::Connected {}
            get(&connections, "b").await.err().map(|error| error.kind())
        }
    });
    assert_eq!(other.await.unwrap(), Some(ErrorKind::TooManyInstances));
    assert_eq!(first.await.unwrap(), "a");
    assert_eq!(get(&connections, "b").await.unwrap().id, "b");
    assert_eq!(Ledger::of("connecting").attempts(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn the_places_of_one_template_are_not_those_of_another() {
    let other = template("two templates", "lifecycle.max_instances = 1").replace("tenant/", "vip/");
    let connections = manager(&(template("two templates", "lifecycle.max_instances = 1") + &other));
    let _one = get(&connections, "a").await.unwrap();
    let _two = connections.get::<Client>("vip/a").await.unwrap();
    for name in ["tenant/b", "vip/b"] {
        let error = connections.get::<Client>(name).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::TooManyInstances);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_inserted_takes_no_place_and_is_not_closed_for_another() {
    let connections = manager(&template("inserted", "lifecycle.max_instances = 1"));
    connections.insert("tenant/mine", String::from("ready-made")).unwrap();
    for id in ["a", "b"] {
        get(&connections, id).await.unwrap();
    }
    assert_eq!(*connections.get::<String>("tenant/mine").await.unwrap(), "ready-made");
    connections.disconnect("tenant/mine").await.unwrap();
    assert_eq!(get(&connections, "mine").await.unwrap().id, "mine");
    settle().await;
    assert_eq!(Ledger::of("inserted").goodbyes(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_reference_may_name_an_instance() {
    let toml = template("reference", "").replace("'reference'\n", "'reference'\nneeds = 'db/${name:id}'\n")
        + &template("reference", "").replace("tenant/", "db/").replace("'${name:id}'", "'db of ${name:id}'")
        + "[connections.fixed]\ntype = 'tenant'\nid = 'fixed'\nledger = 'reference'\nneeds = 'tenant/7'\n";
    let connections = manager(&toml);
    let fixed = connections.get::<Client>("fixed").await.unwrap();
    let seven = fixed.needs.as_ref().unwrap();
    assert_eq!((&*seven.id, &*seven.needs.as_ref().unwrap().id), ("7", "db of 7"));
    assert_eq!(connections.names(), ["db/7", "fixed", "tenant/7"]);
    drop(fixed);
    connections.disconnect_all().await.unwrap();
    assert_eq!(Ledger::of("reference").goodbyes(), ["fixed", "7", "db of 7"]);
    Ledger::of("reference").has_lost_nothing();
}

#[tokio::test(start_paused = true)]
async fn instances_are_closed_by_name_and_with_all_others() {
    let connections = manager(&template("closed", ""));
    for id in ["a", "b", "c"] {
        get(&connections, id).await.unwrap();
    }
    connections.disconnect("tenant/b").await.unwrap();
    let ledger = Ledger::of("closed");
    assert_eq!(ledger.goodbyes(), ["b"]);
    assert_eq!(live(&connections), ["tenant/a", "tenant/c"]);
    connections.disconnect_all().await.unwrap();
    assert_eq!(ledger.goodbyes().into_iter().collect::<HashSet<_>>().len(), 3);
    ledger.has_lost_nothing();
}

#[tokio::test(start_paused = true)]
async fn any_number_of_ids_leaves_few_entries() {
    let bound = 5 + 1000;
    let connections = manager(&template("many ids", "lifecycle.max_instances = 5"));
    let handle = connections.handle::<Client>("tenant/0").unwrap();
    handle.get().await.unwrap();
    for id in 0..30_000 {
        assert_eq!(get(&connections, id).await.unwrap().id, id.to_string());
    }
    settle().await;
    assert!(connections.names().len() <= bound, "{}", connections.names().len());
    assert_eq!(live(&connections).len(), 5);
    assert!(!connections.names().contains(&"tenant/0".to_owned()), "it was forgotten");
    assert_eq!(handle.get().await.unwrap().id, "0", "a handle makes it anew");
    connections.disconnect_all().await.unwrap();
    Ledger::of("many ids").has_lost_nothing();
}

#[tokio::test(start_paused = true)]
async fn any_number_of_ids_leaves_few_entries_when_none_can_be_connected() {
    let toml = template("dead", "fails = 1\nlifecycle.max_instances = 5\nlifecycle.connect_timeout = '1ms'");
    let connections = manager(&toml);
    for id in 0..10_000 {
        let error = get(&connections, id).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectFailed, "{error}");
    }
    let storm: Vec<_> = (10_000..30_000)
        .map(|id| {
            let connections = connections.clone();
            tokio::spawn(async move { get(&connections, id).await.err().unwrap().kind() })
        })
        .collect();
    for task in storm {
        assert!(matches!(task.await.unwrap(), ErrorKind::ConnectFailed | ErrorKind::TooManyInstances));
    }
    assert!(connections.names().len() <= 5 + 1000, "{}", connections.names().len());
    assert_eq!(Ledger::of("dead").opened.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
#[expect(clippy::print_stderr, reason = "the seed is wanted when it fails")]
async fn a_storm_never_has_more_instances_than_allowed() {
    for _ in 0..20 {
        let seed = RandomState::new().build_hasher().finish();
        eprintln!("seed {seed}");
        let highest = storm(&format!("storm {seed}"), seed, true).await;
        assert_eq!(highest, Some(BOUND), "it should have been full");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::print_stderr, reason = "the seed is wanted when it fails")]
async fn a_storm_of_threads_never_has_more_instances_than_allowed() {
    let seed = RandomState::new().build_hasher().finish();
    eprintln!("seed {seed}");
    storm(&format!("threads {seed}"), seed, false).await;
}

/// Many callers of many instances, some of which fail. Gives how many lived at once, unless too many events came.
async fn storm(name: &str, seed: u64, dawdles: bool) -> Option<usize> {
    let ledger = Ledger::of(name);
    *lock(&ledger.random) = fastrand::Rng::with_seed(seed);
    let settings = format!(
        "fails = 6\nlifecycle.max_instances = {BOUND}\nlifecycle.retry = {{ base = '1ms', max = '2ms' }}\n\
         lifecycle.connect_timeout = '100ms'"
    );
    let connections = manager(&template(name, &settings));
    let mut events = connections.subscribe();
    let callers: Vec<_> =
        (0..30).map(|_| tokio::spawn(caller(connections.clone(), Arc::clone(&ledger), dawdles))).collect();
    let watcher = tokio::spawn(async move {
        let (mut live, mut highest) = (HashSet::new(), 0);
        while let Some(event) = events.next().await {
            match event.state {
                ConnectionState::Connecting | ConnectionState::Connected => live.insert(event.connection),
                _ => live.remove(&event.connection),
            };
            if events.missed() > 0 {
                return None;
            }
            highest = live.len().max(highest);
            assert!(highest <= BOUND, "{live:?}");
        }
        Some(highest)
    });
    for caller in callers {
        caller.await.unwrap();
    }
    connections.disconnect_all().await.unwrap();
    drop(connections);
    while Arc::strong_count(&ledger) > 2 {
        sleep(Duration::from_millis(1)).await;
    }
    ledger.has_lost_nothing();
    watcher.await.unwrap()
}

async fn caller(connections: ConnectionManager, ledger: Arc<Ledger>, dawdles: bool) {
    for _ in 0..100 {
        let id = ledger.below(4 * BOUND as u64);
        match get(&connections, id).await {
            Ok(client) => {
                assert_eq!(client.id, id.to_string());
                if dawdles {
                    ledger.dawdle().await;
                } else {
                    yield_now().await;
                }
                assert!(!client.told_goodbye.load(Ordering::SeqCst), "it was closed under its guard");
                assert!(!client.is_retired());
            }
            Err(error) => {
                let expected = [ErrorKind::ConnectFailed, ErrorKind::TooManyInstances];
                assert!(expected.contains(&error.kind()), "{error}");
                yield_now().await;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many instances a storm may have.
const BOUND: usize = 8;

static LEDGERS: LazyLock<Mutex<HashMap<String, Arc<Ledger>>>> = LazyLock::new(Mutex::default);
