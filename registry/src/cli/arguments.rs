//! What the command line takes: the options of all commands, and the commands.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

use super::{
    add::Add, check::Check, completions::Completions, diff::Diff, exit_code::Code, explain::Explain, failure::Failure,
    graph::Graph, import::Import, init::Init, list::List, schema::Schema, session::Session, show::Show, test::Test,
    types::Types, watch::Watch,
};

/// See and check the named connections of a configuration
#[derive(Debug, Parser)]
#[command(name = "connections", version, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub(super) struct Options {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = "connections.toml")]
    pub(super) config: PathBuf,
    /// Read connections.<PROFILE>.toml over the configuration
    #[arg(long, global = true)]
    pub(super) profile: Option<String>,
    /// Whether to write in colour; auto: on a terminal without NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorChoice,
}

/// One file each. To add a command: its file, a variant here, and an arm in [`Command::run`].
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Check(Check),
    List(List),
    Show(Show),
    Types(Types),
    Schema(Schema),
    Explain(Explain),
    Graph(Graph),
    Diff(Diff),
    Test(Test),
    Watch(Watch),
    Init(Init),
    Add(Add),
    Import(Import),
    Completions(Completions),
}

impl Command {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        match self {
            Self::Check(command) => command.run(session),
            Self::List(command) => command.run(session),
            Self::Show(command) => command.run(session),
            Self::Types(command) => command.run(session),
            Self::Schema(command) => command.run(session),
            Self::Explain(command) => command.run(session),
            Self::Graph(command) => command.run(session),
            Self::Diff(command) => command.run(session),
            Self::Test(command) => command.run(session),
            Self::Watch(command) => command.run(session),
            Self::Init(command) => command.run(session),
            Self::Add(command) => command.run(session),
            Self::Import(command) => command.run(session),
            Self::Completions(command) => command.run(session),
        }
    }
}

/// The same choice for the streams.
pub(super) fn color_choice(choice: ColorChoice) -> anstream::ColorChoice {
    match choice {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
