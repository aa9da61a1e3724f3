//! The command line, from arguments to exit codes, without a process.

mod writing;
