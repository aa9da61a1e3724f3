//! The program that the tests run: the command line with a few types of its own, and the fakes.

// Of the example, so that the guide shows what readers get.
#[path = "../../../examples/own_cli/tickets.rs"]
mod tickets;
mod types;

use std::process::ExitCode;

fn main() -> ExitCode {
    connection_registry::cli::main()
}
