//! The JSON Schema of what the types of a catalogue take.

use std::{any::type_name, sync::Arc};

use serde_json::Value;

use super::{catalogue::ConnectionFactory, connection_type::ConnectionType};
use crate::{
    config::{self, Defaults, Description, TypeSchema},
    erased::ErasedConnection,
};

impl ConnectionFactory {
    /// The JSON Schema, draft 7, of a configuration file that uses the types of this catalogue: an editor checks and
    /// completes the file by it.
    ///
    /// It has the top level, the keys that every connection has, `lifecycle`, and for each type its fields: with their doc
    /// comments, their defaults as far as they are plain and may be shown, and `"x-secret": true` for a
    /// [`Secret`](crate::Secret). Each key that holds more than text may be a placeholder as well. A file that is laid over
    /// others, and a connection that takes keys from elsewhere, need not have all keys:
    /// [the guide](crate::guide::schema) says when they are asked for.
    ///
    /// The same types give the same text, in whatever order they are linked.
    ///
    /// ```
    /// use connection_registry::ConnectionFactory;
    /// # use connection_registry::{connection_type, BoxError, ConnectContext, Connection};
    /// #
    /// # /// Says what time it is.
    /// # #[connection_type("clock")]
    /// # struct Clock { zone: String }
    /// #
    /// # impl Connection for Clock {
    /// #     type Client = String;
    /// #     async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
    /// #         Ok(self.zone.clone())
    /// #     }
    /// # }
    /// #
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # std::env::set_current_dir(tempfile::tempdir()?.keep())?;
    /// let schema = ConnectionFactory::linked()?.schema();
    /// std::fs::write("connections.schema.json", format!("{schema:#}"))?;
    /// # assert_eq!(schema["definitions"]["type.clock"]["description"], "Says what time it is.");
    /// # Ok(()) }
    /// ```
    pub fn schema(&self) -> Value {
        let types: Vec<_> = self.types().iter().map(ConnectionType::described).collect();
        config::whole(&types, &description)
    }
}

impl ConnectionType {
    /// The JSON Schema, draft 7, of the type's own fields, without the keys that every connection has. Here the keys that the
    /// type cannot do without are `required`.
    ///
    /// ```
    /// use connection_registry::{connection_type, BoxError, ConnectContext, Connection, ConnectionFactory, Secret};
    ///
    /// #[connection_type("tickets")]
    /// struct Tickets {
    ///     /// Where the API is.
    ///     base_url: String,
    ///     token: Option<Secret>,
    ///     #[serde(default = "ten")]
    ///     page_size: u16,
    /// }
    ///
    /// fn ten() -> u16 {
    ///     10
    /// }
    /// #
    /// # impl Connection for Tickets {
    /// #     type Client = (String, u16);
    /// #     async fn connect(&self, _cx: &ConnectContext) -> Result<(String, u16), BoxError> {
    /// #         Ok((self.base_url.clone(), self.page_size + self.token.iter().count() as u16))
    /// #     }
    /// # }
    ///
    /// # fn main() -> Result<(), connection_registry::Error> {
    /// let factory = ConnectionFactory::linked()?;
    /// let schema = factory.find("tickets").expect("it is declared above").schema();
    /// assert_eq!(schema["required"][0], "base_url");
    /// assert_eq!(schema["properties"]["base_url"]["description"], "Where the API is.");
    /// assert_eq!(schema["properties"]["token"]["x-secret"], true);
    /// assert_eq!(schema["properties"]["page_size"]["default"], 10);
    /// assert_eq!(schema["properties"]["page_size"]["maximum"], 65535);
    /// # Ok(()) }
    /// ```
    pub fn schema(&self) -> Value {
        config::of_type(&self.described(), &description)
    }

    fn described(&self) -> TypeSchema<Arc<dyn ErasedConnection>> {
        let mut defaults = Defaults::default();
        (self.declaration.defaults)(&mut defaults);
        TypeSchema { info: self.info(), docs: self.docs(), defaults }
    }
}

/// The doc comments of one type of fields, in the link-time collection.
#[derive(Debug)]
pub struct TypeDescription {
    // A function, since it cannot be called in a const of the supported compilers.
    type_name: fn() -> &'static str,
    description: Description,
}

inventory::collect!(TypeDescription);

impl TypeDescription {
    /// Those of `T`: the keys of a struct or the variants of an enum, each with its docs.
    pub const fn of<T>(parts: &'static [(&'static str, &'static str)]) -> Self {
        Self { type_name: type_name::<T>, description: Description { parts } }
    }
}

fn description(type_name: &str) -> Option<Description> {
    let mut all = inventory::iter::<TypeDescription>();
    all.find(|found| (found.type_name)() == type_name).map(|found| found.description)
}
