//! The command line as a program: what it writes, and how it ends.

#[cfg(unix)]
mod completions;
mod graph;
mod output;
mod program;
mod sarif;
mod secrets;
#[cfg(target_os = "linux")]
mod terminal;
mod transcripts;
