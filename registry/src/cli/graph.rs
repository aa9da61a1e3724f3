//! `graph`: which connections refer to which others.

mod dot;
mod mermaid;
mod text;

use clap::{Args, ValueEnum};

use super::{exit_code::Code, failure::Failure, network::Network, session::Session};

/// Draw which connections refer to which others
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Graph {
    /// How to draw
    #[arg(long, value_enum, default_value_t)]
    format: Drawing,
}

impl Graph {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let network = Network::of(&session.configuration()?, &[]);
        let drawing = match self.format {
            Drawing::Text => text::draw(&network),
            Drawing::Dot => dot::draw(&network),
            Drawing::Mermaid => mermaid::draw(&network),
        };
        session.out.write_all(drawing.as_bytes())?;
        Ok(Code::Fine)
    }
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Drawing {
    /// Trees of text; (*) marks what stands above already
    #[default]
    Text,
    /// For Graphviz: connections graph --format dot | dot -Tsvg
    Dot,
    /// For pages of Markdown
    Mermaid,
}

const AFTER_HELP: &str = "A reference that a placeholder names is not known before it is used, and is not drawn.";
