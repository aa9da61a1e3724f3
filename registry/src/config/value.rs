//! A tree of values in which each one knows where it was written.

use crate::span::Span;

/// One value with its origin.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) kind: ValueKind,
    /// The value itself; of a table the header or the braces.
    pub(crate) span: Span,
    /// The key it was given for; its own span where there is none, as in an array.
    pub(crate) key_span: Span,
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

    /// About the bytes of memory that a copy takes.
    pub(crate) fn weight(&self) -> usize {
        let entry = |(key, value): &(Box<str>, Value)| key.len() + size_of::<Box<str>>() + value.weight();
        self.entries.iter().map(entry).sum()
    }
}

impl Value {
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
