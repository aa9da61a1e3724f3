//! From files and environment to connections that can be made: the passes load, parse, layer, interpolate,
//! check and decode. `load` calls them in order.

// Load: which files there are.
mod document;
mod environment;
mod include;
mod load;
mod profile;
mod request;
mod source;

// Parse: what one file says, and where.
mod duplicate;
mod parse;
mod value;

// Layer: what all of them say together.
mod extends;
mod layer;
mod overrides;
mod reserved;

// Interpolate: what placeholders stand for.
mod interpolate;
mod placeholder;
mod template;

// Check: whether each connection can be made.
mod check;
mod graph;
mod lifecycle;
mod name;
mod reference;

// Decode: the author's struct.
mod decode;
mod default;
mod field;
mod types;
mod validation;

// What the passes share.
mod context;
mod problems;
mod public;
mod secrets;

// Schema: what may be written at all.
#[cfg(feature = "schema")]
mod schema;

// What they give.
mod configuration;
mod declared;
mod fields;
mod fingerprint;
#[cfg(feature = "cli")]
mod inspect;
#[cfg(feature = "cli")]
mod shown;
#[cfg(feature = "cli")]
mod survey;
mod watched;

#[cfg(test)]
mod tests;

pub use default::{AnyDefault, DefaultOf, DefaultValue, Defaults, PlainDefault, no_defaults};
pub use field::{Field, Visibility};
#[cfg(feature = "schema")]
pub use schema::Description;
#[cfg(feature = "schema")]
pub(crate) use schema::{TypeSchema, of_type, whole};
#[cfg(feature = "cli")]
pub(crate) use shown::{is_secret_key, secret_part};
#[cfg(any(feature = "cli", feature = "watch"))]
pub(crate) use source::read as read_file;
#[cfg(feature = "cli")]
pub(crate) use survey::{Entry, Origin, OriginKind, Place, Survey, Surveyed, survey};
pub use validation::Validation;
pub(crate) use {
    configuration::{Configuration, Resolved},
    declared::Declared,
    decode::{DecodeError, Decoder},
    environment::Environment,
    fields::decode_fields,
    fingerprint::Fingerprint,
    lifecycle::{Lifecycle, Replace, Start},
    load::load,
    name::fault as name_fault,
    problems::unknown_type_help,
    request::{Imposed, LoadRequest, MainSource},
    secrets::without_secrets,
    types::{DecodeFn, Reader, TypeInfo, Types},
};
#[cfg(feature = "cli")]
pub(crate) use {
    decode::{missing_fields, required_fields},
    inspect::{Inspection, inspect},
};
