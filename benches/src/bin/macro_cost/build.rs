//! Building the generated crates, and what that costs.

use std::{fs, path::PathBuf, process::Command};

use connection_registry::BoxError;

use super::workspace::Workspace;

/// One of cargo's own profiles, as it is.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

impl Workspace {
    /// Builds a package with all that it depends on.
    pub(crate) fn build(&self, package: &str, profile: Profile) -> Result<(), BoxError> {
        self.run(Command::new("cargo").args(Self::arguments(package, profile))).map(drop)
    }

    /// Builds a package alone, when all that it depends on is there; gives the processor seconds of cargo, compiler
    /// and linker.
    pub(crate) fn build_seconds(&self, package: &str, profile: Profile) -> Result<f64, BoxError> {
        // Written anew: cargo goes by the time of the file.
        let source_file = self.source_file(package);
        fs::write(&source_file, fs::read(&source_file)?)?;
        let mut bash = Command::new("bash");
        // The shell's own clock of its children: there is none in the standard library.
        bash.args(["-c", "TIMEFORMAT='%U %S'; time cargo \"$@\"", "bash"]).args(Self::arguments(package, profile));
        let output = self.run(&mut bash)?;
        let times = output.lines().last().ok_or("no times")?.split_whitespace();
        Ok(times.map(str::parse::<f64>).sum::<Result<f64, _>>()?)
    }

    /// The bytes of a package's program without its symbols.
    pub(crate) fn stripped_size(&self, package: &str, profile: Profile) -> Result<u64, BoxError> {
        let program = self.target().join(profile.folder()).join(package);
        let stripped = self.folder.join("stripped");
        self.run(Command::new("strip").arg("-o").arg(&stripped).arg(&program))?;
        Ok(fs::metadata(&stripped)?.len())
    }

    fn arguments(package: &str, profile: Profile) -> [&str; 6] {
        ["build", "--quiet", "--profile", profile.name(), "--package", package]
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Runs a command; gives what it wrote to its standard error.
    fn run(&self, command: &mut Command) -> Result<String, BoxError> {
        command.current_dir(&self.folder).env("CARGO_INCREMENTAL", "0").env("CARGO_TARGET_DIR", self.target());
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(text) } else { Err(text.into()) }
    }
}
