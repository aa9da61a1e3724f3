//! [`Suite`]: what an author says of the type, and the run.

use std::{fmt, future::Future, marker::PhantomData, path::PathBuf, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{
    bench::{Bench, Types},
    broken::{self, Broken, Fault},
    cancel, change, client,
    interrupted::Interrupted,
    log_capture::LogSearch,
    logs, outage,
    output::Canaries,
    peers,
    report::{Outcome, Report, Trial},
    secret,
    server::{AnyServer, Server},
    sockets,
    trial::{self, NotPassed, Note, Verdict},
    usage::Usage,
};
use crate::{__private::ConnectionDeclaration, BoxError, Conn, Connection};

/// The conformance suite of the connection type `C`.
///
/// Fields are given as TOML, as they stand below `[connections.name]`. A nested table is written inline, by dotted keys,
/// or below `[connections.conformance.key]`: the suite's connection is called `conformance`. Placeholders are
/// resolved as everywhere, so that a test can take the address of its server from `${env:…}`. A connection to which a
/// field refers is declared behind the fields, as `[connections.bastion]`, and its type is added by
/// [`with_type`](Self::with_type).
///
/// See [the module](crate::testing::conformance) for the trials and an example.
#[must_use = "a suite does nothing before `run`"]
pub struct Suite<C: Connection> {
    types: Types,
    fields: String,
    broken: Vec<Arc<Broken>>,
    canaries: Vec<String>,
    config_dir: PathBuf,
    timeout: Duration,
    usage: Option<Usage<C::Client>>,
    server: Option<AnyServer>,
    peers: Option<peers::Fields>,
    expect_host: bool,
    change: Option<String>,
    ignored_logs: Vec<String>,
    connection: PhantomData<fn() -> C>,
}

impl<C: ConnectionDeclaration> Suite<C> {
    /// A suite with fields with which the connection works.
    pub fn new(fields: impl Into<String>) -> Self {
        let mut types = Types::default();
        types.subject::<C, Interrupted<C>>();
        Self {
            types,
            fields: fields.into(),
            broken: Vec::new(),
            canaries: Vec::new(),
            config_dir: PathBuf::from("."),
            timeout: Duration::from_secs(10),
            usage: None,
            server: None,
            peers: None,
            expect_host: true,
            change: None,
            ignored_logs: Vec::new(),
            connection: PhantomData,
        }
    }

    /// Adds fields with which `connect` must fail, and says how. `name` says what is wrong with them: `"wrong password"`.
    pub fn with_broken(mut self, name: impl Into<String>, fields: impl Into<String>, fault: Fault) -> Self {
        self.broken.push(Arc::new(Broken { name: name.into(), fields: fields.into(), fault }));
        self
    }

    /// Says how an application uses the client: once, from the beginning to the end, such as to write something and to read
    /// it back. Trials under load use it again and again, and several at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use connection_registry::testing::{Fake, conformance::Suite};
    ///
    /// let suite = Suite::<Fake>::new("").with_use(|client| async move {
    ///     if client.name() == "conformance" { Ok(()) } else { Err("another client".into()) }
    /// });
    /// suite.run().await.assert_clean();
    /// # }
    /// ```
    pub fn with_use<F>(mut self, work: impl Fn(Conn<C::Client>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.usage = Some(Usage::new(work));
        self
    }

    /// Gives the fields for a server at another host and port, with all else as in the good ones. The suite makes peers
    /// of its own from it: a closed port, an unknown host, and servers that hang up, never answer, or answer garbage.
    ///
    /// ```
    /// use connection_registry::testing::{Fake, conformance::Suite};
    ///
    /// let suite = Suite::<Fake>::new("url = 'fake://127.0.0.1:4000'");
    /// let suite = suite.with_peers(|host, port| format!("url = 'fake://{host}:{port}'"));
    /// # drop(suite);
    /// ```
    pub fn with_peers(mut self, fields: impl Fn(&str, u16) -> String + Send + Sync + 'static) -> Self {
        self.peers = Some(Box::new(fields));
        self
    }

    /// Whether the error about a closed port or an unknown host has to name host and port. Default: yes.
    pub fn expect_host(mut self, expected: bool) -> Self {
        self.expect_host = expected;
        self
    }

    /// Gives other fields with which the connection works, too: one setting differs from the good ones. They are written to
    /// a hidden file in [`config_dir`](Self::config_dir), since a reload reads a file again; it is removed after its trial.
    pub fn with_change(mut self, fields: impl Into<String>) -> Self {
        self.change = Some(fields.into());
        self
    }

    /// The server of the good fields, for the trials in which it dies, freezes and returns. It must run by now, and nobody
    /// else may use it meanwhile.
    pub fn with_server<S: Server>(mut self, server: Arc<S>) -> Self {
        self.server = Some(AnyServer::new(server));
        self
    }

    /// Forgives canaries in what the module `target` logs, such as `"h2"`, and all below it: a driver may log what it sends
    /// at the level of a debugger, and its author alone can change that. The report tells of it all the same. The logs of
    /// this crate are not forgiven.
    pub fn ignore_logs_of(mut self, target: impl Into<String>) -> Self {
        self.ignored_logs.push(target.into());
        self
    }

    /// Adds a type to the catalogue of the trials: that of a connection to which the fields refer.
    pub fn with_type<D: ConnectionDeclaration>(mut self) -> Self {
        self.types.add::<D>();
        self
    }

    /// Adds a text that no output may have in it, neither as it is nor percent-encoded nor in base64, in hexadecimal or as a
    /// list of bytes: use it as password or token in the fields. One that is empty is ignored.
    pub fn canary(mut self, secret: impl Into<String>) -> Self {
        self.canaries.push(secret.into());
        self
    }

    /// How long a connect, a check, a use or a disconnect may take, and how long a connection may take to be back after its
    /// server. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.max(SHORTEST_TIMEOUT);
        self
    }

    /// The folder from which relative paths in the fields are meant. Default: the current one.
    pub fn config_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_dir = path.into();
        self
    }

    /// Runs all trials, one after the other, each in a task of its own. One that fails does not stop the others.
    ///
    /// Those with peers or a server need real time: under tokio's paused clock a timeout comes before any answer.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with timers.
    ///
    /// # Cancel safety
    ///
    /// The trial under way is aborted; the connections that it has made are dropped without a goodbye, and the server stays
    /// as the trial has left it.
    pub async fn run(self) -> Report {
        let trials = self.trials();
        let canaries = Canaries::new(self.canaries);
        let type_name = C::DECLARATION.name;
        let bench = match self.types.catalogues() {
            Ok((factory, interrupting)) => Bench {
                factory,
                interrupting,
                type_name,
                fields: self.fields,
                config_dir: self.config_dir,
                timeout: self.timeout,
                logs: Some(&canaries).filter(|all| !all.is_empty()).and_then(|all| LogSearch::begin(all.clone())),
                canaries,
                usage: self.usage,
                server: self.server,
                peers: self.peers,
                expect_host: self.expect_host,
                change: self.change,
                ignored_logs: self.ignored_logs,
                running: Default::default(),
                connection: PhantomData,
            },
            Err(error) => {
                let outcome = Outcome::Failed(canaries.mask(&error.to_string()));
                return Report::new(type_name, vec![Trial::new("the types have different names", outcome)]);
            }
        };
        Report::new(type_name, run_all(Arc::new(bench), trials).await)
    }

    /// Every trial, in the order of the report.
    fn trials(&self) -> Vec<trial::Trial<C>> {
        let mut trials = client::trials();
        trials.extend(cancel::trials());
        trials.extend(secret::trials());
        trials.extend(broken::trials(&self.broken));
        trials.extend(peers::trials());
        trials.extend(outage::trials());
        trials.extend(change::trials());
        trials.extend(sockets::trials());
        trials.extend(logs::trials());
        trials
    }
}

impl<C: Connection> fmt::Debug for Suite<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The fields may hold anything.
        f.debug_struct("Suite").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

async fn run_all<C: ConnectionDeclaration>(bench: Arc<Bench<C>>, trials: Vec<trial::Trial<C>>) -> Vec<Trial> {
    let mut done = Vec::new();
    for trial in trials {
        let verdict = in_a_task((trial.run)(Arc::clone(&bench))).await;
        let found = bench.close_all().await;
        let (outcome, note) = match with_canaries(verdict, &found) {
            Ok(Note(note)) => (Outcome::Passed, note),
            Err(NotPassed::Failed(why)) => (Outcome::Failed(bench.canaries.mask(&why)), None),
            Err(NotPassed::Skipped(why)) => (Outcome::Skipped(bench.canaries.mask(&why)), None),
        };
        done.push(Trial::new(trial.name, outcome).with_note(note.map(|note| bench.canaries.mask(&note))));
    }
    done
}

/// A trial in whose outputs a canary was found has failed, whatever it was about.
fn with_canaries(verdict: Verdict<Note>, found: &[String]) -> Verdict<Note> {
    if found.is_empty() {
        return verdict;
    }
    let why = match verdict {
        Err(NotPassed::Failed(why)) => Some(why),
        Ok(_) | Err(NotPassed::Skipped(_)) => None,
    };
    let all: Vec<_> = why.into_iter().chain(found.iter().cloned()).collect();
    Err(all.join("; ").into())
}

/// A panic of the type outside of the manager's care is a failure of its trial alone.
async fn in_a_task(trial: impl Future<Output = Verdict<Note>> + Send + 'static) -> Verdict<Note> {
    let mut task = JoinSet::new();
    task.spawn(trial);
    match task.join_next().await {
        Some(Ok(verdict)) => verdict,
        // The panic's own text may hold anything.
        _ => Err("the trial panicked".into()),
    }
}

/// A lifecycle without time is no valid one.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);
