//! A tree of values in which each one knows where it was written.

use std::collections::HashMap;

use crate::span::Span;

/// One value with its origin.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) kind: ValueKind,
    /// The value itself; of a table the header or the braces.
    pub(crate) span: Span,
    /// The key it was given for; its own span where there is none, as in an array.
    pub(crate) key_span: Span,
    /// How high it lies: what was laid over others is higher than they are. See [`Value::lay`].
    pub(crate) layer: u16,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum ValueKind {
    /// A string as written.
    String(Box<str>),
    /// Text without a type of its own, from an environment override or from one whole placeholder: it takes
    /// the type of the field that it fills.
    Text(Box<str>),
    /// A string with placeholders that are not resolved yet: the text as written.
    Template(Box<str>),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Datetime(toml::value::Datetime),
    Array(Vec<Value>),
    Table(Table),
    /// Stands in for a value that is wrong, missing or not known yet: answers whatever a type asks for, so
    /// that decoding goes on. The number picks among the candidates.
    Dummy(u8),
}

/// The entries of a table in the order of writing, each key once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<(Box<str>, Value)>,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.iter_mut().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// Takes the entry out, keeping the order of the others.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.entries.iter().position(|(name, _)| &**name == key)?;
        Some(self.entries.remove(at).1)
    }

    /// How high its highest value lies.
    fn height(&self) -> u16 {
        self.entries.iter().map(|(_, value)| value.height()).max().unwrap_or_default()
    }

    fn raise(&mut self, by: u16) {
        self.entries.iter_mut().for_each(|(_, value)| value.raise(by));
    }

    /// Lays `over` over this table: tables key by key, anything else is replaced. What comes from it is higher afterwards than
    /// what is here.
    pub(crate) fn lay(&mut self, mut over: Self) {
        if self.entries.is_empty() {
            *self = over;
            return;
        }
        over.raise(self.height().saturating_add(1));
        self.put(over);
    }

    fn put(&mut self, over: Self) {
        let index = (self.entries.len().min(over.entries.len()) > LINEAR).then(|| self.index());
        for (key, value) in over.entries {
            let old = match &index {
                Some(index) => index.get(&key).map(|&at| &mut self.entries[at].1),
                None => self.get_mut(&key),
            };
            match old {
                Some(old) => old.put(value),
                None => self.entries.push((key, value)),
            }
        }
    }

    fn index(&self) -> HashMap<Box<str>, usize> {
        self.entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect()
    }

    /// About the bytes of memory that a copy takes.
    pub(crate) fn weight(&self) -> usize {
        let entry = |(key, value): &(Box<str>, Value)| key.len() + size_of::<Box<str>>() + value.weight();
        self.entries.iter().map(entry).sum()
    }
}

impl Value {
    /// A value of the lowest layer.
    pub(crate) fn new(kind: ValueKind, span: Span, key_span: Span) -> Self {
        Self { kind, span, key_span, layer: 0 }
    }

    /// How high it lies; a table as high as the highest value in it.
    pub(crate) fn height(&self) -> u16 {
        self.as_table().map_or(self.layer, |table| table.height().max(self.layer))
    }

    fn raise(&mut self, by: u16) {
        self.layer = self.layer.saturating_add(by);
        if let ValueKind::Table(table) = &mut self.kind {
            table.raise(by);
        }
    }

    /// Lays `over` over this value, as [`Table::lay`] does.
    pub(crate) fn lay(&mut self, mut over: Self) {
        over.raise(self.height().saturating_add(1));
        self.put(over);
    }

    fn put(&mut self, over: Self) {
        match (&mut self.kind, over.kind) {
            (ValueKind::Table(base), ValueKind::Table(over)) => base.put(over),
            (_, kind) => *self = Self { kind, ..over },
        }
    }

    /// The value of a key such as `"host"` or `"tls.ca"` in this table.
    pub(crate) fn find(&self, key: &str) -> Option<&Self> {
        key.split('.').try_fold(self, |value, step| value.as_table()?.get(step))
    }

    /// Takes out what [`find`](Self::find) gives.
    pub(crate) fn remove(&mut self, key: &str) {
        let (step, rest) = key.split_once('.').map_or((key, None), |(step, rest)| (step, Some(rest)));
        let ValueKind::Table(table) = &mut self.kind else { return };
        match rest {
            Some(rest) => table.get_mut(step).into_iter().for_each(|value| value.remove(rest)),
            None => drop(table.remove(step)),
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            ValueKind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether an unresolved placeholder stands in it.
    pub(crate) fn has_templates(&self) -> bool {
        match &self.kind {
            ValueKind::Template(_) => true,
            ValueKind::Array(elements) => elements.iter().any(Self::has_templates),
            ValueKind::Table(table) => table.entries.iter().any(|(_, value)| value.has_templates()),
            _ => false,
        }
    }

    /// Calls `f` with each value in it whose placeholders are not resolved, that value's text, and its key path,
    /// which starts with `path`.
    pub(crate) fn for_each_template(&self, path: &str, f: &mut dyn FnMut(&Self, &str, &str)) {
        match &self.kind {
            ValueKind::Template(text) => f(self, text, path),
            ValueKind::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| item.for_each_template(&format!("{path}[{at}]"), f));
            }
            ValueKind::Table(table) => {
                table.entries.iter().for_each(|(key, value)| value.for_each_template(&format!("{path}.{key}"), f));
            }
            _ => {}
        }
    }

    /// Gives back the memory that is left over from growing: for what is kept.
    pub(crate) fn shrink(&mut self) {
        match &mut self.kind {
            ValueKind::Array(items) => {
                items.shrink_to_fit();
                items.iter_mut().for_each(Self::shrink);
            }
            ValueKind::Table(table) => {
                table.entries.shrink_to_fit();
                table.entries.iter_mut().for_each(|(_, value)| value.shrink());
            }
            _ => {}
        }
    }

    fn weight(&self) -> usize {
        let inside = match &self.kind {
            ValueKind::String(text) | ValueKind::Text(text) | ValueKind::Template(text) => text.len(),
            ValueKind::Array(items) => items.iter().map(Self::weight).sum(),
            ValueKind::Table(table) => table.weight(),
            _ => 0,
        };
        size_of::<Self>() + inside
    }

    /// What it is, in the words of a message: "an integer".
    pub(crate) fn what(&self) -> &'static str {
        match self.kind {
            ValueKind::String(_) | ValueKind::Text(_) | ValueKind::Template(_) => "a string",
            ValueKind::Integer(_) => "an integer",
            ValueKind::Float(_) => "a float",
            ValueKind::Boolean(_) => "a boolean",
            ValueKind::Datetime(_) => "a date-time",
            ValueKind::Array(_) => "an array",
            ValueKind::Table(_) => "a table",
            ValueKind::Dummy(_) => "a value",
        }
    }
}

/// Up to so many keys, looking at each is faster than an index.
const LINEAR: usize = 32;
