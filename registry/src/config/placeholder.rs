//! Resolves placeholders: reads the environment and files, now.

use std::{ffi::OsString, path::Path};

use super::{
    environment::Environment,
    interpolate::{self, Otherwise, Piece, Placeholder, Scheme},
    name::printable,
    source, template,
    value::{Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem, did_you_mean},
    span::{Sources, Span},
};

/// Where placeholders take their texts from.
pub(super) struct Resolver<'a> {
    pub(super) environment: &'a Environment,
    pub(super) config_dir: &'a Path,
    pub(super) strict_permissions: bool,
    pub(super) sources: &'a Sources,
    /// The captures of a template's name with their values; none outside of a template's fields.
    pub(super) captured: &'a [(&'a str, &'a str)],
}

/// What resolving found.
#[derive(Default)]
pub(super) struct Resolution {
    pub(super) problems: Vec<Problem>,
    /// Every text that took the place of a placeholder, but for those of the connection's name.
    pub(super) texts: Vec<String>,
}

impl Resolver<'_> {
    /// Replaces every template in `value` by its text, once: what comes out is never looked at again. One
    /// that cannot be resolved becomes a dummy.
    pub(super) fn resolve(&self, value: &mut Value, path: &str) -> Resolution {
        let mut resolution = Resolution::default();
        self.walk(value, &mut path.to_owned(), &mut resolution);
        resolution
    }

    fn walk(&self, value: &mut Value, path: &mut String, resolution: &mut Resolution) {
        let span = value.span;
        match &mut value.kind {
            ValueKind::Template(text) => value.kind = self.template(text, span, path, resolution),
            ValueKind::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.step(item, &format!("[{at}]"), path, resolution);
                }
            }
            ValueKind::Table(table) => {
                for (key, value) in &mut table.entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.step(value, &format!("{dot}{key}"), path, resolution);
                }
            }
            _ => {}
        }
    }

    fn step(&self, value: &mut Value, step: &str, path: &mut String, resolution: &mut Resolution) {
        let length = path.len();
        path.push_str(step);
        self.walk(value, path, resolution);
        path.truncate(length);
    }

    fn template(&self, text: &str, span: Span, path: &str, resolution: &mut Resolution) -> ValueKind {
        let (mut resolved, mut pieces, mut placeholders, mut failed) = (String::new(), 0, 0, false);
        // A malformed piece has been reported when the text was classified.
        for piece in interpolate::pieces(text).flatten() {
            pieces += 1;
            match piece {
                Piece::Literal(literal) => resolved.push_str(literal),
                Piece::Placeholder(placeholder) => {
                    placeholders += 1;
                    match self.text_of(&placeholder) {
                        Ok(text) => {
                            resolved.push_str(&text);
                            resolution.texts.extend((placeholder.scheme != Scheme::Name).then_some(text));
                        }
                        Err(failure) => {
                            failed = true;
                            let literal = interpolate::literal(self.sources, span);
                            let place = interpolate::inside(span, literal, text, placeholder.range.clone());
                            resolution.problems.push(failure.problem(place, path));
                        }
                    }
                }
            }
        }
        match (failed, pieces, placeholders) {
            (true, ..) => ValueKind::Dummy(0),
            (false, 1, 1) => ValueKind::Text(resolved.into()),
            _ => ValueKind::String(resolved.into()),
        }
    }

    fn text_of(&self, placeholder: &Placeholder<'_>) -> Result<String, Failure> {
        let found = match placeholder.scheme {
            Scheme::Environment => self.variable(placeholder.name)?,
            Scheme::File => self.file(placeholder.name)?,
            Scheme::Name => Some(self.capture(placeholder.name)?),
        };
        match (found, &placeholder.otherwise) {
            (Some(text), _) => Ok(text),
            (None, Otherwise::Default(default)) => Ok((*default).to_owned()),
            (None, Otherwise::Message(message)) => Err(self.missing(placeholder).because(message)),
            (None, Otherwise::Error) => Err(self.missing(placeholder)),
        }
    }

    fn variable(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.environment.get(name).map(OsString::into_string) {
            Some(Ok(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(Err(_)) => Err(Failure::new(format!("environment variable `{}` is not UTF-8", printable(name)))),
            None => Ok(None),
        }
    }

    fn file(&self, name: &str) -> Result<Option<String>, Failure> {
        let (path, shown) = (Path::new(name), printable(name));
        if !source::is_readable(path) {
            return Err(Failure::new(format!("file `{shown}` is outside of the configuration's folder"))
                .help("write an absolute path, or one below the folder of the configuration"));
        }
        let file = match source::read(&self.config_dir.join(path), MAX_FILE) {
            Ok(file) => file,
            Err(error) if error.not_found => return Ok(None),
            Err(error) => return Err(Failure::new(format!("cannot read file `{shown}`: {error}"))),
        };
        if file.exposed {
            self.exposed(&shown)?;
        }
        Ok(Some(without_last_newline(file.text)).filter(|text| !text.is_empty()))
    }

    fn capture(&self, name: &str) -> Result<String, Failure> {
        let value = self.captured.iter().find(|(capture, _)| *capture == name).map(|(_, value)| (*value).to_owned());
        value.ok_or_else(|| Failure {
            code: Code::Placeholder,
            ..Failure::new(template::OUTSIDE.to_owned()).help(template::OUTSIDE_HELP)
        })
    }

    fn exposed(&self, file: &str) -> Result<(), Failure> {
        if self.strict_permissions {
            return Err(Failure::new(format!("file `{file}` can be read by its group or by everybody"))
                .help("take the permission away: `chmod 600`"));
        }
        tracing::warn!(file, "a secret file can be read by its group or by everybody");
        Ok(())
    }

    fn missing(&self, placeholder: &Placeholder<'_>) -> Failure {
        let name = printable(placeholder.name);
        match placeholder.scheme {
            Scheme::Environment => {
                let names = self.environment.names();
                let near = did_you_mean(placeholder.name, names.iter().map(String::as_str));
                let suggestion = near.map_or_else(String::new, |near| format!("did you mean `{}`? ", printable(near)));
                if self.environment.get(placeholder.name).is_some() {
                    return Failure::new(format!("environment variable `{name}` is empty")).help(format!(
                        "an empty one counts as not set; write `${{env:{name}:-}}` where it may be empty"
                    ));
                }
                Failure::new(format!("environment variable `{name}` is not set"))
                    .help(format!("{suggestion}set it, or give a default: `${{env:{name}:-default}}`"))
            }
            // A capture is never missing.
            Scheme::File | Scheme::Name => Failure::new(format!("file `{name}` is missing or empty"))
                .help("a relative path is meant from the folder of the configuration"),
        }
    }
}

/// Why a placeholder has no text.
struct Failure {
    code: Code,
    message: String,
    help: Option<String>,
}

impl Failure {
    fn new(message: String) -> Self {
        Self { code: Code::Unresolved, message, help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the words that the configuration has for this case.
    fn because(mut self, words: &str) -> Self {
        self.message = format!("{}: {}", self.message, printable(words));
        self
    }

    fn problem(self, place: Span, path: &str) -> Problem {
        Problem::new(self.code, place, self.message).key_path(path).maybe_help(self.help)
    }
}

/// Most editors and `echo` end a file with a line break that is no part of the secret: one is taken off.
fn without_last_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

const MAX_FILE: u64 = 64 * 1024;
