//! The conformance suite passes good types, and each bad one is caught by the right trial.

mod line;
mod served;

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectContext, ConnectError, Connection, ConnectionRef, Secret, connection_type,
    testing::{
        Fake, FakeClient, FakePool, Journal,
        conformance::{Fault, LogCapture, Outcome, Report, Suite, Trial},
    },
};
use tokio::task::yield_now;

const CANARY: &str = "c4nary/P@ss w0rd";

/// The trials for which it takes more than fields.
const NOT_GIVEN: [&str; 11] = [
    "works",
    "fails as it should: a closed port",
    "fails as it should: an unknown host",
    "fails as it should: a peer that hangs up",
    "gives up in time: a peer that never answers",
    "gives up in time: a peer that answers garbage",
    "refuses no use after its server was killed and restarted",
    "a frozen server is noticed and forgiven",
    "connects once the server is there",
    "a reload of a changed setting fails no use",
    "a shutdown leaves no socket",
];

/// Exactly these trials fail, each with its words.
#[track_caller]
fn caught(report: &Report, expected: &[(&str, &str)]) {
    let failed: Vec<_> = report
        .trials()
        .iter()
        .filter_map(|trial| match trial.outcome() {
            Outcome::Failed(why) => Some((trial.name(), why)),
            _ => None,
        })
        .collect();
    let names = |trials: &[(&str, &str)]| trials.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    let found: Vec<_> = failed.iter().map(|(name, why)| (*name, why.as_str())).collect();
    assert_eq!(names(&found), names(expected), "{report}");
    for ((name, why), (_, words)) in found.iter().zip(expected) {
        assert!(why.contains(words), "{name}: `{words}` is not in: {why}");
    }
    assert_eq!(report.is_clean(), expected.is_empty());
    assert!(!report.to_string().contains(CANARY) && !format!("{report:?}").contains(CANARY), "no report has a canary");
}

fn skipped(report: &Report) -> Vec<&str> {
    let is_skipped = |outcome: &Outcome| matches!(outcome, Outcome::Skipped(_));
    report.trials().iter().filter(|trial| is_skipped(trial.outcome())).map(Trial::name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_good_type_is_clean_and_nothing_of_it_stays() {
    LogCapture::install().unwrap();
    let fields = format!("password = '{CANARY}'\njournal = 'conforms'\ndelay = '10ms'\nneeds = ['other']\n");
    let broken = |step: &str| format!("password = '{CANARY}'\nconnect = ['{step}']");
    let report = Suite::<Fake>::new(format!("{fields}[connections.other]\ntype = 'fake-pool'\njournal = 'conforms'"))
        .with_type::<FakePool>()
        .with_broken("wrong password", broken("permanent"), Fault::Permanent)
        .with_broken("nobody listens", broken("error"), Fault::Transient)
        .with_broken("a silent peer", "connect = ['error']\ndelay = '2s'", Fault::Silent)
        .canary(CANARY)
        .run()
        .await;
    report.assert_clean();
    caught(&report, &[]);
    assert_eq!((report.trials().len(), skipped(&report)), (26, NOT_GIVEN.to_vec()));
    let table = report.to_string();
    assert!(table.starts_with("conformance of `fake`: 15 passed, 0 failed, 11 skipped\n"), "{table}");
    let journal = Journal::of("conforms");
    assert_eq!((journal.live(), journal.made()), (0, journal.disconnects()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_type_is_clean_on_a_runtime_with_threads() {
    let report = Suite::<FakePool>::new("journal = 'conforms with threads'").run().await;
    report.assert_clean();
    let skipped = skipped(&report);
    assert_eq!(skipped[1..4], ["shows no canary", "fails as it should", "gives up in time"]);
    assert_eq!((skipped[0], &skipped[4..14]), (NOT_GIVEN[0], &NOT_GIVEN[1..]));
    assert_eq!(skipped[14..], ["logs no canary", "what it is made of logs no canary"]);
    // The goodbye of an attempt that was given up at its last moment is nobody's to wait for.
    let all_gone = async {
        while Journal::of("conforms with threads").live() > 0 {
            yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all_gone).await.expect("no client stays");
}

#[tokio::test(start_paused = true)]
async fn every_cancelled_attempt_is_followed_by_one_that_connects() {
    let report = Suite::<Fake>::new("journal = 'cancelled'\ndelay = '10ms'").run().await;
    report.assert_clean();
    let events = Journal::of("cancelled").events();
    let given_up = |name: &str| {
        let failed = format!("failed to connect {name}");
        events.iter().filter(|event| event.to_string() == failed).count()
    };
    assert_eq!(given_up("interrupted-after-1"), 1, "it waits once");
    assert_eq!(given_up("interrupted-after-2"), 0, "and is done after two polls");
    assert!(given_up("conformance") > 0, "a disconnect while it connects drops the attempt");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_caught() {
    for (step, words) in [
        ("error", "the script says that this check fails"),
        ("never", "did not end within 3s"),
        ("panic", "the check panicked"),
    ] {
        let fields = format!("check = ['{step}']");
        let report = Suite::<Fake>::new(fields).timeout(Duration::from_secs(3)).run().await;
        let trials = [
            "a check passes on a new client",
            "connects again after a disconnect",
            "callers that leave harm nobody",
            "a disconnect while it connects harms nobody",
            "survives cancellation at every await",
        ];
        caught(&report, &trials.map(|trial| (trial, words)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_fails_is_caught() {
    for (step, words) in [("error", "this disconnect fails"), ("never", "did not end"), ("panic", "panicked")] {
        let report = Suite::<Fake>::new(format!("disconnect = ['{step}']")).run().await;
        let trials =
            ["disconnects", "a disconnect while it connects harms nobody", "survives cancellation at every await"];
        caught(&report, &trials.map(|trial| (trial, words)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_configuration_that_does_not_fail_as_declared_is_caught() {
    for (step, fault, trial, words) in [
        ("ok", Fault::Permanent, "fails as it should: x", "it connected"),
        ("error", Fault::Permanent, "fails as it should: x", "is not `ConnectError::permanent`"),
        ("permanent", Fault::Transient, "fails as it should: x", "is `ConnectError::permanent`"),
        ("panic", Fault::Transient, "fails as it should: x", "panicked"),
        ("never", Fault::Transient, "fails as it should: x", "no error of its own"),
        ("never", Fault::Silent, "gives up in time: x", "within its connect_timeout of 1s"),
        ("misspelled", Fault::Permanent, "fails as it should: x", "the fields are refused"),
    ] {
        let suite = Suite::<Fake>::new("").with_broken("x", format!("connect = ['{step}']"), fault);
        caught(&suite.timeout(Duration::from_secs(4)).run().await, &[(trial, words)]);
    }
}

#[tokio::test(start_paused = true)]
async fn fields_that_are_refused_fail_every_trial_and_show_no_canary() {
    for fields in [format!("password = ['{CANARY}']"), format!("password = '{CANARY}"), format!("pass = '{CANARY}'")] {
        let report = Suite::<Fake>::new(fields).canary(CANARY).run().await;
        assert_eq!(report.trials().iter().filter(|trial| matches!(trial.outcome(), Outcome::Failed(_))).count(), 10);
        assert!(!report.to_string().contains("c4nary"), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_with_a_secret_in_it_is_caught() {
    for loudly in [false, true] {
        let fields =
            format!("password = '{CANARY}'\nurl = 'leaky://user:{CANARY}@host'\nfail = true\nloudly = {loudly}");
        let suite = Suite::<Leaky>::new(format!("password = '{CANARY}'\nurl = 'leaky://host'"));
        let report = suite.with_broken("wrong password", fields, Fault::Permanent).canary(CANARY).run().await;
        let words = "canary 1 is in the error that the type returned";
        caught(&report, &[("shows no canary", "the endpoint"), ("fails as it should: wrong password", words)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_is_caught_when_connect_waits_for_it_for_ever() {
    let report = Suite::<Patient>::new("").with_broken("a silent peer", "silent = true", Fault::Silent).run().await;
    caught(&report, &[("gives up in time: a silent peer", "within its connect_timeout of 2s 500ms")]);
    let report = Suite::<Patient>::new("silent = true").run().await;
    assert!(matches!(report.trials()[0].outcome(), Outcome::Failed(_)), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_second_connect_that_fails_is_caught() {
    let report = Suite::<Once>::new("").run().await;
    let outcome = |name| report.trials().iter().find(|trial| trial.name() == name).unwrap().outcome();
    let again = outcome("connects again after a disconnect");
    assert!(
        matches!(again, Outcome::Failed(why) if why.starts_with("the second connect: ") && why.contains("once alone")),
        "{report}"
    );
    for name in ["connects and gives a client", "many gets at once give one client", "disconnects"] {
        assert_eq!(outcome(name), &Outcome::Passed, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_cancelled_connect_is_caught() {
    let report = Suite::<Touchy>::new("").run().await;
    let words = "cancelled after 1 polls: it panicked when it was dropped";
    caught(&report, &[("survives cancellation at every await", words)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_cancelled_connect_leaves_behind_is_caught() {
    let report = Suite::<Forgetful>::new("").run().await;
    let trial = report.trials().iter().find(|trial| trial.name() == "survives cancellation at every await").unwrap();
    assert!(matches!(trial.outcome(), Outcome::Failed(why) if why.contains("somebody is connecting")), "{report}");
    assert_eq!(report.trials()[5].outcome(), &Outcome::Passed, "without a cancellation it works\n{report}");
}

#[tokio::test(start_paused = true)]
async fn a_type_whose_own_connections_are_missing_is_told_so() {
    let report = Suite::<Dependent>::new("on = 'base'\n[connections.base]\ntype = 'fake'").run().await;
    assert!(report.to_string().contains("unknown connection type `fake`"), "{report}");
    let suite = Suite::<Dependent>::new("on = 'base'\n[connections.base]\ntype = 'fake'").with_type::<Fake>();
    suite.run().await.assert_clean();
    let report = Suite::<Fake>::new("").with_type::<Fake>().run().await;
    assert!(!report.is_clean() && report.to_string().contains("`fake` is registered 2 times"), "{report}");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "conformance of `fake`: 9 passed, 1 failed")]
async fn a_report_that_is_not_clean_panics_with_its_table() {
    let suite = Suite::<Fake>::new("").with_broken("x", "", Fault::Permanent);
    suite.run().await.assert_clean();
}

/// Its errors repeat URL and password, and its endpoint is the URL with both.
#[connection_type("leaky")]
struct Leaky {
    password: Secret,
    url: String,
    #[serde(default)]
    fail: bool,
    #[serde(default)]
    loudly: bool,
}

impl Connection for Leaky {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        if !self.fail {
            return Ok(());
        }
        let detail = if self.loudly { self.password.expose() } else { self.url.as_str() };
        Err(ConnectError::permanent(format!("no login with {detail}")).into())
    }

    fn endpoint(&self) -> Option<String> {
        Some(format!("{}?password={}", self.url, self.password.expose()))
    }
}

/// Waits for its peer for ever.
#[connection_type("forgetful-of-its-waiters")]
struct Patient {
    #[serde(default)]
    silent: bool,
}

impl Connection for Patient {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        if self.silent { pending().await } else { Ok(()) }
    }
}

/// Each of its connections connects once.
#[connection_type("once")]
struct Once {
    #[serde(skip)]
    has_connected: AtomicBool,
}

impl Connection for Once {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        if self.has_connected.swap(true, Ordering::SeqCst) { Err("it connects once alone".into()) } else { Ok(()) }
    }
}

/// Panics when its connect is dropped before its end.
#[connection_type("touchy")]
struct Touchy {}

struct Unfinished;

impl Drop for Unfinished {
    fn drop(&mut self) {
        panic!("dropped before its end");
    }
}

impl Connection for Touchy {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        let unfinished = Unfinished;
        yield_now().await;
        std::mem::forget(unfinished);
        Ok(())
    }
}

/// Does not let the next one in when its connect is dropped before its end.
#[connection_type("forgetful")]
struct Forgetful {}

static CONNECTING: AtomicBool = AtomicBool::new(false);

impl Connection for Forgetful {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        if CONNECTING.swap(true, Ordering::SeqCst) {
            return Err("somebody is connecting".into());
        }
        yield_now().await;
        CONNECTING.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Refers to a fake.
#[connection_type("dependent")]
struct Dependent {
    on: ConnectionRef<FakeClient>,
}

impl Connection for Dependent {
    type Client = String;

    async fn connect(&self, cx: &ConnectContext) -> Result<String, BoxError> {
        Ok(cx.get(&self.on).await?.name().to_owned())
    }
}
