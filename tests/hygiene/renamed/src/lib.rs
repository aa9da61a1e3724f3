//! Somebody's crate whose manifest gives the facade another name.
#![forbid(unsafe_code)]
#![deny(warnings)]

use backends::{BoxError, ConnectContext, Connection, connection_type};

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

#[cfg(test)]
mod tests {
    use backends::ConnectionFactory;

    #[test]
    fn the_type_is_in_the_catalogue() {
        assert!(ConnectionFactory::linked().expect("no name is used twice").is_registered("renamed"));
    }
}
