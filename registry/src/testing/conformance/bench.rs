//! What every trial works with: managers of the type's connections.

use std::{
    fmt::Write as _,
    marker::PhantomData,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};

use super::{interrupted, output::Canaries, trial::Verdict};
use crate::{
    __private::ConnectionDeclaration, Conn, Connection, ConnectionFactory, ConnectionManager, Instance, Result,
};

/// The type under trial with its fields.
pub(super) struct Bench<C> {
    pub(super) factory: ConnectionFactory,
    /// The same, but that the type under trial is interrupted by the names of its connections.
    pub(super) interrupting: Interrupting,
    pub(super) type_name: &'static str,
    pub(super) fields: String,
    pub(super) config_dir: PathBuf,
    pub(super) timeout: Duration,
    pub(super) canaries: Canaries,
    /// What the trial that runs has made.
    pub(super) open: Mutex<Vec<ConnectionManager>>,
    pub(super) connection: PhantomData<fn() -> C>,
}

impl<C: Connection> Bench<C> {
    /// A manager of one connection with the good fields.
    pub(super) fn manager(&self) -> Verdict<ConnectionManager> {
        self.manager_of(&self.fields, self.timeout)
    }

    /// A manager of one connection with these fields.
    pub(super) fn manager_of(&self, fields: &str, timeout: Duration) -> Verdict<ConnectionManager> {
        self.build(self.factory.clone(), &document(self.type_name, fields, timeout))
    }

    /// A manager with the good fields, which also has connections that are interrupted after up to `most` polls.
    pub(super) fn interrupting_manager(&self, most: u32) -> Verdict<ConnectionManager> {
        let mut toml = String::new();
        for polls in 0..=most {
            let _ = writeln!(toml, "[connections.{}]\nextends = \"{NAME}\"", interrupted::name(polls));
        }
        toml += &document(self.type_name, &self.fields, self.timeout);
        self.build(self.interrupting.0.clone(), &toml)
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
        let text = document(self.type_name, &self.fields, self.timeout);
        // The error's own text repeats the line.
        let mut document: toml::Table = toml::from_str(&text).map_err(|_| "the fields are not TOML")?;
        let fields = document.get_mut("connections").and_then(|connections| connections.get_mut(NAME));
        let mut fields = fields.and_then(toml::Value::as_table_mut).map(std::mem::take).unwrap_or_default();
        fields.retain(|key, _| !RESERVED.contains(&key));
        Ok(fields)
    }

    /// Says goodbye to whatever a trial has left.
    pub(super) async fn close_all(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for manager in open {
            // That of the trial of goodbyes is the one that counts.
            let _ = manager.disconnect_all().await;
        }
    }

    fn build(&self, factory: ConnectionFactory, toml: &str) -> Verdict<ConnectionManager> {
        // Overrides and profiles of the process are for its own configuration.
        let variables = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("CONNECTIONS_"));
        let builder = ConnectionManager::builder().factory(factory).config_dir(&self.config_dir);
        let built = builder.environment(variables).toml(toml).build();
        let manager = built.map_err(|error| format!("the fields are refused: {error}"))?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(manager.clone());
        Ok(manager)
    }
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

/// Our settings are defaults, so that the author's own come before them; the fields stand last, so that tables may
/// follow.
fn document(type_name: &str, fields: &str, timeout: Duration) -> String {
    let timeout = timeout.as_millis().max(1);
    format!(
        "[defaults.lifecycle]\nconnect_timeout = \"{timeout}ms\"\ndisconnect_timeout = \"{timeout}ms\"\n\
         check_timeout = \"{timeout}ms\"\n[connections.{NAME}]\ntype = \"{type_name}\"\n{fields}\n"
    )
}

/// The name of the connection under trial.
pub(super) const NAME: &str = "conformance";

/// The keys of a connection that are no fields of its type.
const RESERVED: [&str; 5] = ["type", "enabled", "extends", "config_file", "lifecycle"];
