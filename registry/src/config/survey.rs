//! What a configuration says of its connections, value by value, with where each is from: for people to see.
//!
//! A value is shown unless it may be a secret, and placeholders as they are written: see `shown`.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;

use super::{
    check::Checked,
    context::Context,
    decode::Reference,
    field::Field,
    fingerprint::Fingerprint,
    layer::Declaration,
    lifecycle,
    load::{self, Layered},
    profile,
    request::LoadRequest,
    reserved::{self, Reserved},
    shown::Shown,
    template::Templates,
    types::Types,
    value::{Value, ValueKind},
};
use crate::{
    diagnostic::{Diagnostic, did_you_mean, masked, visible},
    span::{Position, SourceKind, Sources, Span},
};

/// All connections of a valid configuration, as they are declared.
pub(crate) struct Survey {
    connections: Vec<Surveyed>,
    templates: Templates,
}

/// One connection or template.
#[derive(Clone, Serialize)]
pub(crate) struct Surveyed {
    pub(crate) name: Box<str>,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    /// `None` when the type is not linked.
    pub(crate) client: Option<&'static str>,
    pub(crate) enabled: bool,
    /// Those of a template's name.
    pub(crate) captures: Vec<String>,
    pub(crate) declared_at: Place,
    /// `type` and `enabled`, and of the other reserved keys but `lifecycle` those that are given.
    pub(crate) keys: Vec<Entry>,
    /// The type's own keys, in its own order.
    pub(crate) fields: Vec<Entry>,
    /// All settings, as they are in force.
    pub(crate) lifecycle: Vec<Entry>,
}

/// One value.
#[derive(Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// `None` for the default of the type, which the files do not say.
    pub(crate) value: Option<String>,
    /// Of the value, also of one that is hidden; `None` for a default.
    #[serde(skip)]
    pub(crate) content: Option<Fingerprint>,
    pub(crate) origin: Origin,
}

/// Where a value is from.
#[derive(Clone, Serialize)]
pub(crate) struct Origin {
    pub(crate) kind: OriginKind,
    /// None for a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
    /// The name of the profile, or of the variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The table that it is written in, when that is not the connection's own: `defaults.postgres`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inherited_from: Option<String>,
}

/// What a value is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OriginKind {
    File,
    Profile,
    Variable,
    Default,
}

/// A place in a file; lines and columns from 1.
#[derive(Clone, Serialize)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Loads a configuration to be looked at.
///
/// # Errors
///
/// Every problem, as of a load.
pub(crate) fn survey<T: Types>(request: &LoadRequest, types: &T) -> Result<Survey, Vec<Diagnostic>> {
    let mut context = Context::new(request);
    let Some(layered) = load::layered(types, &mut context) else { return Err(context.into_diagnostics()) };
    let owners = Owners::of(&layered);
    let (profile, default_lifecycle) = (layered.profile, layered.defaults.lifecycle.clone());
    let mut checked = load::checked(layered, types, &mut context);
    if !context.problems.is_empty() {
        return Err(context.into_diagnostics());
    }
    checked.sort_by(|a, b| a.name.cmp(&b.name));
    let profile = profile.and_then(|source| Some((context.sources.get(source).name.clone(), profile::name(request)?)));
    let shown = Shown::of(&checked);
    let surveyor = Surveyor { sources: &context.sources, owners, profile, default_lifecycle, shown };
    let patterns = checked.iter().enumerate();
    let patterns = patterns.filter_map(|(at, connection)| Some((Arc::clone(connection.pattern.as_ref()?), at)));
    Ok(Survey {
        templates: Templates::new(patterns),
        connections: checked.iter().map(|connection| surveyor.look_at(connection)).collect(),
    })
}

impl Survey {
    /// The connection or template of that name, else the template that a connection of that name is made from.
    pub(crate) fn find(&self, name: &str) -> Option<&Surveyed> {
        let declared = self.connections.binary_search_by(|connection| (*connection.name).cmp(name)).ok();
        declared.or_else(|| self.templates.fit(name).map(|(at, _)| at)).map(|at| &self.connections[at])
    }

    /// What to do about a name that is not there.
    pub(crate) fn help(&self, name: &str) -> Option<String> {
        let names = self.connections.iter().map(|connection| &*connection.name);
        let suggestion = || did_you_mean(name, names).map(|near| format!("did you mean `{}`?", near.escape_debug()));
        self.templates.near(name).or_else(suggestion)
    }
}

impl Place {
    pub(super) fn of(span: Span, sources: &Sources) -> Self {
        let Position { line, column } = sources.position(span);
        Self { file: sources.get(span.source).name.clone(), line, column }
    }
}

/// The table in which each value was written, by the place of its key.
struct Owners(HashMap<Span, Arc<str>>);

impl Owners {
    fn of(layered: &Layered) -> Self {
        let mut owners = Self(HashMap::new());
        for Declaration { name, reserved, fields, .. } in &layered.declarations {
            let owner: Arc<str> = format!("connections.{name}").into();
            let Reserved { type_name, enabled, extends, config_file, lifecycle } = reserved;
            let keys = [type_name, enabled, extends, config_file, lifecycle].into_iter().flatten();
            keys.chain(fields.entries.iter().map(|(_, value)| value)).for_each(|value| owners.add(value, &owner));
        }
        for (name, value) in &layered.defaults.types {
            owners.add(value, &format!("defaults.{name}").into());
        }
        layered.defaults.lifecycle.iter().for_each(|value| owners.add(value, &"defaults.lifecycle".into()));
        owners
    }

    fn add(&mut self, value: &Value, owner: &Arc<str>) {
        match &value.kind {
            ValueKind::Table(table) => table.entries.iter().for_each(|(_, value)| self.add(value, owner)),
            ValueKind::Array(items) => items.iter().for_each(|value| self.add(value, owner)),
            _ => {}
        }
        self.0.insert(value.key_span, Arc::clone(owner));
    }
}

/// What is needed to tell where a value is from.
struct Surveyor<'a> {
    sources: &'a Sources,
    owners: Owners,
    /// The file and the name of the profile.
    profile: Option<(String, String)>,
    default_lifecycle: Option<Value>,
    shown: Shown,
}

impl Surveyor<'_> {
    fn look_at<I>(&self, connection: &Checked<I>) -> Surveyed {
        let Checked { name, name_span, reserved, info, enabled, pattern, .. } = connection;
        let captures = pattern.iter().flat_map(|pattern| pattern.captures());
        Surveyed {
            name: (**name).into(),
            type_name: reserved.type_name.as_ref().and_then(reserved::text).unwrap_or_default().to_owned(),
            client: info.as_ref().map(|info| info.client_type_name),
            enabled: *enabled,
            captures: captures.map(str::to_owned).collect(),
            declared_at: Place::of(*name_span, self.sources),
            keys: self.keys(name, reserved),
            fields: self.fields(connection),
            lifecycle: self.lifecycle(connection),
        }
    }

    fn keys(&self, name: &str, reserved: &Reserved) -> Vec<Entry> {
        let Reserved { type_name, enabled, extends, config_file, lifecycle: _ } = reserved;
        let given = [("type", type_name), ("enabled", enabled), ("extends", extends), ("config_file", config_file)];
        let entry = |(key, value): (&str, &Option<Value>)| {
            let Some(value) = value else {
                return (key == "enabled").then(|| Entry::of_default(key, Some("true".to_owned())));
            };
            Some(self.entry(name, key.to_owned(), value, shown_plainly(value)))
        };
        given.into_iter().filter_map(entry).collect()
    }

    fn fields<I>(&self, connection: &Checked<I>) -> Vec<Entry> {
        let known = connection.info.as_ref().map(|info| info.fields).unwrap_or_default();
        let given = connection.fields.as_table().map(|table| table.entries.as_slice()).unwrap_or_default();
        let (named, others): (Vec<_>, Vec<_>) =
            given.iter().partition(|(key, _)| known.iter().any(|field| field.name == &**key));
        let mut entries = Vec::new();
        for field in known {
            match named.iter().find(|(key, _)| field.name == &**key) {
                Some((_, value)) => self.add_value(connection, Some(field), &[field.name], value, &mut entries),
                // A key that is no field's name is an alias of one, and nothing tells of which.
                None if !others.is_empty() => {}
                None => entries.push(Entry::of_default(field.name, None)),
            }
        }
        for (key, value) in others {
            // Of an alias, the field is not known, nor whether it is a secret.
            self.add_value(connection, None, &[key], value, &mut entries);
        }
        entries
    }

    /// Adds a value, or each value in it.
    fn add_value<I>(
        &self,
        connection: &Checked<I>,
        field: Option<&Field>,
        keys: &[&str],
        value: &Value,
        entries: &mut Vec<Entry>,
    ) {
        match &value.kind {
            ValueKind::Table(table) if !table.entries.is_empty() => {
                for (key, value) in &table.entries {
                    self.add_value(connection, field, &[keys, &[key]].concat(), value, entries);
                }
            }
            ValueKind::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    self.add_value(connection, field, &[keys, &[&format!("[{at}]")]].concat(), value, entries);
                }
            }
            _ => {
                // An override that is a table has one place for all that is in it.
                let refers = |reference: &Reference| {
                    reference.span == value.span && reserved::text(value) == Some(&*reference.target)
                };
                let is_reference = connection.references().iter().any(refers);
                let shown = if is_reference { shown_plainly(value) } else { self.shown.value(field, keys, value) };
                entries.push(self.entry(&connection.name, path(keys), value, shown));
            }
        }
    }

    fn lifecycle<I>(&self, connection: &Checked<I>) -> Vec<Entry> {
        let tables = [&connection.reserved.lifecycle, &self.default_lifecycle];
        let setting = |(key, effective): (&str, String)| {
            let given = tables.into_iter().flatten().find_map(|table| lifecycle::find(table, key));
            let Some(value) = given else {
                return Entry::of_default(key, Some(effective));
            };
            let shown = if let ValueKind::Template(text) = &value.kind { placeholder(text) } else { effective };
            self.entry(&connection.name, key.to_owned(), value, shown)
        };
        let is_of_interest = |(key, _): &(&str, String)| connection.pattern.is_some() || *key != "max_instances";
        connection.lifecycle.settings().into_iter().filter(is_of_interest).map(setting).collect()
    }

    fn entry(&self, connection: &str, key: String, value: &Value, shown: String) -> Entry {
        let content = Some(Fingerprint::of_value(value));
        Entry { key, value: Some(shown), content, origin: self.origin(connection, value) }
    }

    fn origin(&self, connection: &str, value: &Value) -> Origin {
        let source = self.sources.get(value.key_span.source);
        if source.kind == SourceKind::Environment {
            let name = Some(source.name.clone());
            return Origin { kind: OriginKind::Variable, place: None, name, inherited_from: None };
        }
        let owner = self.owners.0.get(&value.key_span);
        let is_foreign = |owner: &&Arc<str>| owner.strip_prefix("connections.") != Some(connection);
        let profile = self.profile.as_ref().filter(|(file, _)| *file == source.name).map(|(_, name)| name.clone());
        Origin {
            kind: if profile.is_some() { OriginKind::Profile } else { OriginKind::File },
            place: Some(Place::of(value.key_span, self.sources)),
            name: profile,
            inherited_from: owner.filter(is_foreign).map(|owner| visible(owner).into_owned()),
        }
    }
}

impl Entry {
    fn of_default(key: &str, value: Option<String>) -> Self {
        let origin = Origin { kind: OriginKind::Default, place: None, name: None, inherited_from: None };
        Self { key: key.to_owned(), value, content: None, origin }
    }
}

/// `tls.ca`, `servers[0]`.
fn path(keys: &[&str]) -> String {
    let mut path = String::new();
    for key in keys {
        if !path.is_empty() && !key.starts_with('[') {
            path.push('.');
        }
        path.push_str(&visible(key));
    }
    path
}

/// A value that is a name, a path or a switch.
fn shown_plainly(value: &Value) -> String {
    match (&value.kind, reserved::text(value)) {
        (_, Some(text)) => visible(text).into_owned(),
        (ValueKind::Boolean(value), None) => value.to_string(),
        (ValueKind::Template(text), None) => placeholder(text),
        _ => "***".to_owned(),
    }
}

fn placeholder(text: &str) -> String {
    visible(&masked(text)).into_owned()
}
