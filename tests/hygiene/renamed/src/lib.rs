//! Somebody's crate whose manifest gives the facade another name.
#![forbid(unsafe_code)]
#![deny(warnings)]

use backends::{
    BoxError, Conn, ConnectContext, Connection, Connections, Describe, connection_type, serde::Deserialize,
};

/// A type that says where the facade is.
#[connection_type("renamed", crate = backends)]
#[derive(Debug)]
pub struct Renamed {
    url: String,
    #[serde(default = "defaults")]
    retries: u8,
    limits: Option<Limits>,
}

/// A part of it that says so, too.
#[derive(Debug, Deserialize, Describe)]
#[serde(crate = "backends::serde", deny_unknown_fields)]
#[describe(crate = backends)]
pub struct Limits {
    /// In bytes.
    pub size: u32,
}

// Called as a variable of the attribute's expansion.
fn defaults() -> u8 {
    3
}

impl Connection for Renamed {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        let size = self.limits.as_ref().map_or(0, |limits| limits.size);
        Ok(format!("{}?retries={}&size={size}", self.url, self.retries))
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

    #[test]
    fn the_type_is_described_with_its_defaults_and_parts() {
        let schema = ConnectionFactory::linked().expect("no name is used twice");
        let schema = schema.find("renamed").expect("it is declared in this crate").schema();
        assert_eq!(schema["properties"]["retries"]["default"], 3);
        assert_eq!(schema["properties"]["limits"]["properties"]["size"]["description"], "In bytes.");
    }
}
