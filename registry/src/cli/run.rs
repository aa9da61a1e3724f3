//! From the arguments of the process to its exit code.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice};
use clap::Parser;

use super::{
    arguments::{Arguments, color_choice},
    exit_code::Code,
    failure::Failure,
    session::Session,
};
use crate::config::Environment;

/// Runs the command line with the arguments of the process, and all connection types that are linked into it.
///
/// The whole of a program that knows your own types:
///
/// ```no_run
/// use my_service as _; // its connection types are linked because the crate is named
/// # extern crate connection_registry as my_service;
///
/// fn main() -> std::process::ExitCode {
///     connection_registry::cli::main()
/// }
/// ```
///
/// Results go to the standard output, problems to the standard error. The exit code says how it went:
///
/// | code | meaning |
/// |---|---|
/// | 0 | all is well, or help was asked for |
/// | 1 | the command found problems: an invalid configuration, an unknown name |
/// | 2 | the arguments are wrong |
/// | 3 | the command could not do its work: the output cannot be written |
/// | 130 | Ctrl-C ended the command before it had done its work |
/// | 141 | whoever read the output went away; nothing is said |
#[must_use = "the exit code is what a program's `main` returns"]
pub fn main() -> ExitCode {
    let code = match Arguments::try_parse_from(env::args_os()) {
        Ok(arguments) => {
            let choice = color_choice(arguments.options.color);
            let (mut out, mut err) = streams(choice);
            arguments.run(Environment::Process, &mut out, &mut err)
        }
        Err(error) => {
            let (mut out, mut err) = streams(ColorChoice::Auto);
            explain_usage(&error, if error.use_stderr() { &mut err } else { &mut out })
        }
    };
    code.into()
}

impl Arguments {
    /// Runs the command. Both streams are given styled text, and take the styles out where they are not wanted.
    pub(super) fn run(self, environment: Environment, out: &mut dyn Write, err: &mut dyn Write) -> Code {
        let mut session = Session { options: self.options, environment, is_of_process: true, out, err };
        let result = self.command.run(&mut session);
        match result.and_then(|code| Ok(session.out.flush().map(|()| code)?)) {
            Ok(code) => code,
            Err(failure) => failure.report(session.err),
        }
    }
}

/// The standard streams. They are not locked: a panic in a task must be able to say so.
fn streams(choice: ColorChoice) -> (AutoStream<io::Stdout>, AutoStream<io::Stderr>) {
    (AutoStream::new(io::stdout(), choice), AutoStream::new(io::stderr(), choice))
}

/// Writes the help that was asked for, or what is wrong with the arguments.
fn explain_usage(error: &clap::Error, stream: &mut dyn Write) -> Code {
    let written = write!(stream, "{}", error.render().ansi()).and_then(|()| stream.flush());
    match written {
        Ok(()) if error.use_stderr() => Code::Usage,
        Ok(()) => Code::Fine,
        Err(error) => Failure::from(error).report(&mut io::sink()),
    }
}
