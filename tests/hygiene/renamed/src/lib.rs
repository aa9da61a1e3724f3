//! Somebody's crate whose manifest gives the facade another name.
#![forbid(unsafe_code)]
#![deny(warnings)]

use backends::{BoxError, Conn, ConnectContext, Connection, Connections, connection_type};

/// A type that says where the facade is.
#[connection_type("renamed", crate = backends)]
#[derive(Debug)]
pub struct Renamed {
    url: String,
}

impl Connection for Renamed {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        Ok(self.url.clone())
    }
}

/// A struct that says where the facade is.
#[derive(Clone, Connections, Debug)]
#[connections(file = "connections.toml", crate = backends)]
pub struct All {
    /// Of the type above.
    #[connection(name = "the-url", type = Renamed)]
    pub url: Conn<String>,
}

#[cfg(test)]
mod tests {
    use backends::ConnectionFactory;

    #[test]
    fn the_names_are_those_of_the_fields() {
        assert_eq!(super::All::NAMES, ["the-url"]);
    }

    #[test]
    fn the_type_is_in_the_catalogue() {
        assert!(ConnectionFactory::linked().expect("no name is used twice").is_registered("renamed"));
    }
}
