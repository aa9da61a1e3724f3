//! All files as one: layers, `extends`, templates.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    document::Document,
    place::Place,
    template::{Pattern, has_braces},
};

/// What a connection says of itself, as far as it matters here.
#[derive(Clone, Default)]
pub(super) struct Declaration {
    pub(super) type_name: Option<(String, Place)>,
    pub(super) extends: Option<String>,
    /// `None` where it does not say whether it is enabled; else where it is switched off, if it is. One that a
    /// placeholder decides on counts as enabled.
    pub(super) disabled_at: Option<Option<Place>>,
}

/// What the files have under a name.
pub(in crate::connections) struct Found {
    /// Its type and where that is written; of a connection that only profiles declare, the type in each of them.
    pub(in crate::connections) types: Vec<(String, Place)>,
    /// Where it is switched off, when neither the main file nor any profile has it enabled.
    pub(in crate::connections) disabled_at: Option<Place>,
    pub(in crate::connections) is_template: bool,
}

/// The connections of some files that lie over each other.
#[derive(Clone, Default)]
pub(super) struct Layers(BTreeMap<String, Declaration>);

impl Layers {
    /// Lays another file over these. Of two declarations of one layer, the library refuses the second.
    pub(super) fn lay(&mut self, document: Document) {
        for (name, over) in document.connections {
            self.0.entry(name).or_default().lay(over);
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The declaration of exactly `name`, or of the template that it is made from; with what it extends.
    pub(super) fn find(&self, name: &str) -> Option<Declaration> {
        if self.0.contains_key(name) {
            return self.inherited(name);
        }
        let fitting = self.names().filter_map(|name| Some((Pattern::parse(name)?, name)));
        let fitting = fitting.filter(|(pattern, _)| pattern.fits(name));
        let (_, template) = fitting.min_by_key(|(pattern, name)| (Reverse(pattern.weight()), *name))?;
        self.inherited(template)
    }

    /// The declaration with the keys of those that it extends. A chain that leads back is an error when it is loaded.
    fn inherited(&self, name: &str) -> Option<Declaration> {
        let mut declaration = self.0.get(name)?.clone();
        for _ in 0..self.0.len() {
            let Some(parent) = declaration.extends.take() else { break };
            declaration.lay_under(self.0.get(&parent)?);
        }
        Some(declaration)
    }
}

impl Declaration {
    /// Lays the keys of an upper layer over these. With another type, what belongs to the old one goes.
    fn lay(&mut self, over: Self) {
        if let (Some((old, _)), Some((new, _))) = (&self.type_name, &over.type_name)
            && old != new
        {
            self.extends = None;
        }
        self.type_name = over.type_name.or(self.type_name.take());
        self.extends = over.extends.or(self.extends.take());
        self.disabled_at = over.disabled_at.or(self.disabled_at.take());
    }

    fn lay_under(&mut self, parent: &Self) {
        self.type_name = self.type_name.take().or_else(|| parent.type_name.clone());
        self.disabled_at = self.disabled_at.take().or_else(|| parent.disabled_at.clone());
        self.extends.clone_from(&parent.extends);
    }

    fn switched_off_at(&self) -> Option<&Place> {
        self.disabled_at.as_ref()?.as_ref()
    }
}

impl Found {
    /// What there is under `name` without a profile, and under each of them.
    pub(super) fn of(name: &str, without: &Layers, profiles: &[Layers]) -> Option<Self> {
        let base = without.find(name);
        let others: Vec<_> = profiles.iter().filter_map(|profile| profile.find(name)).collect();
        let all = || base.iter().chain(&others);
        let is_enabled = all().any(|declaration| declaration.switched_off_at().is_none());
        let disabled_at = all().find_map(Declaration::switched_off_at).filter(|_| !is_enabled).cloned();
        all().next()?;
        // A profile may put another type of the same client in the place of the usual one.
        let types = match base {
            Some(base) => base.type_name.into_iter().collect(),
            None => others.iter().filter_map(|declaration| declaration.type_name.clone()).collect(),
        };
        Some(Self { types, disabled_at, is_template: has_braces(name) })
    }
}
