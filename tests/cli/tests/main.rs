//! The command line as a program: what it writes, and how it ends.

mod output;
mod program;
mod sarif;
mod secrets;
mod transcripts;
