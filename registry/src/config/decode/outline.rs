//! [`Outline`]: what a type takes, found out by asking its `Deserialize`.
//!
//! Nothing is asked of the types themselves, so that a field may be of any type. A value that fits nothing, the probe,
//! is put at one place of a table, and the type says there what it would take. Each part of what it would take is then
//! asked in the same way, until all is known.

use super::{
    decoded::{Mode, decode},
    decoder::Decoder,
    expected::Expected,
    location::{key_name, push_step},
    session::Session,
};
use crate::{
    config::{
        types::{DecodeFn, Reader},
        value::{Table, Value, ValueKind},
    },
    diagnostic::{Code, Problem},
    span::{SourceKind, Sources, Span},
};

/// What a value of the configuration must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outline {
    /// The type looks at what is there, or cannot be asked.
    Anything,
    Integer {
        min: i128,
        max: i128,
    },
    Number,
    Boolean,
    Character,
    Text,
    Duration,
    Secret,
    /// The name of a connection with this client.
    Reference(String),
    Array(Box<Self>),
    Tuple(Vec<Self>),
    /// A table with any keys, all of whose values are this.
    Map(Box<Self>),
    Struct {
        /// Empty for the fields of a variant.
        type_name: &'static str,
        keys: Vec<Key>,
    },
    Enum {
        type_name: &'static str,
        variants: Vec<Variant>,
    },
}

/// A key of a struct.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    /// Of a required key: other names under which it may be given.
    pub(crate) aliases: Vec<&'static str>,
    pub(crate) outline: Outline,
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// `None` for one that is a name alone.
    pub(crate) content: Option<Outline>,
}

/// What a type asked of the probe.
pub(super) enum Asked {
    Anything,
    Value(Expected),
    Secret,
    Reference(String),
    Struct { type_name: &'static str, fields: &'static [&'static str] },
    Enum { type_name: &'static str, variants: &'static [&'static str] },
}

/// Outlines what is read by `decode`.
pub(crate) fn outline<I>(decode: DecodeFn<I>) -> Outline {
    let place = Span::new(Sources::default().add("schema", "", SourceKind::File), 0..0);
    Tracer { decode, place, inside: Vec::new() }.outline(&mut Vec::new())
}

struct Tracer<I> {
    decode: DecodeFn<I>,
    place: Span,
    /// The types around the place that is being asked: one that holds itself has no end.
    inside: Vec<Names>,
}

/// The name of a type, and those of its fields or variants.
type Names = (&'static str, &'static [&'static str]);

/// One step from the root to the probe.
#[derive(Clone)]
enum Step {
    Key(&'static str),
    /// The position of an element, and the number of them.
    Element(usize, usize),
}

impl<I> Tracer<I> {
    fn outline(&mut self, path: &mut Vec<Step>) -> Outline {
        match self.ask(path) {
            None | Some(Asked::Anything) => Outline::Anything,
            Some(Asked::Secret) => Outline::Secret,
            Some(Asked::Reference(client)) => Outline::Reference(client),
            Some(Asked::Value(expected)) => self.value(expected, path),
            Some(Asked::Struct { type_name, fields }) => self.within((type_name, fields), |tracer, type_name| {
                Outline::Struct { type_name, keys: tracer.keys(fields, path) }
            }),
            Some(Asked::Enum { type_name, variants }) => self.within((type_name, variants), |tracer, type_name| {
                Outline::Enum { type_name, variants: variants.iter().map(|name| tracer.variant(name, path)).collect() }
            }),
        }
    }

    fn value(&mut self, expected: Expected, path: &mut Vec<Step>) -> Outline {
        match expected {
            Expected::Integer { min: 0, max } if self.refuses(path, ValueKind::Integer(0)) => {
                Outline::Integer { min: 1, max }
            }
            Expected::Integer { min, max } => Outline::Integer { min, max },
            Expected::Float => Outline::Number,
            Expected::Boolean => Outline::Boolean,
            Expected::Character => Outline::Character,
            Expected::String => Outline::Text,
            Expected::Duration => Outline::Duration,
            Expected::Array => Outline::Array(Box::new(self.step(Step::Element(0, 1), path))),
            Expected::Tuple(length) => {
                Outline::Tuple((0..length).map(|at| self.step(Step::Element(at, length), path)).collect())
            }
            Expected::Table => Outline::Map(Box::new(self.step(Step::Key("key"), path))),
            Expected::EmptyTable | Expected::Variant(_) | Expected::VariantTable => Outline::Anything,
        }
    }

    fn keys(&mut self, fields: &'static [&'static str], path: &mut Vec<Step>) -> Vec<Key> {
        let missing = self.missing(fields, path, None);
        let mut keys: Vec<_> = fields.iter().map(|name| self.key(name, &missing, path)).collect();
        // What makes up for a required key is another name of it.
        for name in fields.iter().filter(|name| !missing.contains(name) && !missing.is_empty()) {
            let still_missing = self.missing(fields, path, Some(name));
            for key in keys.iter_mut().filter(|key| key.is_required && !still_missing.contains(&key.name)) {
                key.aliases.push(name);
            }
        }
        keys
    }

    fn key(&mut self, name: &'static str, missing: &[&str], path: &mut Vec<Step>) -> Key {
        let outline = self.step(Step::Key(name), path);
        Key { name, is_required: missing.contains(&name), aliases: Vec::new(), outline }
    }

    fn variant(&mut self, name: &'static str, path: &mut Vec<Step>) -> Variant {
        path.push(Step::Key(name));
        let is_name = matches!(self.ask(path), Some(Asked::Value(Expected::EmptyTable)));
        let content = (!is_name).then(|| self.outline(path));
        path.pop();
        Variant { name, content }
    }

    fn step(&mut self, step: Step, path: &mut Vec<Step>) -> Outline {
        path.push(step);
        let outline = self.outline(path);
        path.pop();
        outline
    }

    fn within(&mut self, asked: Names, outline: impl FnOnce(&mut Self, &'static str) -> Outline) -> Outline {
        if self.inside.contains(&asked) {
            return Outline::Anything;
        }
        // The fields of a variant are asked for in the name of its enum.
        let is_variant = self.inside.last().is_some_and(|(around, _)| *around == asked.0);
        self.inside.push(asked);
        let outline = outline(self, if is_variant { "" } else { asked.0 });
        self.inside.pop();
        outline
    }
}

/// Walks.
impl<I> Tracer<I> {
    /// What the type asks of a probe at `path`; `None` when it does not come by.
    fn ask(&self, path: &[Step]) -> Option<Asked> {
        let tree = self.tree(path, ValueKind::Datetime(PROBE));
        let session = Session::probing(&tree);
        // Whatever comes of it: what was asked is noted.
        let _ = (self.decode)(Decoder::new(&tree, &session));
        session.into_asked()
    }

    /// Those of `fields` that the struct at `path` misses when it has nothing but `given`.
    fn missing(
        &self,
        fields: &'static [&'static str],
        path: &[Step],
        given: Option<&&'static str>,
    ) -> Vec<&'static str> {
        let entries = given.map(|name| ((*name).into(), self.made_up())).into_iter().collect();
        let problems = self.problems(path, ValueKind::Table(Table { entries }));
        let around = key_path(path);
        let is_missing = |name: &&&'static str| {
            let path = key_below(&around, name);
            problems.iter().any(|problem| problem.code == Code::MissingKey && problem.key_path.as_ref() == Some(&path))
        };
        fields.iter().filter(is_missing).copied().collect()
    }

    fn refuses(&self, path: &[Step], kind: ValueKind) -> bool {
        let at = key_path(path);
        let is_there = |problem: &Problem| problem.code != Code::MissingKey && problem.key_path.as_ref() == Some(&at);
        self.problems(path, kind).iter().any(is_there)
    }

    fn problems(&self, path: &[Step], kind: ValueKind) -> Vec<Problem> {
        // Not validated: what a type says of its fields together is not said of one of them.
        decode(&self.tree(path, kind), "", Reader::plain(self.decode), Mode::Check).err().unwrap_or_default()
    }

    /// A tree in which there is the way to a value and nothing else.
    fn tree(&self, path: &[Step], kind: ValueKind) -> Value {
        path.iter().rev().fold(self.placed(kind), |inner, step| match *step {
            Step::Key(name) => self.placed(ValueKind::Table(Table { entries: vec![(name.into(), inner)] })),
            Step::Element(at, length) => {
                let mut elements: Vec<_> = (1..length).map(|_| self.made_up()).collect();
                elements.insert(at, inner);
                self.placed(ValueKind::Array(elements))
            }
        })
    }

    fn made_up(&self) -> Value {
        self.placed(ValueKind::Dummy(0))
    }

    fn placed(&self, kind: ValueKind) -> Value {
        Value::new(kind, self.place, self.place)
    }
}

fn key_path(path: &[Step]) -> String {
    path.iter().fold(String::new(), |around, step| match step {
        Step::Key(name) => key_below(&around, name),
        Step::Element(at, _) => format!("{around}[{at}]"),
    })
}

fn key_below(around: &str, name: &str) -> String {
    let mut path = around.to_owned();
    push_step(&mut path, &key_name(name));
    path
}

/// Of all values the one that is neither number nor text nor table; a type that would take it as a text is noticed.
const PROBE: toml::value::Datetime = toml::value::Datetime { date: None, time: None, offset: None };
