//! The command line: see and check the connections of a configuration, without writing a program.
//!
//! A program sees the connection types that are linked into it, and no others. So there are two ways:
//!
//! - the program `connections`, which has the built-in types of the features that it is installed with:
//!   `cargo install connection-registry --features cli,full`;
//! - a program of your own with your own types, whose `main` is [`main`].
//!
//! [`guide::cli`](crate::guide::cli) has every command and the exit codes.

// The frame.
mod arguments;
mod exit_code;
mod failure;
mod run;
mod session;

// What commands share.
mod format;
mod output_file;
mod sample;
mod sarif;
mod table;

// What commands share that connect, or follow references.
mod duration;
mod interrupts;
mod live;
mod network;
mod screen;

// The commands.
mod add;
mod check;
mod completions;
mod diff;
mod explain;
mod graph;
mod import;
mod init;
mod list;
mod schema;
mod show;
mod test;
mod types;
mod watch;

#[cfg(test)]
mod tests;

pub use run::main;
