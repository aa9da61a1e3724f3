//! A connection type that does what its world says, and worlds that remember every client.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectContext, ConnectError, Connection, ConnectionManager, ConnectionRef, Secret, Update,
    connection_type,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// What connections of one world have in common: what they do, and what happened to them.
#[derive(Default)]
pub(super) struct World {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: HashMap<String, Rule>,
    events: Vec<String>,
    clients: Vec<Fate>,
    attempts: usize,
}

/// What happened to one client.
#[derive(Clone, Copy, Default)]
pub(super) struct Fate {
    pub(super) goodbyes: usize,
    pub(super) dropped: usize,
}

/// What the connections with one value do.
#[derive(Clone)]
pub(super) enum Rule {
    Fail,
    FailForGood,
    /// The connect succeeds, the check does not.
    FailCheck,
    /// Waits for a permit.
    Wait(Arc<Semaphore>),
    UpdateFails,
    UpdatePanics,
    UpdateHangs,
}

/// A connection of a world.
#[connection_type("reloaded")]
pub(super) struct Reloaded {
    world: String,
    value: String,
    /// May be changed in place.
    #[serde(default)]
    password: Secret,
    needs: Option<ConnectionRef<Client>>,
}

/// Another type with the same client.
#[connection_type("reloaded-twin")]
pub(super) struct Twin {
    world: String,
    value: String,
}

/// Another type with another client.
#[connection_type("reloaded-other")]
pub(super) struct Other {
    value: String,
}

pub(super) struct Client {
    pub(super) id: usize,
    pub(super) value: String,
    pub(super) password: Mutex<String>,
    pub(super) needed: Option<Conn<Client>>,
    world: Arc<World>,
    name: String,
}

impl Connection for Reloaded {
    type Client = Client;

    async fn connect(&self, cx: &ConnectContext) -> Result<Client, BoxError> {
        let needed = match &self.needs {
            Some(needs) => Some(cx.get(needs).await?),
            None => None,
        };
        connect(&self.world, &self.value, self.password.expose(), needed, cx).await
    }

    async fn check(&self, client: &Client) -> Result<(), BoxError> {
        match client.world.rule(&self.value) {
            Some(Rule::FailCheck) => Err("it does not answer".into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, client: &Client, new: &Self) -> Result<Update, BoxError> {
        match client.world.rule(&new.value) {
            Some(Rule::UpdateFails) => return Err("cannot change it".into()),
            Some(Rule::UpdatePanics) => panic!("a panic of an update"),
            Some(Rule::UpdateHangs) => std::future::pending().await,
            _ if self.value != new.value => return Ok(Update::Rebuild),
            _ => {}
        }
        let mut password = client.password.lock().unwrap();
        assert_eq!(*password, self.password.expose(), "an update begins where the last one ended");
        *password = new.password.expose().to_owned();
        Ok(Update::InPlace)
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        client.goodbye();
        Ok(())
    }
}

impl Connection for Twin {
    type Client = Client;

    async fn connect(&self, cx: &ConnectContext) -> Result<Client, BoxError> {
        connect(&self.world, &self.value, "", None, cx).await
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        client.goodbye();
        Ok(())
    }
}

impl Connection for Other {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        Ok(self.value.clone())
    }
}

async fn connect(
    world: &str,
    value: &str,
    password: &str,
    needed: Option<Conn<Client>>,
    cx: &ConnectContext,
) -> Result<Client, BoxError> {
    let world = World::of(world);
    world.lock().attempts += 1;
    match world.rule(value) {
        Some(Rule::Fail) => return Err("the other side said no".into()),
        Some(Rule::FailForGood) => return Err(ConnectError::permanent("the password is wrong").into()),
        Some(Rule::Wait(permits)) => permits.acquire().await?.forget(),
        _ => {}
    }
    let (name, value, password) = (cx.name().to_owned(), value.to_owned(), Mutex::new(password.to_owned()));
    let mut state = world.lock();
    state.events.push(format!("connected {name} {value}"));
    state.clients.push(Fate::default());
    let id = state.clients.len() - 1;
    drop(state);
    Ok(Client { id, value, password, needed, world, name })
}

impl Client {
    fn goodbye(&self) {
        let mut state = self.world.lock();
        state.events.push(format!("goodbye {} {}", self.name, self.value));
        state.clients[self.id].goodbyes += 1;
    }

    pub(super) fn password(&self) -> String {
        self.password.lock().unwrap().clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.world.lock().clients[self.id].dropped += 1;
    }
}

impl World {
    /// The world called `name`; use a name of the test's own.
    pub(super) fn of(name: &str) -> Arc<Self> {
        static WORLDS: LazyLock<Mutex<HashMap<String, Arc<World>>>> = LazyLock::new(Mutex::default);
        let mut worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(worlds.entry(name.to_owned()).or_default())
    }

    pub(super) fn set(&self, value: &str, rule: Rule) {
        self.lock().rules.insert(value.to_owned(), rule);
    }

    /// From now on connections with this value succeed.
    pub(super) fn heal(&self, value: &str) {
        self.lock().rules.remove(value);
    }

    /// Takes what happened so far, in order.
    pub(super) fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().events)
    }

    pub(super) fn attempts(&self) -> usize {
        self.lock().attempts
    }

    pub(super) fn clients(&self) -> Vec<Fate> {
        self.lock().clients.clone()
    }

    fn rule(&self, value: &str) -> Option<Rule> {
        self.lock().rules.get(value).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A world with a configuration in a file.
pub(super) struct Fixture {
    pub(super) world: Arc<World>,
    pub(super) connections: ConnectionManager,
    name: &'static str,
    folder: TempDir,
}

impl Fixture {
    /// `configuration` is as for [`write`](Self::write).
    pub(super) fn new(name: &'static str, configuration: &str) -> Self {
        Self::with_files(name, configuration, &[])
    }

    /// With files beside the configuration.
    pub(super) fn with_files(name: &'static str, configuration: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        std::fs::write(folder.path().join("connections.toml"), expand(name, configuration)).unwrap();
        let none: [(&str, &str); 0] = [];
        let builder = ConnectionManager::builder().file(folder.path().join("connections.toml")).environment(none);
        Self { world: World::of(name), connections: builder.build().unwrap(), name, folder }
    }

    /// Writes the file: `a = one` on a line of its own declares a connection `a` of the world with the value `one`, any
    /// other line is taken as it is.
    pub(super) fn write(&self, configuration: &str) {
        self.file("connections.toml", &expand(self.name, configuration));
    }

    pub(super) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the file and reloads: the lists that are not empty.
    pub(super) async fn reload(&self, configuration: &str) -> String {
        self.write(configuration);
        self.reload_again().await
    }

    pub(super) async fn reload_again(&self) -> String {
        let report = self.connections.reload().await.unwrap();
        let failed: Vec<_> = report.failed().iter().map(|failure| failure.name().to_owned()).collect();
        let lists = [
            ("unchanged", report.unchanged()),
            ("rebuilt", report.rebuilt()),
            ("updated", report.updated()),
            ("added", report.added()),
            ("removed", report.removed()),
            ("failed", &failed),
        ];
        let shown = lists.into_iter().filter(|(_, names)| !names.is_empty());
        shown.map(|(what, names)| format!("{what} {}", names.join(","))).collect::<Vec<_>>().join("; ")
    }

    pub(super) async fn get(&self, name: &str) -> Conn<Client> {
        self.connections.get::<Client>(name).await.unwrap()
    }

    pub(super) async fn value(&self, name: &str) -> String {
        self.get(name).await.value.clone()
    }

    /// Closes everything, and sees that no client was lost, and none told goodbye twice.
    pub(super) async fn end(self) {
        let Self { world, connections, .. } = self;
        connections.disconnect_all().await.unwrap();
        drop(connections);
        for _ in 0..200 {
            if world.clients().iter().all(|fate| fate.dropped == 1) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        for (id, fate) in world.clients().iter().enumerate() {
            assert_eq!((fate.goodbyes, fate.dropped), (1, 1), "goodbyes and drops of client {id}");
        }
    }
}

fn expand(world: &str, configuration: &str) -> String {
    configuration.lines().fold(String::new(), |text, line| text + &expand_line(world, line.trim()) + "\n")
}

fn expand_line(world: &str, line: &str) -> String {
    match line.split_once(" = ") {
        Some((name, value)) if name.len() == 1 => {
            format!("[connections.{name}]\ntype = 'reloaded'\nworld = '{world}'\nvalue = '{value}'")
        }
        _ => line.to_owned(),
    }
}
