//! Somebody's crate of the edition 2024 that turns on every lint it knows.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    non_local_definitions,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_crate_dependencies,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    future_incompatible,
    keyword_idents,
    let_underscore,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    unused,
    clippy::all,
    clippy::cargo_common_metadata,
    clippy::nursery,
    clippy::pedantic
)]
#![allow(clippy::cargo_common_metadata, reason = "this crate is not published")]

use connection_registry::{
    BoxError, Conn, ConnectContext, Connection, Connections, Describe, Handle, Secret, connection_type,
    serde::Deserialize,
};

/// With fields of all kinds.
#[connection_type("strict-public")]
#[derive(Clone, Debug)]
#[serde(rename_all = "kebab-case")]
pub struct Public {
    /// Where it is.
    #[serde(default, alias = "address")]
    pub url: Option<String>,
    /// The password.
    pub password: Secret,
    /// How often to try.
    #[serde(default = "defaults")]
    pub max_retries: u8,
    /// How fast.
    pub speed: Option<Speed>,
}

/// With docs for the schema.
#[derive(Clone, Copy, Debug, Deserialize, Describe)]
#[serde(crate = "connection_registry::serde", rename_all = "kebab-case")]
pub enum Speed {
    /// As fast as it goes.
    Fast,
    /// No faster than it must.
    Slow,
}

// Called as a variable of the attribute's expansion.
const fn defaults() -> u8 {
    3
}

impl Connection for Public {
    type Client = usize;

    async fn connect(&self, cx: &ConnectContext) -> Result<usize, BoxError> {
        Ok(self.url.as_ref().map_or(0, String::len) + cx.name().len())
    }
}

/// Nobody should use it any more.
#[deprecated = "use `Public`"]
#[connection_type("strict-deprecated")]
#[derive(Debug)]
pub struct Deprecated;

#[allow(deprecated)]
impl Connection for Deprecated {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

mod private {
    use super::{BoxError, ConnectContext, Connection, connection_type};

    #[connection_type("strict-private")]
    struct Private {
        port: u16,
    }

    impl Connection for Private {
        type Client = u16;

        async fn connect(&self, _cx: &ConnectContext) -> Result<u16, BoxError> {
            Ok(self.port)
        }
    }
}

/// Declares a type that only this body can name.
pub const fn declare() {
    #[connection_type("strict-local")]
    struct Local;

    impl Connection for Local {
        type Client = ();

        async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
            Ok(())
        }
    }
}

/// What an application needs.
#[derive(Clone, Connections, Debug)]
#[connections(file = "connections.toml")]
pub struct Backends {
    /// Guards its client.
    #[connection(type = Public)]
    pub database: Conn<usize>,
    /// Follows its connection.
    #[connection(name = "cache-eu", type = Public)]
    pub cache: Handle<usize>,
    /// May be missing.
    pub search: Option<Conn<usize>>,
}

#[derive(Connections)]
struct Unseen {
    any: Conn<usize>,
}

/// Connects what nobody else can name.
///
/// # Errors
///
/// When it is not up.
pub async fn connect(connections: &connection_registry::ConnectionManager) -> connection_registry::Result<usize> {
    let unseen = Unseen::connect(connections).await?;
    Ok(*unseen.any + Unseen::NAMES.len())
}

#[cfg(test)]
mod tests {
    use connection_registry::{ConnectionFactory, ConnectionType};

    #[test]
    fn the_names_are_those_of_the_fields() {
        assert_eq!(super::Backends::NAMES, ["database", "cache-eu", "search"]);
    }

    #[test]
    fn all_four_types_are_in_the_catalogue() {
        let factory = ConnectionFactory::linked().expect("no name is used twice");
        // A build of the whole workspace links the built-in types as well.
        let ours = factory.types().iter().filter(|found| found.crate_name() == env!("CARGO_PKG_NAME"));
        let names: Vec<_> = ours.map(ConnectionType::name).collect();
        assert_eq!(names, ["strict-deprecated", "strict-local", "strict-private", "strict-public"]);
    }
}
