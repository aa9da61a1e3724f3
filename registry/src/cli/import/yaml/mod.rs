//! YAML as the Python library reads it: the rules of PyYAML, without those for dates.

mod compose;
mod node;
mod scalar;
#[cfg(test)]
mod tests;

pub(super) use {
    compose::compose,
    node::{Entry, Node, NodeKind, Place, Syntax, Text},
};
