// What a user writes: own derives, own serde attributes, docs, conditions; then what the catalogue knows of it.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::time::Duration;

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionFactory, Field, Secret, Visibility, connection_type,
};

/// A ticket API.
///
/// Needs a token.
#[connection_type("tickets")]
#[derive(Clone, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tickets {
    /// Where it is.
    base_url: String,
    token: Option<Secret>,
    #[serde(default = "ten", alias = "page")]
    page_size: u32,
    #[serde(rename = "wait")]
    timeout: Option< Duration >,
    #[serde(skip)]
    requests: u64,
    #[cfg(any())]
    never: NoSuchType,
    #[cfg(all())]
    r#async: bool,
}

fn ten() -> u32 {
    10
}

impl Connection for Tickets {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        let Self { base_url, token, page_size, timeout, requests, r#async } = self;
        Ok(format!("{base_url} {token:?} {page_size} {timeout:?} {requests} {async}", async = r#async))
    }
}

fn main() {
    let factory = ConnectionFactory::linked().expect("no name is used twice");
    let tickets = factory.find("tickets").expect("it is declared above");
    assert_eq!(tickets.docs(), "A ticket API.\n\nNeeds a token.");
    assert_eq!(tickets.client_type_name(), "alloc::string::String");
    assert!(tickets.rust_name().ends_with("::Tickets"), "{}", tickets.rust_name());
    assert!(tickets.declared_at().ends_with(".rs:14"), "{}", tickets.declared_at());
    assert!(!tickets.crate_name().is_empty() && !tickets.crate_version().is_empty());

    let field = |name, type_name, visibility| Field { name, type_name, docs: "", visibility };
    let expected = [
        Field { docs: "Where it is.", ..field("base-url", "String", Visibility::Hidden) },
        field("token", "Option<Secret>", Visibility::Secret),
        field("page-size", "u32", Visibility::Public),
        field("wait", "Option<Duration>", Visibility::Public),
        field("async", "bool", Visibility::Public),
    ];
    assert_eq!(tickets.fields(), expected);
}
