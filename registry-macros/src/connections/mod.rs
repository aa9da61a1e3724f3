//! `#[derive(Connections)]`: a struct with a connection in each field, checked against the configuration when the
//! program is compiled.
//!
//! `arguments` and `model` read what the user wrote, `configuration` what the files declare; `check` compares the two
//! and finds every problem; `expand` writes the code.

mod arguments;
mod check;
mod configuration;
mod derive;
mod expand;
mod model;
mod suggest;

pub(crate) use derive::derive;
