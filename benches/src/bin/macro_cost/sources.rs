//! The generated code: the same structs in every variant, with what each variant asks for around them.

use std::fmt::Write as _;

/// A way of registering a type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Ours,
    ByHand,
    Typetag,
}

impl Variant {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::ByHand, Self::Typetag];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::ByHand => "by hand",
            Self::Typetag => "typetag",
        }
    }

    /// The package that is full of types.
    pub(crate) fn package(self) -> String {
        format!("{}_full", self.name().replace(' ', "_"))
    }

    /// The package without types.
    pub(crate) fn empty_package(self) -> String {
        format!("{}_empty", self.name().replace(' ', "_"))
    }

    pub(crate) fn manifest(self, package: &str) -> String {
        let dependencies = match self {
            Self::Ours => &["connection-registry"][..],
            Self::ByHand => &["by_hand_shared", "inventory", "serde", "toml"],
            Self::Typetag => &["by_hand_shared", "serde", "toml", "typetag"],
        };
        let mut manifest = format!("[package]\nname = \"{package}\"\nedition = \"2024\"\n\n[dependencies]\n");
        for dependency in dependencies {
            let _ = writeln!(manifest, "{dependency}.workspace = true");
        }
        manifest
    }

    pub(crate) fn source(self, types: usize) -> String {
        let (head, attributes, implementation) = match self {
            Self::Ours => (OURS, OURS_ATTRIBUTES, OURS_IMPLEMENTATION),
            Self::ByHand => (BY_HAND, BY_HAND_ATTRIBUTES, BY_HAND_IMPLEMENTATION),
            Self::Typetag => (TYPETAG, TYPETAG_ATTRIBUTES, TYPETAG_IMPLEMENTATION),
        };
        let mut source = format!("#![allow(dead_code)]\n{head}");
        for number in 0..types {
            let fields = fields(number);
            let one = format!("{attributes}struct Type$n {{\n{fields}}}\n{CLIENT}{implementation}");
            source.push_str(&one.replace("$n", &number.to_string()));
        }
        source
    }
}

/// Ten fields, in an order that differs from type to type, with names of their own: as in real types, what the
/// compiler makes of one struct is of no use for the next.
fn fields(number: usize) -> String {
    let mut fields = FIELDS;
    fields.rotate_left(number % FIELDS.len());
    fields.iter().map(|field| format!("    {field},\n")).collect()
}

const FIELDS: [&str; 10] = [
    "url_$n: String",
    "user_$n: Option<String>",
    "password_$n: Secret",
    "port_$n: u16",
    "#[serde(default)]\n    max_connections_$n: u32",
    "tls_$n: bool",
    "timeout_$n: Duration",
    "#[serde(default)]\n    hosts_$n: Vec<String>",
    "jitter_$n: f64",
    "batch_$n: Option<u64>",
];

const CLIENT: &str = "struct Client$n {\n    address: String,\n}\n";

const OURS: &str = r#"
use std::time::Duration;
use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Secret, connection_type};

fn main() -> Result<(), BoxError> {
    let file = std::env::args().nth(1).ok_or("no file")?;
    println!("{:?}", ConnectionManager::from_file(file)?.names());
    Ok(())
}
"#;

const OURS_ATTRIBUTES: &str = "\n#[connection_type(\"type-$n\")]\n";

const OURS_IMPLEMENTATION: &str = r#"
impl Connection for Type$n {
    type Client = Client$n;
    async fn connect(&self, _cx: &ConnectContext) -> Result<Client$n, BoxError> {
        Ok(Client$n { address: self.url_$n.clone() })
    }
}
"#;

const BY_HAND: &str = r#"
use std::time::Duration;
use by_hand_shared::{BoxError, Connection, Context, Registration, Secret};

fn main() -> Result<(), BoxError> {
    let file = std::env::args().nth(1).ok_or("no file")?;
    let tables: std::collections::HashMap<String, toml::Table> = toml::from_str(&std::fs::read_to_string(file)?)?;
    for (name, table) in tables {
        by_hand_shared::make(&name, table)?;
    }
    Ok(())
}
"#;

const BY_HAND_ATTRIBUTES: &str = "\n#[derive(serde::Deserialize)]\n#[serde(deny_unknown_fields)]\n";

const BY_HAND_IMPLEMENTATION: &str = r#"
impl Connection for Type$n {
    type Client = Client$n;
    async fn connect(&self, _cx: &Context) -> Result<Client$n, BoxError> {
        Ok(Client$n { address: self.url_$n.clone() })
    }
}
inventory::submit! {
    Registration {
        name: "type-$n",
        module: module_path!(),
        line: line!(),
        make: |table| Ok(Box::new(table.try_into::<Type$n>()?)),
    }
}
"#;

const TYPETAG: &str = r#"
use std::{sync::Arc, time::Duration};
use by_hand_shared::{AnyClient, BoxError, BoxFuture, Context, Secret};

fn main() -> Result<(), BoxError> {
    let file = std::env::args().nth(1).ok_or("no file")?;
    let all: std::collections::HashMap<String, Box<dyn Connection>> = toml::from_str(&std::fs::read_to_string(file)?)?;
    println!("{}", all.len());
    Ok(())
}

#[typetag::deserialize(tag = "type")]
trait Connection: Send + Sync {
    fn connect<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<AnyClient, BoxError>>;
    fn disconnect<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>> {
        let _ = client;
        Box::pin(async { Ok(()) })
    }
}
"#;

const TYPETAG_ATTRIBUTES: &str = BY_HAND_ATTRIBUTES;

const TYPETAG_IMPLEMENTATION: &str = r#"
#[typetag::deserialize(name = "type-$n")]
impl Connection for Type$n {
    fn connect<'a>(&'a self, _cx: &'a Context) -> BoxFuture<'a, Result<AnyClient, BoxError>> {
        Box::pin(async move { Ok(Arc::new(Client$n { address: self.url_$n.clone() }) as AnyClient) })
    }
}
"#;

/// What one writes once for all types when there is no library: the trait, its object-safe twin, the collection.
pub(crate) const SHARED: &str = r#"
use std::{any::Any, future::Future, pin::Pin, sync::Arc};

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub type AnyClient = Arc<dyn Any + Send + Sync>;

#[derive(serde::Deserialize)]
pub struct Secret(String);

impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

pub struct Context {
    pub name: String,
}

pub trait Connection: Send + Sync + 'static {
    type Client: Send + Sync + 'static;
    fn connect(&self, cx: &Context) -> impl Future<Output = Result<Self::Client, BoxError>> + Send;
    fn disconnect(&self, client: &Self::Client) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = client;
        async { Ok(()) }
    }
}

pub trait Erased: Send + Sync {
    fn connect_erased<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<AnyClient, BoxError>>;
    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<C: Connection> Erased for C {
    fn connect_erased<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<AnyClient, BoxError>> {
        Box::pin(async move { Ok(Arc::new(self.connect(cx).await?) as AnyClient) })
    }
    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>> {
        let client = client.downcast_ref::<C::Client>().expect("it made the client");
        Box::pin(self.disconnect(client))
    }
}

pub struct Registration {
    pub name: &'static str,
    pub module: &'static str,
    pub line: u32,
    pub make: fn(toml::Table) -> Result<Box<dyn Erased>, toml::de::Error>,
}

inventory::collect!(Registration);

pub fn make(name: &str, table: toml::Table) -> Result<Box<dyn Erased>, BoxError> {
    let found = inventory::iter::<Registration>().find(|registration| registration.name == name);
    Ok((found.ok_or("no such type")?.make)(table)?)
}
"#;

pub(crate) const SHARED_MANIFEST: &str = r#"[package]
name = "by_hand_shared"
edition = "2024"

[dependencies]
inventory.workspace = true
serde.workspace = true
toml.workspace = true
"#;

pub(crate) const WORKSPACE_MANIFEST: &str = r#"[workspace]
resolver = "3"
members = ["*_full", "*_empty", "by_hand_shared"]

[workspace.dependencies]
by_hand_shared = { path = "by_hand_shared" }
connection-registry = { path = "$facade" }
inventory = "0.3.25"
serde = { version = "1.0.229", features = ["derive"] }
toml = { version = "1.2", default-features = false, features = ["std", "serde", "parse"] }
typetag = "0.2.23"
"#;
