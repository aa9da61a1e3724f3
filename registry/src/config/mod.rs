//! From files and environment to connections that can be made: the passes load, parse, layer, interpolate,
//! check and decode.

mod check;
mod configuration;
mod context;
mod decode;
mod duplicate;
mod environment;
mod extends;
mod field;
mod fields;
mod graph;
mod include;
mod interpolate;
mod layer;
mod lifecycle;
mod load;
mod name;
mod overrides;
mod parse;
mod placeholder;
mod profile;
mod public;
mod reference;
mod reserved;
mod secrets;
mod source;
mod types;
mod value;

#[cfg(test)]
mod tests;

pub use field::{Field, Visibility};
pub(crate) use {
    configuration::{Configuration, Declared, Resolved},
    decode::{DecodeError, Decoder, Reference},
    environment::Environment,
    fields::decode_fields,
    lifecycle::{Lifecycle, Replace, Retry, Start},
    load::{LoadRequest, MainSource, load},
    types::{DecodeFn, TypeInfo, Types},
};
