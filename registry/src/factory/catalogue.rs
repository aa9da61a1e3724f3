//! [`ConnectionFactory`]: the catalogue as a value.

use std::{borrow::Borrow, fmt::Write as _, path::Path, sync::Arc};

use super::{
    connection_type::ConnectionType,
    instance::Instance,
    registration::{ConnectionDeclaration, Registration},
};
use crate::{
    config::{self, TypeInfo, Types},
    erased::ErasedConnection,
    error::{Error, ErrorKind, Result},
};

/// The catalogue of connection types: finds one by name and makes connections from their fields.
///
/// [`linked`](Self::linked) is what a manager uses. [`empty`](Self::empty) and [`register`](Self::register)
/// build a catalogue by hand, for tests and for static libraries whose linker drops what nobody names.
///
/// ```
/// use connection_registry::{connection_type, BoxError, ConnectContext, Connection, ConnectionFactory};
///
/// #[connection_type("clock")]
/// struct Clock { zone: String }
///
/// impl Connection for Clock {
///     type Client = String;
///     async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
///         Ok(self.zone.clone())
///     }
/// }
///
/// # fn main() -> Result<(), connection_registry::Error> {
/// let factory = ConnectionFactory::linked()?;
/// let clock = factory.find("clock").expect("it is declared above");
/// assert_eq!(clock.fields()[0].name, "zone");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectionFactory {
    // Sorted by name.
    types: Vec<ConnectionType>,
}

impl ConnectionFactory {
    /// All types that are linked into this program, sorted by name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateType`] when a name is used twice; it names every place.
    pub fn linked() -> Result<Self> {
        let mut types: Vec<_> = inventory::iter::<Registration>().map(|registration| registration.0).collect();
        types.sort_by_key(|entry| (entry.name(), entry.crate_name(), entry.declared_at()));
        let duplicates: Vec<_> = types.chunk_by(|a, b| a.name() == b.name()).filter(|same| same.len() > 1).collect();
        if duplicates.is_empty() { Ok(Self { types }) } else { Err(duplicate_types(&duplicates)) }
    }

    /// A catalogue without types.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds the type `C`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateType`] when there is a type of that name already; it names both places.
    pub fn register<C: ConnectionDeclaration>(&mut self) -> Result<&mut Self> {
        let added = Registration::of::<C>().0;
        match self.position(added.name()) {
            Ok(at) => Err(duplicate_types(&[&[self.types[at], added]])),
            Err(at) => {
                self.types.insert(at, added);
                Ok(self)
            }
        }
    }

    /// The type called `name`.
    pub fn find(&self, name: &str) -> Option<&ConnectionType> {
        self.position(name).ok().map(|at| &self.types[at])
    }

    /// Whether there is a type called `name`.
    pub fn is_registered(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// All types, sorted by name.
    pub fn types(&self) -> &[ConnectionType] {
        &self.types
    }

    /// Makes a connection of the type `type_name` from its fields; nothing is connected. Placeholders such as
    /// `${env:NAME}` are resolved; a `${file:…}` is read relative to `config_dir`. The table is that of
    /// the crate `toml`, version 1, which the caller names as a dependency of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownType`] with the nearest names and all linked ones, or
    /// [`ErrorKind::Configuration`] with every problem of the fields.
    pub fn create(
        &self,
        type_name: &str,
        fields: impl Borrow<toml::Table>,
        config_dir: impl AsRef<Path>,
    ) -> Result<Instance> {
        let found = self.find(type_name).ok_or_else(|| self.unknown_type(type_name))?;
        config::decode_fields(&found.info(), fields.borrow(), config_dir.as_ref())
            .map(|connection| Instance { connection_type: *found, connection })
            .map_err(|diagnostics| {
                Error::configuration(format!("the fields of a `{type_name}` are invalid"), diagnostics)
            })
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.types.binary_search_by(|entry| entry.name().cmp(name))
    }

    fn unknown_type(&self, name: &str) -> Error {
        let message = format!("unknown connection type `{}`", name.escape_debug());
        Error::new(ErrorKind::UnknownType, message).help(config::unknown_type_help(name, &self.names()))
    }
}

impl Types for ConnectionFactory {
    type Instance = Arc<dyn ErasedConnection>;

    fn find(&self, name: &str) -> Option<TypeInfo<Self::Instance>> {
        Self::find(self, name).map(ConnectionType::info)
    }

    fn names(&self) -> Vec<&'static str> {
        self.types.iter().map(ConnectionType::name).collect()
    }
}

fn duplicate_types(duplicates: &[&[ConnectionType]]) -> Error {
    let mut message = String::new();
    for same in duplicates {
        let separator = if message.is_empty() { "" } else { "\n" };
        let _ = write!(message, "{separator}connection type `{}` is registered {} times:", same[0].name(), same.len());
        for entry in *same {
            let _ = write!(message, "\n  {}", entry.origin());
        }
        if same.windows(2).any(|pair| pair[0].origin() == pair[1].origin()) {
            message.push_str("\n  one module is compiled twice: is it a `mod` of both main.rs and lib.rs?");
        }
    }
    Error::new(ErrorKind::DuplicateType, message)
}
