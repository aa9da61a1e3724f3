//! [`Suite`]: what an author says of the type, and the run.

use std::{fmt, future::Future, marker::PhantomData, path::PathBuf, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{
    bench::{Bench, Types},
    broken::{self, Broken, Fault},
    cancel, client,
    interrupted::Interrupted,
    output::Canaries,
    report::{Outcome, Report, Trial},
    secret,
    trial::{self, Verdict},
};
use crate::__private::ConnectionDeclaration;

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
pub struct Suite<C> {
    types: Types,
    fields: String,
    broken: Vec<Arc<Broken>>,
    canaries: Vec<String>,
    config_dir: PathBuf,
    timeout: Duration,
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
            connection: PhantomData,
        }
    }

    /// Adds fields with which `connect` must fail, and says how. `name` says what is wrong with them: `"wrong password"`.
    pub fn with_broken(mut self, name: impl Into<String>, fields: impl Into<String>, fault: Fault) -> Self {
        self.broken.push(Arc::new(Broken { name: name.into(), fields: fields.into(), fault }));
        self
    }

    /// Adds a type to the catalogue of the trials: that of a connection to which the fields refer.
    pub fn with_type<D: ConnectionDeclaration>(mut self) -> Self {
        self.types.add::<D>();
        self
    }

    /// Adds a text that no output may have in it, neither as it is nor percent-encoded nor in base64: use it as
    /// password or token in the fields. One that is empty is ignored.
    pub fn canary(mut self, secret: impl Into<String>) -> Self {
        self.canaries.push(secret.into());
        self
    }

    /// How long a connect, a check or a disconnect may take. Default: 10 s.
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
    /// # Panics
    ///
    /// Outside of a tokio runtime with timers.
    ///
    /// # Cancel safety
    ///
    /// The trial under way is aborted; the connections that it has made are dropped without a goodbye.
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
                canaries,
                open: Default::default(),
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
        trials
    }
}

impl<C> fmt::Debug for Suite<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The fields may hold anything.
        f.debug_struct("Suite").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

async fn run_all<C: ConnectionDeclaration>(bench: Arc<Bench<C>>, trials: Vec<trial::Trial<C>>) -> Vec<Trial> {
    let mut done = Vec::new();
    for trial in trials {
        let verdict = in_a_task((trial.run)(Arc::clone(&bench))).await;
        bench.close_all().await;
        let outcome = match verdict {
            Ok(()) => Outcome::Passed,
            Err(trial::NotPassed::Failed(why)) => Outcome::Failed(bench.canaries.mask(&why)),
            Err(trial::NotPassed::Skipped(why)) => Outcome::Skipped(why),
        };
        done.push(Trial::new(trial.name, outcome));
    }
    done
}

/// A panic of the type outside of the manager's care is a failure of its trial alone.
async fn in_a_task(trial: impl Future<Output = Verdict> + Send + 'static) -> Verdict {
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
