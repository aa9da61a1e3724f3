//! The command line with a connection type of your own: a program of one line, which sees every type that is linked
//! into it. In a service it is a second binary beside the service itself, with `use my_service as _;`.
//!
//! ```sh
//! cargo run --example own_cli -- types tickets
//! cargo run --example own_cli -- check examples/own_cli/connections.toml
//! cargo run --example own_cli -- --config examples/own_cli/connections.toml list
//! ```

mod tickets;

use std::process::ExitCode;

fn main() -> ExitCode {
    connection_registry::cli::main()
}
