//! `completions`: what a shell needs to complete the arguments.

use std::{env, path::Path};

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{arguments::Arguments, exit_code::Code, failure::Failure, session::Session};

/// Write what a shell needs to complete commands and options
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    /// What the program is called; default: as it is called now
    #[arg(long, value_name = "NAME")]
    program: Option<String>,
}

impl Completions {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let program = self.program.or_else(called).unwrap_or_else(|| "connections".to_owned());
        let mut script = Vec::new();
        generate(self.shell, &mut Arguments::command(), program, &mut script);
        session.out.write_all(&script)?;
        Ok(Code::Fine)
    }
}

/// The name by which this program was called, without its folder.
fn called() -> Option<String> {
    let program = env::args_os().next()?;
    Some(Path::new(&program).file_stem()?.to_str()?.to_owned())
}

const AFTER_HELP: &str = "\
bash: source <(connections completions bash) in ~/.bashrc
zsh: connections completions zsh > ~/.zfunc/_connections, with ~/.zfunc in fpath before compinit
fish: connections completions fish > ~/.config/fish/completions/connections.fish
elvish: eval (connections completions elvish | slurp) in ~/.config/elvish/rc.elv
powershell: connections completions powershell | Out-String | Invoke-Expression in $PROFILE";
