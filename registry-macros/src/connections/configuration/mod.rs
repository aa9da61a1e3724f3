//! What the files of a configuration declare, as far as it is known when the program is compiled: names, types, and
//! what is switched off. The rules are those of the library, which reads the same files when the program runs; a test
//! holds the two together. No value of a file but these is kept, and none is part of a message.

mod document;
mod include;
mod layers;
mod load;
mod place;
mod profile;
mod source;
mod syntax;
mod template;
#[cfg(test)]
mod tests;

pub(super) use layers::Found;
pub(super) use load::Configuration;
