//! Checks of live clients: when they come, and what comes of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, CheckResult, ConnectContext, ConnectError, Connection, ConnectionManager, ConnectionState, Error,
    ErrorKind, Secret, connection_type,
};
use connection_registry_tests::manager;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

/// A patient that cannot heal itself.
#[connection_type("patient")]
struct Patient {
    server: String,
    #[serde(default)]
    password: Secret,
}

/// One that can.
#[connection_type("self-healing-patient")]
struct SelfHealingPatient {
    server: String,
}

/// What the other side does, now and until the test says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    Ok,
    Fail,
    FailForGood,
    Slow(Duration),
    Never,
    Panic,
}

/// The other side of all patients of one name.
pub(crate) struct Server {
    connect: Mutex<Act>,
    check: Mutex<Act>,
    /// When each connect and each check began.
    pub(crate) connects: Mutex<Vec<Instant>>,
    pub(crate) checks: Mutex<Vec<Instant>>,
    checking: AtomicUsize,
    most_checking: AtomicUsize,
    opened: AtomicUsize,
    pub(crate) goodbyes: AtomicUsize,
    dropped: AtomicUsize,
}

pub(crate) struct Client {
    pub(crate) number: usize,
    /// Cleared when the other side loses it.
    is_alive: AtomicBool,
    pub(crate) has_been_told_goodbye: AtomicBool,
    server: Arc<Server>,
}

impl Connection for Patient {
    type Client = Client;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        Server::of(&self.server).connect(self.password.expose()).await
    }

    async fn check(&self, client: &Client) -> Result<(), BoxError> {
        client.check(self.password.expose()).await
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        client.goodbye();
        Ok(())
    }
}

impl Connection for SelfHealingPatient {
    type Client = Client;

    const SELF_HEALING: bool = true;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        Server::of(&self.server).connect("").await
    }

    async fn check(&self, client: &Client) -> Result<(), BoxError> {
        client.check("").await
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        client.goodbye();
        Ok(())
    }
}

impl Server {
    pub(crate) fn of(name: &str) -> Arc<Self> {
        let mut servers = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(servers.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Self {
                connect: Mutex::new(Act::Ok),
                check: Mutex::new(Act::Ok),
                connects: Mutex::default(),
                checks: Mutex::default(),
                checking: AtomicUsize::new(0),
                most_checking: AtomicUsize::new(0),
                opened: AtomicUsize::new(0),
                goodbyes: AtomicUsize::new(0),
                dropped: AtomicUsize::new(0),
            })
        }))
    }

    fn connect_will(&self, act: Act) {
        *self.connect.lock().unwrap() = act;
    }

    pub(crate) fn check_will(&self, act: Act) {
        *self.check.lock().unwrap() = act;
    }

    async fn connect(self: Arc<Self>, password: &str) -> Result<Client, BoxError> {
        self.connects.lock().unwrap().push(Instant::now());
        let act = *self.connect.lock().unwrap();
        act.play(password).await?;
        let number = self.opened.fetch_add(1, Ordering::SeqCst) + 1;
        let (is_alive, has_been_told_goodbye) = (AtomicBool::new(true), AtomicBool::new(false));
        Ok(Client { number, is_alive, has_been_told_goodbye, server: self })
    }

    pub(crate) fn connects(&self) -> usize {
        self.connects.lock().unwrap().len()
    }

    fn checks(&self) -> usize {
        self.checks.lock().unwrap().len()
    }

    pub(crate) fn goodbyes(&self) -> usize {
        self.goodbyes.load(Ordering::SeqCst)
    }
}

impl Client {
    async fn check(&self, password: &str) -> Result<(), BoxError> {
        let _counted = Counted::new(&self.server);
        self.server.checks.lock().unwrap().push(Instant::now());
        let act = *self.server.check.lock().unwrap();
        act.play(password).await?;
        if self.is_alive.load(Ordering::SeqCst) { Ok(()) } else { Err("the connection was reset".into()) }
    }

    fn goodbye(&self) {
        self.has_been_told_goodbye.store(true, Ordering::SeqCst);
        self.server.goodbyes.fetch_add(1, Ordering::SeqCst);
    }

    /// What an application does with it.
    fn answers(&self) -> bool {
        self.is_alive.load(Ordering::SeqCst) && !self.has_been_told_goodbye.load(Ordering::SeqCst)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.server.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// A check under way.
struct Counted<'a>(&'a Server);

impl<'a> Counted<'a> {
    fn new(server: &'a Server) -> Self {
        let checking = server.checking.fetch_add(1, Ordering::SeqCst) + 1;
        server.most_checking.fetch_max(checking, Ordering::SeqCst);
        Self(server)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.checking.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Act {
    async fn play(self, password: &str) -> Result<(), BoxError> {
        match self {
            Self::Ok => Ok(()),
            Self::Fail => Err(format!("no answer to {password}").into()),
            Self::FailForGood => Err(ConnectError::permanent("the password is wrong").into()),
            Self::Slow(delay) => {
                sleep(delay).await;
                Ok(())
            }
            Self::Never => std::future::pending().await,
            Self::Panic => panic!("a panic of the patient"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connected_client_is_checked_at_intervals_that_vary_by_a_quarter() {
    let (connections, server) = patient("intervals", "patient", "");
    let connected = Instant::now();
    get(&connections).await;
    sleep(Duration::from_secs(30 * 100)).await;
    let checks = server.checks.lock().unwrap().clone();
    assert!(checks[0] - connected <= Duration::from_secs(31), "the first comes within one interval");
    let pauses: Vec<_> = checks.windows(2).map(|two| (two[1] - two[0]).as_secs_f64()).collect();
    assert!(pauses.len() > 70, "{} checks", checks.len());
    assert!(pauses.iter().all(|pause| (22.49..37.52).contains(pause)), "{pauses:?}");
    let (least, most) = (pauses.iter().copied().fold(f64::MAX, f64::min), pauses.iter().copied().fold(0.0, f64::max));
    assert!(most - least > 5.0, "they vary: {least} to {most}");
    settled(&connections, &server).await;
    sleep(Duration::from_secs(300)).await;
    assert_eq!(server.checks(), checks.len(), "a closed connection is not checked");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_inserted_is_never_checked() {
    let (connections, server) = patient("inserted", "patient", "");
    let client = Arc::clone(&server).connect("").await.unwrap();
    connections.insert("a", client).unwrap();
    sleep(Duration::from_secs(600)).await;
    connections.check("a").await.unwrap();
    assert_eq!(server.checks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_degraded_connection_still_hands_out_its_client_and_recovers() {
    let (connections, server) = patient("heals", "self-healing-patient", FAST);
    assert_eq!(get(&connections).await, 1);
    let mut events = connections.subscribe();
    server.check_will(Act::Fail);
    let event = events.next().await.unwrap();
    assert_eq!((event.from, event.state), (ConnectionState::Connected, ConnectionState::Degraded));
    assert_eq!(server.checks(), 3, "three failures in a row");
    let cause = event.cause.unwrap();
    assert!(cause.contains("connection `a` (type `self-healing-patient`, <text>:1:14) failed its check"), "{cause}");
    assert_eq!(get(&connections).await, 1);
    server.check_will(Act::Ok);
    let failed = server.checks();
    let event = events.next().await.unwrap();
    assert_eq!((event.from, event.state), (ConnectionState::Degraded, ConnectionState::Connected));
    assert_eq!(server.checks() - failed, 2, "two passes in a row");
    assert_eq!((get(&connections).await, server.connects()), (1, 1));
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_heal_itself_is_replaced_beside_the_old_one_which_drains() {
    let (connections, server) = patient("replaced", "patient", FAST);
    let old = connections.get::<Client>("a").await.unwrap();
    old.is_alive.store(false, Ordering::SeqCst);
    until(|| server.connects() == 2).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&connections).await, 2);
    assert!(old.is_retired());
    sleep(Duration::from_secs(20)).await;
    assert!(!old.has_been_told_goodbye.load(Ordering::SeqCst), "it waits for its guard");
    drop(old);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((server.goodbyes(), server.dropped.load(Ordering::SeqCst)), (1, 1));
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_client_heals_in_the_background_and_costs_no_more_than_one_failed_use() {
    let (connections, server) = patient("dead", "patient", FAST);
    connections.get::<Client>("a").await.unwrap().is_alive.store(false, Ordering::SeqCst);
    assert!(!connections.get::<Client>("a").await.unwrap().answers(), "nobody can know yet");
    sleep(Duration::from_secs(10)).await;
    for _ in 0..100 {
        assert!(connections.get::<Client>("a").await.unwrap().answers());
    }
    assert_eq!(server.connects(), 2);
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_fails_is_tried_again_after_growing_pauses() {
    let (connections, server) = patient("again", "patient", FAST);
    get(&connections).await;
    server.check_will(Act::Fail);
    server.connect_will(Act::Fail);
    sleep(Duration::from_secs(90)).await;
    assert_eq!(get(&connections).await, 1, "the old one is handed out all the same");
    let connects = server.connects.lock().unwrap().clone();
    let pauses: Vec<_> = connects[1..].windows(2).map(|two| (two[1] - two[0]).as_secs_f64()).collect();
    assert!((9..14).contains(&pauses.len()), "{pauses:?}");
    for (number, pause) in pauses.iter().enumerate() {
        let most = (0.1 * 2_f64.powi(i32::try_from(number).unwrap())).min(30.0);
        assert!((most / 2.0 - 0.01..=most + 0.01).contains(pause), "{number}: {pause}");
    }
    server.connect_will(Act::Ok);
    server.check_will(Act::Ok);
    sleep(Duration::from_secs(31)).await;
    assert!(get(&connections).await <= 2);
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_client_that_fails_its_check_does_not_take_the_place() {
    let (connections, server) = patient("unfit", "patient", FAST);
    get(&connections).await;
    server.check_will(Act::Fail);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(get(&connections).await, 1);
    assert!(server.connects() > 2);
    server.check_will(Act::Ok);
    sleep(Duration::from_secs(60)).await;
    let kept = get(&connections).await;
    let connects = server.connects();
    sleep(Duration::from_secs(600)).await;
    assert_eq!((get(&connections).await, server.connects()), (kept, connects), "nothing is replaced any more");
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_can_never_be_made_is_not_tried_again() {
    let (connections, server) = patient("for good", "patient", FAST);
    get(&connections).await;
    server.check_will(Act::Fail);
    server.connect_will(Act::FailForGood);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!((server.connects(), get(&connections).await), (2, 1));
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_check_timed_out_is_never_handed_out_again() {
    let (connections, server) = patient("discarded", "patient", FAST);
    let old = connections.get::<Client>("a").await.unwrap();
    server.check_will(Act::Never);
    until(|| server.checks() == 1).await;
    server.check_will(Act::Ok);
    // check_timeout passes.
    sleep(Duration::from_millis(1_100)).await;
    assert!(old.is_retired());
    assert_eq!(server.connects(), 2, "another one is made without a caller");
    let asked = Instant::now();
    assert_eq!(get(&connections).await, 2);
    assert_eq!(asked.elapsed(), Duration::ZERO, "nobody waits for the old one");
    sleep(Duration::from_secs(10)).await;
    assert!(old.answers(), "its holder may finish");
    drop(old);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(server.goodbyes(), 1);
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_discarded_and_cannot_be_made_is_tried_again_in_the_background() {
    let (connections, server) = patient("discarded again", "patient", FAST);
    get(&connections).await;
    server.connect_will(Act::Fail);
    server.check_will(Act::Never);
    sleep(Duration::from_secs(60)).await;
    let error = connections.get::<Client>("a").await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectFailed);
    server.connect_will(Act::Ok);
    server.check_will(Act::Ok);
    sleep(Duration::from_secs(31)).await;
    assert_eq!(connections.try_get::<Client>("a").unwrap().number, 2);
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_self_healing_client_is_kept_when_its_check_times_out() {
    let (connections, server) = patient("kept", "self-healing-patient", FAST);
    get(&connections).await;
    server.check_will(Act::Never);
    let mut events = connections.subscribe();
    assert_eq!(events.next().await.unwrap().state, ConnectionState::Degraded);
    assert_eq!((get(&connections).await, server.checks()), (1, 3));
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn what_can_exist_only_once_is_closed_before_it_is_made_again() {
    for check in [Act::Fail, Act::Never] {
        let lifecycle = format!("{FAST}lifecycle.replace = 'break-first'\n");
        let (connections, server) = patient(&format!("break first {check:?}"), "patient", &lifecycle);
        let old = connections.get::<Client>("a").await.unwrap();
        server.check_will(check);
        until(|| old.is_retired()).await;
        server.check_will(Act::Ok);
        sleep(Duration::from_secs(5)).await;
        assert_eq!((server.connects(), server.goodbyes()), (1, 0), "its holder may finish");
        drop(old);
        sleep(Duration::from_secs(1)).await;
        assert_eq!((server.goodbyes(), server.connects()), (1, 2));
        assert_eq!(connections.try_get::<Client>("a").unwrap().number, 2);
        settled(&connections, &server).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_disconnected_while_it_is_to_be_made_again_stays_closed() {
    let lifecycle = format!("{FAST}lifecycle.replace = 'break-first'\n");
    let (connections, server) = patient("stays closed", "patient", &lifecycle);
    let old = connections.get::<Client>("a").await.unwrap();
    server.check_will(Act::Fail);
    until(|| old.is_retired()).await;
    let (closed, ()) = tokio::join!(connections.disconnect("a"), async {
        sleep(Duration::from_secs(1)).await;
        drop(old);
    });
    closed.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(server.connects(), 1);
    settled(&connections, &server).await;
}

/// What a check does, and what its caller gets.
const OUTCOMES: [(Act, Option<ErrorKind>); 6] = [
    (Act::Ok, None),
    (Act::Fail, Some(ErrorKind::CheckFailed)),
    (Act::FailForGood, Some(ErrorKind::CheckFailed)),
    (Act::Slow(Duration::from_millis(900)), None),
    (Act::Never, Some(ErrorKind::CheckFailed)),
    (Act::Panic, Some(ErrorKind::CheckFailed)),
];

/// When the first caller leaves: after one poll, in the middle, just before the timeout, never.
const MOMENTS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_millis(999), Duration::from_secs(60)];

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_a_check_changes_nothing_for_the_others() {
    for (act, expected) in OUTCOMES {
        for type_name in ["patient", "self-healing-patient"] {
            for moment in MOMENTS {
                let case = format!("gates {act:?} {type_name} {moment:?}");
                let (connections, server) =
                    patient(&case, type_name, "lifecycle.check_timeout = '1s'\nlifecycle.check_interval = '10000h'\n");
                get(&connections).await;
                server.check_will(act);
                let (left, stayed, also_stayed) = tokio::join!(
                    timeout(moment, connections.check("a")),
                    connections.check("a"),
                    connections.check("a")
                );
                assert_eq!(stayed.as_ref().err().map(Error::kind), expected, "{case}");
                assert_eq!(also_stayed.err().map(|error| error.kind()), expected, "{case}");
                if let Ok(left) = left {
                    assert_eq!(left.err().map(|error| error.kind()), expected, "{case}");
                }
                assert_eq!(server.checks(), 1, "they share one: {case}");
                server.check_will(Act::Ok);
                connections.check("a").await.unwrap();
                assert_eq!(server.checks(), 2, "{case}");
                let is_discarded = act == Act::Never && type_name == "patient";
                assert_eq!(get(&connections).await, if is_discarded { 2 } else { 1 }, "{case}");
                settled(&connections, &server).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_everybody_leaves_goes_on_and_counts() {
    let (connections, server) = patient("left", "self-healing-patient", "lifecycle.check_fall = 1\n");
    get(&connections).await;
    server.check_will(Act::Never);
    let mut events = connections.subscribe();
    assert!(timeout(Duration::ZERO, connections.check("a")).await.is_err());
    assert_eq!(events.next().await.unwrap().state, ConnectionState::Degraded);
    assert_eq!(server.checks(), 1);
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn checks_on_demand_degrade_and_heal_as_those_in_the_background_do() {
    let (connections, server) = patient("demand", "self-healing-patient", "lifecycle.check_interval = '10000h'\n");
    let mut events = connections.subscribe();
    connections.check("a").await.unwrap();
    assert_eq!(server.connects(), 1, "it connects first");
    for state in [ConnectionState::Connecting, ConnectionState::Connected] {
        assert_eq!(events.next().await.unwrap().state, state);
    }
    server.check_will(Act::Fail);
    for _ in 0..3 {
        connections.check("a").await.unwrap_err();
    }
    assert_eq!(events.next().await.unwrap().state, ConnectionState::Degraded);
    server.check_will(Act::Ok);
    for _ in 0..2 {
        connections.check("a").await.unwrap();
    }
    assert_eq!(events.next().await.unwrap().state, ConnectionState::Connected);
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_check_says_what_failed_and_shows_no_secret() {
    let canary = "canary-7f1e";
    let (connections, server) = patient("texts", "patient", &format!("{FAST}password = '{canary}'\n"));
    get(&connections).await;
    let described = "connection `a` (type `patient`, <text>:1:14)";
    for (act, expected) in [
        (Act::Fail, format!("{described} failed its check (after 0s): no answer to")),
        (Act::FailForGood, format!("{described} failed its check (after 0s): the password is wrong")),
        (Act::Panic, format!("{described} panicked in its `check` (after 0s)")),
        (Act::Never, format!("{described} did not answer a check within its check_timeout of 1s")),
    ] {
        server.check_will(act);
        let error = connections.check("a").await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.starts_with(&expected), "{text}");
        assert!(!text.contains(canary), "{text}");
        assert_eq!((error.connection(), error.is_retryable()), (Some("a"), act != Act::FailForGood));
    }
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_connects_where_needed_and_fails_as_get_does() {
    let (connections, server) = patient("as get", "patient", "lifecycle.connect_timeout = '1s'\n");
    assert_eq!(connections.check("b").await.unwrap_err().kind(), ErrorKind::NotFound);
    server.connect_will(Act::FailForGood);
    assert_eq!(connections.check("a").await.unwrap_err().kind(), ErrorKind::ConnectFailed);
    assert_eq!(server.checks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_whose_connection_is_closed_or_replaced_meanwhile_says_nothing_of_it() {
    let (connections, server) = patient("meanwhile", "patient", FAST);
    get(&connections).await;
    server.check_will(Act::Never);
    let started = Instant::now();
    let (checked, closed) = tokio::join!(connections.check("a"), async {
        until(|| server.checks() == 1).await;
        connections.disconnect("a").await
    });
    assert_eq!(checked.unwrap_err().kind(), ErrorKind::Disconnected);
    closed.unwrap();
    assert!(started.elapsed() < Duration::from_millis(100), "nobody waits for it");
    assert_eq!(server.dropped.load(Ordering::SeqCst), 1, "the check does not keep it");

    get(&connections).await;
    let mut events = connections.subscribe();
    let double = Arc::clone(&server).connect("").await.unwrap();
    let (checked, ()) = tokio::join!(connections.check("a"), async {
        until(|| server.checks() == 2).await;
        connections.insert("a", double).unwrap();
    });
    checked.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(connections.get::<Client>("a").await.unwrap().number, 3, "the double stays");
    let inserted = events.try_next().unwrap();
    assert!(inserted.replaced && inserted.state == ConnectionState::Connected, "{inserted}");
    assert!(events.try_next().is_none(), "nothing is said of health");
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_is_not_kept_by_its_check_when_the_manager_is_gone() {
    let (connections, server) = patient("gone", "patient", "lifecycle.check_timeout = '1s'\n");
    get(&connections).await;
    server.check_will(Act::Never);
    assert!(timeout(Duration::ZERO, connections.check("a")).await.is_err());
    until(|| server.checks() == 1).await;
    drop(connections);
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(server.dropped.load(Ordering::SeqCst), 1);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn checking_all_reports_each_and_runs_a_bounded_number_at_once() {
    let names: Vec<_> = (0..100).map(|number| format!("c{number:02}")).collect();
    let toml: String = names
        .iter()
        .map(|name| {
            format!("[connections.{name}]\ntype = 'patient'\nserver = 'all'\nlifecycle.check_interval = '10000h'\n")
        })
        .collect();
    let toml = format!(
        "{toml}[connections.off]\ntype = 'patient'\nserver = 'off'\nenabled = false\n\
         [connections.wrong]\ntype = 'patient'\nserver = 'all, wrong'\n"
    );
    let connections = manager(&toml);
    connections.insert("double", 1_u8).unwrap();
    let (server, wrong) = (Server::of("all"), Server::of("all, wrong"));
    server.check_will(Act::Slow(Duration::from_secs(1)));
    wrong.check_will(Act::Fail);
    let started = Instant::now();
    let report = connections.check_all().await;
    assert_eq!(server.most_checking.load(Ordering::SeqCst), 32);
    assert!((4.0..4.1).contains(&started.elapsed().as_secs_f64()), "{:?}", started.elapsed());
    let expected: Vec<_> = names.iter().map(String::as_str).chain(["double", "wrong"]).collect();
    assert_eq!(report.results().iter().map(CheckResult::name).collect::<Vec<_>>(), expected);
    assert!(!report.is_ok());
    let (first, last) = (&report.results()[0], &report.results()[101]);
    assert!(first.error().is_none() && (1.0..1.1).contains(&first.took().as_secs_f64()));
    assert_eq!(last.error().map(Error::kind), Some(ErrorKind::CheckFailed));
    let text = report.to_string();
    assert_eq!(text.lines().count(), 102);
    assert!(text.starts_with("c00: ok (1s)\nc01: ok"), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["results"][100], serde_json::json!({ "name": "double", "took_secs": 0.0, "error": null }));
    assert_eq!(json["results"][101]["error"], last.error().unwrap().to_string());
    let error = report.into_result().unwrap_err();
    assert_eq!((error.kind(), error.errors().len(), error.is_retryable()), (ErrorKind::CheckFailed, 1, true));
    assert!(error.to_string().starts_with("1 of 102 connections did not pass their check"), "{error}");
    wrong.check_will(Act::Ok);
    let report = connections.check_all().await;
    assert!(report.is_ok());
    report.into_result().unwrap();
    settled(&connections, &server).await;
}

#[tokio::test(start_paused = true)]
async fn the_checks_of_a_hundred_thousand_connections_are_spread_and_bounded() {
    const NAMES: usize = 100_000;
    let toml: String =
        (0..NAMES).map(|number| format!("[connections.n{number}]\ntype='patient'\nserver='many'\n")).collect();
    let connections = manager(&toml);
    let server = Server::of("many");
    for number in 0..NAMES {
        connections.get::<Client>(&format!("n{number}")).await.unwrap();
    }
    let connected = Instant::now();
    sleep(Duration::from_secs(60)).await;
    let mut buckets = [0_usize; 60];
    for check in server.checks.lock().unwrap().iter().filter(|check| **check >= connected) {
        buckets[usize::try_from((*check - connected).as_secs()).unwrap().min(59)] += 1;
    }
    let most = buckets.iter().max().unwrap();
    assert!(*most < NAMES * 6 / 100, "{buckets:?}");
    assert!(buckets.iter().sum::<usize>() > NAMES * 3 / 2, "{buckets:?}");
    // More are due than can be made.
    server.check_will(Act::Slow(Duration::from_millis(50)));
    let before = server.checks();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(server.most_checking.load(Ordering::SeqCst), 32);
    assert!((3_000..3_300).contains(&(server.checks() - before)), "{}", server.checks() - before);
    let tasks = Handle::current().metrics().num_alive_tasks();
    assert!(tasks <= 1 + 3 * 32, "{tasks} tasks");
}

/// Blocks its thread in its check, for as long as the test says.
#[connection_type("stubborn")]
struct Stubborn {}

impl Connection for Stubborn {
    type Client = ();

    const SELF_HEALING: bool = true;

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }

    async fn check(&self, (): &()) -> Result<(), BoxError> {
        STUBBORN_CHECKS.fetch_add(1, Ordering::SeqCst);
        drop(BLOCKED.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}

static STUBBORN_CHECKS: AtomicUsize = AtomicUsize::new(0);
static BLOCKED: Mutex<()> = Mutex::new(());

#[test]
fn a_check_that_blocks_its_thread_is_not_made_twice_at_once_and_fails_each_time() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let connections = manager(
        "[connections.a]\ntype = 'stubborn'\n\
         lifecycle = { check_interval = '20ms', check_timeout = '10ms', check_fall = 3 }",
    );
    let blocked = BLOCKED.lock().unwrap();
    let mut events = connections.subscribe();
    runtime.block_on(connections.get::<()>("a")).unwrap();
    let mut next = || runtime.block_on(async { timeout(Duration::from_secs(20), events.next()).await }).unwrap();
    for state in [ConnectionState::Connecting, ConnectionState::Connected, ConnectionState::Degraded] {
        assert_eq!(next().unwrap().state, state);
    }
    assert_eq!(STUBBORN_CHECKS.load(Ordering::SeqCst), 1);
    drop(blocked);
    assert_eq!(next().unwrap().state, ConnectionState::Connected);
    runtime.block_on(connections.disconnect_all()).unwrap();
}

/// Lets time pass until `condition` holds.
async fn until(condition: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to that");
}

fn patient(server: &str, type_name: &str, settings: &str) -> (ConnectionManager, Arc<Server>) {
    let connections = manager(&format!("[connections.a]\ntype = '{type_name}'\nserver = '{server}'\n{settings}"));
    (connections, Server::of(server))
}

/// The number of the client that is handed out.
async fn get(connections: &ConnectionManager) -> usize {
    connections.get::<Client>("a").await.unwrap().number
}

/// At the end each client was dropped once, and no task is left but the one of the agenda.
async fn settled(connections: &ConnectionManager, server: &Server) {
    server.check_will(Act::Ok);
    connections.disconnect_all().await.unwrap();
    sleep(Duration::from_secs(31)).await;
    assert_eq!(server.dropped.load(Ordering::SeqCst), server.opened.load(Ordering::SeqCst), "each client is dropped");
    assert_eq!(server.checking.load(Ordering::SeqCst), 0);
    assert!(Handle::current().metrics().num_alive_tasks() <= 1);
}

const FAST: &str = "lifecycle.check_interval = '2s'\nlifecycle.check_timeout = '1s'\n";

static SERVERS: LazyLock<Mutex<HashMap<String, Arc<Server>>>> = LazyLock::new(Mutex::default);
