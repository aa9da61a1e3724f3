//! From a value of YAML to one of TOML.

use std::rc::Rc;

use toml_edit::{Array, InlineTable, Item, Table, Value};

use super::{
    interpolation::{self, Fallback, Fault, Piece},
    note::Note,
    resolve::{Resolved, Resolver},
    variable::Variables,
    yaml::{Node, NodeKind, Place, Text},
};
use crate::config::{is_secret_key, secret_part};

/// Makes values of TOML, and collects what is to say about them.
pub(super) struct Converter {
    pub(super) resolver: Resolver,
    /// Whether placeholders take the place of secrets.
    pub(super) secrets_to_env: bool,
    pub(super) notes: Vec<Note>,
    /// What a connection's comment says, taken by whoever writes it.
    pub(super) comments: Vec<String>,
    /// The variables that are to be set.
    pub(super) variables: Vec<Variable>,
    /// Whether a secret in clear text is in what was made.
    pub(super) has_secrets: bool,
    names: Variables,
    /// The bytes of what was made, about.
    size: usize,
}

/// A variable that is to hold a value of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// The value that it takes the place of.
    pub(super) key_path: String,
    pub(super) place: Place,
}

/// Where a value stands.
#[derive(Clone)]
pub(super) struct At {
    /// In the result: the name of the connection, and the keys below it.
    keys: Vec<String>,
    /// In the tree of all files.
    path: Vec<String>,
    /// Whether a key above says that it is a secret.
    is_secret: bool,
    depth: usize,
}

impl Converter {
    pub(super) fn new(resolver: Resolver, secrets_to_env: bool) -> Self {
        Self {
            resolver,
            secrets_to_env,
            notes: Vec::new(),
            comments: Vec::new(),
            variables: Vec::new(),
            has_secrets: false,
            names: Variables::default(),
            size: 0,
        }
    }

    /// The value with tables as such; `None` for null, and for what cannot be carried over, which is noted.
    pub(super) fn item(&mut self, node: &Rc<Node>, at: &At) -> Option<Item> {
        let (node, at) = self.followed(node, at)?;
        let NodeKind::Map(entries) = &node.kind else { return self.value(&node, &at).map(Item::Value) };
        let mut table = Table::new();
        for entry in entries {
            if let Some(item) = self.item(&entry.value, &at.below(&entry.key)) {
                table.insert(&entry.key, item);
            }
        }
        Some(Item::Table(table))
    }

    /// The value with tables inside of it in one line each.
    fn value(&mut self, node: &Rc<Node>, at: &At) -> Option<Value> {
        let (node, at) = self.followed(node, at)?;
        match &node.kind {
            NodeKind::Null => self.left_out(&node, &at),
            NodeKind::Boolean(boolean) => Some(Value::from(*boolean)),
            NodeKind::Float(float) => Some(Value::from(*float)),
            NodeKind::Datetime(datetime) => Some(Value::from(*datetime)),
            NodeKind::Integer(integer) => self.integer(*integer, &node, &at),
            NodeKind::Text(text) => self.text(text, &node, &at),
            NodeKind::List(items) => Some(Value::Array(self.array(items, &at))),
            NodeKind::Map(entries) => {
                let mut table = InlineTable::new();
                for entry in entries {
                    if let Some(value) = self.value(&entry.value, &at.below(&entry.key)) {
                        table.insert(&entry.key, value);
                    }
                }
                Some(Value::InlineTable(table))
            }
        }
    }

    fn array(&mut self, items: &[Rc<Node>], at: &At) -> Array {
        let mut array = Array::new();
        for (index, item) in items.iter().enumerate() {
            let at = At { is_secret: at.is_secret, ..at.below(&index.to_string()) };
            if let Some(value) = self.value(item, &at) {
                array.push(value);
            }
        }
        array
    }

    /// The value that a string stands for where it is one whole reference to another one, else the value itself.
    fn followed(&mut self, node: &Rc<Node>, at: &At) -> Option<(Rc<Node>, At)> {
        self.size += WEIGHT;
        if at.depth > MAX_DEPTH {
            return self.refuse(Note::error(node.place.clone(), "nested too deeply"));
        }
        if self.size > MAX_SIZE {
            return self
                .refuse(Note::error(node.place.clone(), "aliases and placeholders make more than 16 MiB of it"));
        }
        let NodeKind::Text(text) = &node.kind else { return Some((Rc::clone(node), at.clone())) };
        match self.resolver.resolve(text, &at.path) {
            Ok(Resolved::Node(node, path)) => Some((node, At { path, depth: at.depth + 1, ..at.clone() })),
            _ => Some((Rc::clone(node), at.clone())),
        }
    }

    fn integer(&mut self, integer: i128, node: &Node, at: &At) -> Option<Value> {
        let Ok(value) = i64::try_from(integer) else {
            return self.refuse(Note::error(node.place.clone(), "an integer that is too large for TOML"));
        };
        if !at.is_secret {
            return Some(Value::from(value));
        }
        match self.secret(&node.place, at, false) {
            Some(placeholder) => Some(Value::from(placeholder)),
            None => Some(Value::from(value)),
        }
    }

    fn text(&mut self, text: &Text, node: &Node, at: &At) -> Option<Value> {
        let resolved = self.resolver.resolve(text, &at.path);
        let written = match &resolved {
            Ok(Resolved::Text { pieces, guessed }) => {
                self.note_text(pieces, *guessed, node, at);
                interpolation::written(pieces).map(|written| (written, pieces))
            }
            Ok(Resolved::Node(..)) => Err(interpolation::NOT_FOUND),
            Err(fault) => Err(*fault),
        };
        match written {
            Ok((written, pieces)) => {
                self.size += written.len();
                Some(Value::from(self.without_secret(written, pieces, node, at)))
            }
            Err(Fault { message, help }) => {
                let message = format!("{message}, in `{}`", at.key_path());
                self.refuse(Note::error(node.place.clone(), message).help(help))
            }
        }
    }

    fn note_text(&mut self, pieces: &[Piece], guessed: bool, node: &Node, at: &At) {
        let is_null = |piece: &Piece| matches!(piece, Piece::Variable { default: Fallback::Null, .. });
        if guessed {
            let message = format!("a placeholder in `{}` is no key of the file: taken for a variable", at.key_path());
            self.notes.push(Note::warning(node.place.clone(), message));
        }
        if pieces.iter().any(is_null) {
            let message = format!("`{}` is null without its variable; here the variable must be set", at.key_path());
            self.notes.push(Note::warning(node.place.clone(), message));
        }
    }

    /// The text with a placeholder in place of a secret, where that is wanted. A secret is noted.
    fn without_secret(&mut self, written: String, pieces: &[Piece], node: &Node, at: &At) -> String {
        let is_url = written.contains("://");
        let part = match secret_part(&written) {
            // A placeholder in it hides as much as its owner wants.
            Some(part) if written[part.clone()].contains("${env:") => None,
            Some(part) => Some(part),
            None if at.is_secret && !is_url && has_text(pieces) => Some(0..written.len()),
            None => None,
        };
        let Some(part) = part else { return written };
        // Right behind a `$` a placeholder would be a literal one.
        let part = if written[..part.start].ends_with('$') { 0..written.len() } else { part };
        match self.secret(&node.place, at, part.start > 0) {
            Some(placeholder) => format!("{}{placeholder}{}", &written[..part.start], &written[part.end..]),
            None => written,
        }
    }

    /// The placeholder for a secret; `None` when it is to be carried over, of which a note warns.
    fn secret(&mut self, place: &Place, at: &At, is_part: bool) -> Option<String> {
        let mut keys: Vec<_> = at.keys.iter().map(String::as_str).collect();
        if is_part {
            keys.push("password");
        }
        let (key_path, name) = (at.key_path(), self.names.name(&keys));
        let placeholder = format!("${{env:{name}}}");
        if self.secrets_to_env {
            self.variables.push(Variable { name, key_path, place: place.clone() });
            return Some(placeholder);
        }
        self.has_secrets = true;
        let message = format!("`{key_path}` has a secret in clear text");
        let help = format!("put it into a variable and write `{placeholder}`, or use --secrets-to-env");
        self.notes.push(Note::warning(place.clone(), message).help(help));
        None
    }

    fn left_out<T>(&mut self, node: &Node, at: &At) -> Option<T> {
        self.comments.push(format!("Left out: `{}` is null ({}).", at.key_path(), node.place));
        None
    }

    /// The same once: what is too large is too large at every place from there on.
    fn refuse<T>(&mut self, note: Note) -> Option<T> {
        let is_new = self.size <= MAX_SIZE || !self.notes.iter().any(Note::is_error);
        self.notes.extend(is_new.then_some(note));
        None
    }
}

impl At {
    /// A field of the connection `name`, at `path` in the tree.
    pub(super) fn field(name: &str, key: &str, path: Vec<String>, is_secret: bool) -> Self {
        let is_secret = is_secret || is_secret_key(key);
        Self { keys: vec![name.to_owned(), key.to_owned()], path, is_secret, depth: 0 }
    }

    fn below(&self, key: &str) -> Self {
        let with = |steps: &[String]| steps.iter().cloned().chain([key.to_owned()]).collect();
        let is_secret = self.is_secret || is_secret_key(key);
        Self { keys: with(&self.keys), path: with(&self.path), is_secret, depth: self.depth + 1 }
    }

    /// `connections.primary_db.password`.
    pub(super) fn key_path(&self) -> String {
        format!("connections.{}", self.keys.join(".").escape_debug())
    }
}

/// Whether there is more to a value than variables, and the word that stands before a token.
fn has_text(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Literal(text) => !["", "Bearer", "Basic", "Token"].contains(&text.trim()),
        Piece::Variable { .. } | Piece::Reference(_) => false,
    })
}

/// About what a value takes beside its text.
const WEIGHT: usize = 32;

/// What the library takes for one file. Aliases could otherwise make any amount of a few lines.
const MAX_SIZE: usize = 16 * 1024 * 1024;

/// Well below what a configuration may have.
const MAX_DEPTH: usize = 64;
