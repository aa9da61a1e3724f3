//! The command line with the built-in connection types. One with types of its own calls the same function.

fn main() -> std::process::ExitCode {
    connection_registry::cli::main()
}
