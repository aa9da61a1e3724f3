//! Reloads of connections that a template makes.

use std::{path::Path, sync::Arc};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionFactory, ConnectionManager, connection_type,
};
use tempfile::TempDir;

use super::ReloadReport;
use crate::{error::ErrorKind, manager::shared::client_type};

/// Its client is its value.
#[connection_type("reload-text")]
struct Text {
    value: String,
}

impl Connection for Text {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        Ok(self.value.clone())
    }
}

struct Fixture {
    connections: ConnectionManager,
    folder: TempDir,
}

impl Fixture {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), text);
        let mut factory = ConnectionFactory::empty();
        factory.register::<Text>().unwrap();
        let builder = ConnectionManager::builder().file(folder.path().join("connections.toml")).factory(factory);
        Self { connections: builder.build().unwrap(), folder }
    }

    /// Makes the slot of a connection that fits a template.
    fn instance(&self, name: &str) {
        let shared = &self.connections.shared;
        let configuration = shared.configuration();
        let declared = configuration.declaration(name).unwrap();
        shared.registry.declare(&Arc::from(name), client_type(&shared.factory, declared));
    }

    async fn reload(&self, text: &str) -> ReloadReport {
        write(self.folder.path(), text);
        self.connections.reload().await.unwrap()
    }

    async fn get(&self, name: &str) -> Result<String, ErrorKind> {
        let client = self.connections.get::<String>(name).await;
        client.map(|client| (*client).clone()).map_err(|error| error.kind())
    }
}

fn write(folder: &Path, text: &str) {
    std::fs::write(folder.join("connections.toml"), text).unwrap();
}

fn template(name: &str, value: &str) -> String {
    format!("[connections.\"{name}\"]\ntype = 'reload-text'\nvalue = '{value}'\n")
}

#[tokio::test(start_paused = true)]
async fn connections_of_a_template_follow_it() {
    let fixture = Fixture::new(&template("tenant/{id}", "one-${name:id}"));
    fixture.instance("tenant/1");
    fixture.instance("tenant/2");
    assert_eq!(fixture.get("tenant/1").await.as_deref(), Ok("one-1"));
    let report = fixture.reload(&template("tenant/{id}", "one-${name:id}")).await;
    assert_eq!((report.unchanged().len(), report.added().len()), (2, 0));
    let report = fixture.reload(&template("tenant/{id}", "two-${name:id}")).await;
    assert_eq!((report.rebuilt(), report.updated()), (&["tenant/1".to_owned()][..], &["tenant/2".to_owned()][..]));
    assert_eq!(fixture.get("tenant/1").await.as_deref(), Ok("two-1"));
    assert_eq!(fixture.get("tenant/2").await.as_deref(), Ok("two-2"));
}

#[tokio::test(start_paused = true)]
async fn a_declaration_of_its_own_takes_the_place_of_the_template() {
    let fixture = Fixture::new(&template("tenant/{id}", "${name:id}"));
    fixture.instance("tenant/1");
    assert_eq!(fixture.get("tenant/1").await.as_deref(), Ok("1"));
    let both = template("tenant/{id}", "${name:id}") + &template("tenant/1", "own") + &template("tenant/2", "own");
    let report = fixture.reload(&both).await;
    assert_eq!((report.rebuilt(), report.added().len()), (&["tenant/1".to_owned()][..], 1));
    assert_eq!(fixture.get("tenant/1").await.as_deref(), Ok("own"));
}

#[tokio::test(start_paused = true)]
async fn a_template_that_is_gone_takes_its_connections_along() {
    let fixture = Fixture::new(&template("tenant/{id}", "${name:id}"));
    fixture.instance("tenant/1");
    fixture.connections.insert("tenant/mine", 7_u8).unwrap();
    assert_eq!(fixture.get("tenant/1").await.as_deref(), Ok("1"));
    assert_eq!(fixture.reload("").await.removed(), ["tenant/1"]);
    assert_eq!(fixture.get("tenant/1").await, Err(ErrorKind::NotFound));
    assert_eq!(*fixture.connections.get::<u8>("tenant/mine").await.unwrap(), 7);
}
