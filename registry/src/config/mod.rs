//! From files and environment to connections that can be made: the passes load, parse, layer, interpolate,
//! check and decode.

mod configuration;
mod decode;
mod field;
mod types;
mod value;

pub(crate) use configuration::{
    Configuration, Declared, Environment, Lifecycle, LoadRequest, MainSource, Resolved, load,
};
pub(crate) use decode::{DecodeError, Decoded, Decoder, Mode, Reference, decode, parse_duration};
pub use field::{Field, Visibility};
pub(crate) use types::{DecodeFn, TypeInfo, Types, decode_fields};
