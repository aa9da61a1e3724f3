//! What every trial works with: managers of the type's connections.

use std::{
    fmt::Write as _,
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};

use super::{
    interrupted,
    log_capture::LogSearch,
    output::{self, Canaries},
    peers,
    server::AnyServer,
    settings::Settings,
    trial::{NotPassed, Verdict},
    usage::Usage,
};
use crate::{
    __private::ConnectionDeclaration, Conn, Connection, ConnectionFactory, ConnectionManager, ConnectionManagerBuilder,
    Events, Instance, Result,
};

/// The type under trial with its fields.
pub(super) struct Bench<C: Connection> {
    pub(super) factory: ConnectionFactory,
    /// The same, but that the type under trial is interrupted by the names of its connections.
    pub(super) interrupting: Interrupting,
    pub(super) type_name: &'static str,
    pub(super) fields: String,
    pub(super) config_dir: PathBuf,
    pub(super) timeout: Duration,
    pub(super) canaries: Canaries,
    pub(super) usage: Option<Usage<C::Client>>,
    pub(super) server: Option<AnyServer>,
    pub(super) peers: Option<peers::Fields>,
    /// Whether an error about a server that is not there has to name it.
    pub(super) expect_host: bool,
    /// Good fields, of which one setting differs from the others.
    pub(super) change: Option<String>,
    /// The targets of logs in which a canary is only told of.
    pub(super) ignored_logs: Vec<String>,
    pub(super) logs: Option<LogSearch>,
    pub(super) running: Running,
    pub(super) connection: PhantomData<fn() -> C>,
}

impl<C: Connection> Bench<C> {
    /// A manager of one connection with the good fields.
    pub(super) fn manager(&self) -> Verdict<ConnectionManager> {
        self.manager_of(&self.fields, &Settings::new(self.timeout))
    }

    /// A manager of one connection with these fields.
    pub(super) fn manager_of(&self, fields: &str, settings: &Settings) -> Verdict<ConnectionManager> {
        self.build(self.factory.clone(), |builder| builder.toml(self.document(fields, settings)))
    }

    /// A manager of what stands in a file.
    pub(super) fn manager_of_file(&self, path: &Path) -> Verdict<ConnectionManager> {
        self.build(self.factory.clone(), |builder| builder.file(path))
    }

    /// The configuration of one connection. Our settings are defaults, so that the author's own come before them; the fields
    /// stand last, so that tables may follow.
    pub(super) fn document(&self, fields: &str, settings: &Settings) -> String {
        format!("{}[connections.{NAME}]\ntype = \"{}\"\n{fields}\n", settings.to_toml(), self.type_name)
    }

    /// A manager with the good fields, which also has connections that are interrupted after up to `most` polls.
    pub(super) fn interrupting_manager(&self, most: u32) -> Verdict<ConnectionManager> {
        let mut toml = String::new();
        for polls in 0..=most {
            let _ = writeln!(toml, "[connections.{}]\nextends = \"{NAME}\"", interrupted::name(polls));
        }
        toml += &self.document(&self.fields, &Settings::new(self.timeout));
        self.build(self.interrupting.0.clone(), |builder| builder.toml(toml))
    }

    /// What an application does with the client.
    pub(super) fn usage(&self) -> Verdict<&Usage<C::Client>> {
        self.usage.as_ref().ok_or_else(|| NotPassed::Skipped("no use was given (`with_use`)".to_owned()))
    }

    pub(super) fn server(&self) -> Verdict<AnyServer> {
        self.server.clone().ok_or_else(|| NotPassed::Skipped("no server was given (`with_server`)".to_owned()))
    }

    /// The connected client.
    pub(super) async fn get(&self, manager: &ConnectionManager) -> Verdict<Conn<C::Client>> {
        manager.get::<C::Client>(NAME).await.map_err(|error| format!("no client: {error}").into())
    }

    pub(super) async fn disconnect(&self, manager: &ConnectionManager) -> Verdict {
        manager.disconnect(NAME).await.map_err(|error| error.to_string().into())
    }

    /// Asks the type's own `check` about a client.
    pub(super) async fn check(&self, client: Conn<C::Client>) -> Verdict {
        let instance = self.instance()?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            match instance.downcast_ref::<C>() {
                Some(connection) => connection.check(&client).await.map_err(|error| error.to_string()),
                None => Err("the catalogue made another type".to_owned()),
            }
        });
        match timeout(self.timeout, task.join_next()).await {
            Ok(Some(Ok(Ok(())))) => Ok(()),
            Ok(Some(Ok(Err(why)))) => Err(format!("the check failed: {why}").into()),
            Ok(_) => Err("the check panicked".into()),
            Err(_) => Err(format!("the check did not end within {:?}", self.timeout).into()),
        }
    }

    /// The author's struct with the good fields.
    pub(super) fn instance(&self) -> Verdict<Instance> {
        let fields = self.table()?;
        let made = self.factory.create(self.type_name, fields, &self.config_dir);
        made.map_err(|error| error.to_string().into())
    }

    /// The good fields, without the keys that every connection has.
    pub(super) fn table(&self) -> Verdict<toml::Table> {
        let text = self.document(&self.fields, &Settings::new(self.timeout));
        // The error's own text repeats the line.
        let mut document: toml::Table = toml::from_str(&text).map_err(|_| "the fields are not TOML")?;
        let fields = document.get_mut("connections").and_then(|connections| connections.get_mut(NAME));
        let mut fields = fields.and_then(toml::Value::as_table_mut).map(std::mem::take).unwrap_or_default();
        fields.retain(|key, _| !RESERVED.contains(&key));
        Ok(fields)
    }

    /// Searches what was printed for canaries: what is found fails the trial that runs.
    pub(super) fn search(&self, outputs: &[(&'static str, String)]) {
        let found = self.canaries.found_in(outputs);
        self.running.found.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    }

    /// Says goodbye to whatever a trial has left. Gives where canaries were found: also all that its managers tell is
    /// searched.
    pub(super) async fn close_all(&self) -> Vec<String> {
        let open = std::mem::take(&mut *self.running.open.lock().unwrap_or_else(PoisonError::into_inner));
        for (manager, mut events) in open {
            self.search(&[output::of_status(&manager.status())]);
            // That of the trial of goodbyes is the one that counts.
            let _ = manager.disconnect_all().await;
            while let Some(event) = events.try_next() {
                self.search(&[output::of_event(&event)]);
            }
        }
        let mut found = std::mem::take(&mut *self.running.found.lock().unwrap_or_else(PoisonError::into_inner));
        found.sort();
        found.dedup();
        found
    }

    fn build(
        &self,
        factory: ConnectionFactory,
        source: impl FnOnce(ConnectionManagerBuilder) -> ConnectionManagerBuilder,
    ) -> Verdict<ConnectionManager> {
        // Overrides and profiles of the process are for its own configuration.
        let variables = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("CONNECTIONS_"));
        let builder = ConnectionManager::builder().factory(factory).config_dir(&self.config_dir);
        let built = source(builder.environment(variables)).build();
        let manager = built.map_err(|error| format!("the fields are refused: {error}"))?;
        let events = manager.subscribe();
        self.running.open.lock().unwrap_or_else(PoisonError::into_inner).push((manager.clone(), events));
        Ok(manager)
    }
}

/// What the trial that runs has done so far.
#[derive(Default)]
pub(super) struct Running {
    open: Mutex<Vec<(ConnectionManager, Events)>>,
    /// Where canaries are.
    found: Mutex<Vec<String>>,
}

/// So that the two catalogues cannot be taken for each other.
pub(super) struct Interrupting(ConnectionFactory);

/// What the catalogues of the trials are filled with.
#[derive(Default)]
pub(super) struct Types {
    plain: Vec<Register>,
    interrupting: Vec<Register>,
}

type Register = fn(&mut ConnectionFactory) -> Result<()>;

impl Types {
    /// Adds the type under trial, and the one that takes its place in the second catalogue.
    pub(super) fn subject<C: ConnectionDeclaration, I: ConnectionDeclaration>(&mut self) {
        self.plain.push(register::<C>);
        self.interrupting.push(register::<I>);
    }

    /// Adds a type to both.
    pub(super) fn add<D: ConnectionDeclaration>(&mut self) {
        self.subject::<D, D>();
    }

    pub(super) fn catalogues(&self) -> Result<(ConnectionFactory, Interrupting)> {
        Ok((catalogue(&self.plain)?, Interrupting(catalogue(&self.interrupting)?)))
    }
}

fn register<C: ConnectionDeclaration>(factory: &mut ConnectionFactory) -> Result<()> {
    factory.register::<C>().map(drop)
}

fn catalogue(types: &[Register]) -> Result<ConnectionFactory> {
    let mut factory = ConnectionFactory::empty();
    types.iter().try_for_each(|register| register(&mut factory))?;
    Ok(factory)
}

/// The name of the connection under trial.
pub(super) const NAME: &str = "conformance";

/// The keys of a connection that are no fields of its type.
const RESERVED: [&str; 5] = ["type", "enabled", "extends", "config_file", "lifecycle"];
