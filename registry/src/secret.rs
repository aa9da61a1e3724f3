//! [`Secret`]: a string that nothing prints.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{
    Serialize, Serializer,
    de::{Deserialize, Deserializer, Visitor},
};

/// A string that no `Debug`, `Display`, `Serialize`, error, log or diagnostic ever prints: all of them give `***`.
///
/// Use it as the type of a field that holds a password, a token or a key. [`expose`](Self::expose) is the one way to
/// the text, easy to find in a review. The memory is
/// wiped when the value is dropped; copies that the file reader or a driver makes are not.
///
/// ```
/// use connection_registry::Secret;
///
/// let token = Secret::new("s3cr3t");
/// assert_eq!(format!("{token:?} {token}"), "Secret(***) ***");
/// assert_eq!(token.expose(), "s3cr3t");
/// ```
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes `text` as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the driver that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True when the text is empty, as with a field that has `#[serde(default)]` and was not given.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SECRET_MARK, SecretVisitor)
    }
}

/// The newtype name by which the decoder knows that a value is secret.
pub(crate) const SECRET_MARK: &str = "$connection_registry::Secret";

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::from)
    }
}

#[cfg(test)]
#[cfg(feature = "diagnostics")]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_as_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    }
}
