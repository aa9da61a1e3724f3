//! `add`: a connection more, with what its type says of its fields.

use std::{path::Path, sync::Arc};

use clap::Args;
use toml_edit::{Key, Value};

use super::{
    exit_code::Code,
    failure::Failure,
    output_file,
    sample::{Sample, Setting},
    session::Session,
    types,
};
use crate::{
    config::{self, Environment, LoadRequest, MainSource, Visibility, name_fault},
    diagnostic::{Diagnostic, did_you_mean, visible},
    error::Error,
    factory::{ConnectionFactory, ConnectionType},
    manager,
};

/// Add a connection to the configuration, with every field that its type has
#[derive(Args, Debug)]
pub(super) struct Add {
    /// The type, as `connections types` lists it
    #[arg(value_name = "TYPE")]
    type_name: String,
    /// The name of the connection
    name: String,
    /// Give a field its value, in TOML or as a plain text
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<Hidden>,
}

impl Add {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let factory = ConnectionFactory::linked()?;
        let entry = factory.find(&self.type_name).ok_or_else(|| types::unknown(&self.type_name, &factory))?;
        check_name(&self.name)?;
        let sample = Sample::new(&self.name, entry);
        let settings: Result<Vec<_>, _> = self.settings.iter().map(|given| setting(&given.0, entry, &sample)).collect();
        let settings = settings?;
        warn_of_secrets(&settings, entry, session)?;

        let path = session.options.config.clone();
        let before =
            config::read_file(&path, manager::DEFAULT_MAX_CONFIG_BYTES).map_err(|error| unreadable(&path, &error))?;
        let after = appended(&before.text, &sample.with(settings).text());
        check(&self.name, &path, &after, &factory, session)?;
        output_file::rewrite(&path, &after)?;
        let (name, path) = (visible(&self.name).into_owned(), path.to_string_lossy());
        writeln!(session.out, "added `{name}` to {}", visible(&path))?;
        Ok(Code::Fine)
    }
}

/// An argument that may have a secret in it, and so is printed by nobody.
#[derive(Clone)]
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let Some(why) = name_fault(name) else { return Ok(()) };
    let message = format!("`{}` cannot be the name of a connection: {why}", visible(name));
    Err(Failure::Unknown { message, help: None })
}

/// `key=value`: of a field, one of its table, or a key that every connection has.
fn setting(given: &str, entry: &ConnectionType, sample: &Sample<'_>) -> Result<Setting, Failure> {
    let fault =
        |message: &str, help: &str| Failure::Unknown { message: message.to_owned(), help: Some(help.to_owned()) };
    let shape = || fault("`--set` without a key", "write `--set key=value`, as in `--set port=5432`");
    let (key, text) = given.split_once('=').ok_or_else(shape)?;
    let keys: Vec<_> = Key::parse(key).map_err(|_| shape())?.iter().map(|key| key.get().to_owned()).collect();
    let first = keys.first().ok_or_else(shape)?;
    if !SETTABLE.contains(&first.as_str()) && !entry.fields().iter().any(|field| field.name == first) {
        let known: Vec<_> = entry.fields().iter().map(|field| field.name).chain(SETTABLE).collect();
        let help = match did_you_mean(first, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its keys are {}", known.join(", ")),
        };
        return Err(fault(&format!("the type `{}` has no field `{}`", entry.name(), visible(first)), &help));
    }
    let is_text = keys.len() == 1 && !["enabled", "lifecycle"].contains(&first.as_str()) && sample.is_text(first);
    let value = value(text, is_text);
    Ok(Setting { keys, value })
}

/// A field for text takes a text as it is, unless it has quotes of TOML; any other one what TOML makes of it.
fn value(text: &str, is_text: bool) -> Value {
    match text.trim().parse::<Value>() {
        Ok(value) if !is_text || value.is_str() => value,
        _ => Value::from(text),
    }
}

fn warn_of_secrets(settings: &[Setting], entry: &ConnectionType, session: &mut Session<'_>) -> Result<(), Failure> {
    for Setting { keys, value } in settings {
        let is_secret =
            |key: &str| entry.fields().iter().any(|field| field.name == key && field.visibility == Visibility::Secret);
        if is_secret(&keys[0]) && !value.as_str().is_some_and(|text| text.contains("${")) {
            let key = visible(&keys[0]).into_owned();
            writeln!(
                session.err,
                "warning: `{key}` is a secret, in clear text here and in the history of your shell; write `--set '{key}=${{env:NAME}}'`"
            )?;
        }
    }
    Ok(())
}

/// The text with another one behind it, in the line breaks that it has.
fn appended(text: &str, added: &str) -> String {
    let is_windows = text.contains("\r\n");
    let line_break = if is_windows { "\r\n" } else { "\n" };
    let added = if is_windows { added.replace('\n', "\r\n") } else { added.to_owned() };
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { line_break };
    let blank = if text.trim().is_empty() { "" } else { line_break };
    format!("{text}{end}{blank}{added}")
}

/// Refuses a text that has a problem which the file does not have by itself.
fn check(
    name: &str,
    path: &Path,
    after: &str,
    factory: &ConnectionFactory,
    session: &Session<'_>,
) -> Result<(), Failure> {
    // So that it depends on the file alone.
    let environment = || Environment::Fixed(Arc::default());
    let request = LoadRequest { profile: None, environment: environment(), ..session.request() };
    let known = match manager::load(&request, factory) {
        Ok(configuration) => {
            if let Some(declared) = configuration.find(name) {
                let message =
                    format!("there is a connection `{}` already, at {}", visible(name), declared.declared_at());
                return Err(Failure::Unknown { message, help: Some("choose another name".to_owned()) });
            }
            Vec::new()
        }
        Err(error) => error.diagnostics().to_vec(),
    };
    let main = MainSource::Text {
        text: after.to_owned(),
        config_dir: path.parent().unwrap_or(Path::new("")).to_owned(),
        name: Some(path.to_string_lossy().into_owned()),
    };
    let Err(error) = manager::load(&LoadRequest { main, ..request }, factory) else { return Ok(()) };
    let is_new = |found: &&Diagnostic| !known.iter().any(|known| known.to_string() == found.to_string());
    let new: Vec<_> = error.diagnostics().iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    Err(Error::configuration(format!("`{}` cannot be added; nothing was written", visible(name)), new).into())
}

fn unreadable(path: &Path, error: &impl std::fmt::Display) -> Failure {
    let message = format!("`{}` cannot be read: {error}", visible(&path.to_string_lossy()));
    Failure::Unknown { message, help: Some("`connections init` makes one".to_owned()) }
}

/// The keys of every connection that `--set` may give.
const SETTABLE: [&str; 4] = ["enabled", "extends", "config_file", "lifecycle"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_added_behind_what_is_there() {
        for (text, expected) in [
            ("", "[b]\n"),
            ("a = 1\n", "a = 1\n\n[b]\n"),
            ("a = 1", "a = 1\n\n[b]\n"),
            ("a = 1\r\n", "a = 1\r\n\r\n[b]\r\n"),
            ("# é\r\na = 1", "# é\r\na = 1\r\n\r\n[b]\r\n"),
        ] {
            assert_eq!(appended(text, "[b]\n"), expected);
        }
    }

    #[test]
    fn values_are_toml_or_text() {
        for (text, is_text, expected) in [
            ("5432", false, "5432"),
            ("5432", true, "\"5432\""),
            ("true", false, "true"),
            ("10s", false, "\"10s\""),
            ("'a b'", true, "'a b'"),
            ("a = \"b\"", true, "'a = \"b\"'"),
            ("[\"a\", \"b\"]", false, "[\"a\", \"b\"]"),
            ("${env:PORT}", false, "\"${env:PORT}\""),
            ("", true, "\"\""),
        ] {
            assert_eq!(value(text, is_text).to_string().trim(), expected, "{text}");
        }
    }
}
