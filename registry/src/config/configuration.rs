//! What loading gives: all connections, checked, ready to be made.

#[cfg(feature = "cli")]
use std::collections::HashSet;
use std::{collections::HashMap, fmt, path::Path, sync::Arc};

use super::{
    check::Checked,
    context::{self, Context},
    declared::Declared,
    decode::{self, Decoded, Mode, Reference},
    environment::Environment,
    fingerprint::Fingerprint,
    placeholder::{Resolution, Resolver},
    public,
    reference::{self, Target, suggest},
    secrets,
    template::{Captured, Templates},
    types::Reader,
    value::Value,
    watched::{Reads, Watched},
};
use crate::{
    diagnostic::{Code, Diagnostic, Problem, did_you_mean},
    span::{Sources, Span},
};

/// A valid configuration. Placeholders of fields are not resolved yet.
pub(crate) struct Configuration<I> {
    config_dir: Arc<Path>,
    sources: Arc<Sources>,
    environment: Environment,
    strict_permissions: bool,
    /// Sorted by name, as `states`.
    declared: Vec<Declared>,
    states: Vec<State<I>>,
    /// Where each name is in these two. Names are looked up at every attempt, and several times each by a reload.
    places: HashMap<Arc<str>, u32, foldhash::fast::RandomState>,
    templates: Templates,
    /// Without the files that placeholders in fields name.
    reads: Reads,
}

/// A connection's instance with all values.
pub(crate) struct Resolved<I> {
    pub(crate) instance: I,
    /// Texts of at least four characters that must not appear in an error.
    pub(crate) secrets: Vec<String>,
    /// Of type and fields, with what placeholders stand for.
    pub(crate) content: Fingerprint,
}

/// What a name is made from.
struct Origin<'a> {
    at: usize,
    /// What the captures of a template are; empty for a connection that is declared by its name.
    captured: Captured<'a>,
}

/// What is known of an instance.
enum State<I> {
    Ready {
        instance: I,
        secrets: Vec<String>,
    },
    /// Has placeholders. The public spans are for problems that show only when they are resolved.
    Deferred {
        fields: Value,
        reader: Reader<I>,
        public: Vec<Span>,
    },
    Disabled,
}

impl<I: Clone> Configuration<I> {
    pub(super) fn new(mut checked: Vec<Checked<I>>, context: Context<'_>) -> Self {
        checked.sort_by(|a, b| a.name.cmp(&b.name));
        let sources = Arc::new(context.sources);
        let patterns = checked.iter().enumerate();
        let templates = Templates::new(
            patterns.filter_map(|(at, connection)| Some((Arc::clone(connection.pattern.as_ref()?), at))),
        );
        let (declared, states): (Vec<Declared>, _) =
            checked.into_iter().map(|connection| parts(connection, &sources)).unzip();
        let places = (0..).zip(&declared).map(|(at, declared)| (Arc::clone(&declared.name), at)).collect();
        Self {
            config_dir: context.request.main.config_dir(),
            environment: context.request.environment.clone(),
            strict_permissions: context.request.strict_permissions,
            sources,
            declared,
            states,
            places,
            templates,
            reads: context.reads,
        }
    }

    /// The absolute path of the folder that relative paths are meant from.
    pub(crate) fn config_dir(&self) -> &Arc<Path> {
        &self.config_dir
    }

    /// All declared connections and templates, sorted by name.
    pub(crate) fn connections(&self) -> &[Declared] {
        &self.declared
    }

    /// The connection or template whose declared name is `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&Declared> {
        self.position(name).map(|at| &self.declared[at])
    }

    /// What the connection `name` is made from: its own declaration, or the template that fits its name. No
    /// connection has the name of a template.
    pub(crate) fn declaration(&self, name: &str) -> Option<&Declared> {
        self.origin(name).map(|origin| &self.declared[origin.at])
    }

    pub(crate) fn has_templates(&self) -> bool {
        !self.templates.is_empty()
    }

    /// What a name must be to fit, when there is no connection `name` and a template would make one but for the
    /// characters of its captures. Does not repeat `name`.
    pub(crate) fn near_template(&self, name: &str) -> Option<String> {
        self.templates.near(name)
    }

    /// What this configuration was read from, and what it reads when its enabled connections are used.
    #[cfg_attr(not(any(test, feature = "watch")), expect(dead_code, reason = "asked for by the feature `watch`"))]
    pub(crate) fn watched(&self) -> Watched {
        let mut reads = self.reads.clone();
        for state in &self.states {
            if let State::Deferred { fields, .. } = state {
                reads.files_of_placeholders(fields, &self.config_dir);
            }
        }
        reads.into_watched()
    }

    /// The instance of an enabled connection. Placeholders are resolved now, each time.
    pub(crate) fn resolve(&self, name: &str) -> Result<Resolved<I>, Vec<Diagnostic>> {
        let Origin { at, captured } = self.origin(name).ok_or_else(|| self.unknown(name))?;
        match &self.states[at] {
            State::Ready { instance, secrets } => {
                let (instance, secrets) = (instance.clone(), secrets.clone());
                Ok(Resolved { instance, secrets, content: self.declared[at].content })
            }
            State::Deferred { fields, reader, public } => self
                .resolve_fields(&self.declared[at], &captured, fields.clone(), *reader)
                .map_err(|problems| self.diagnostics(problems, public)),
            State::Disabled => Err(self.disabled(name)),
        }
    }

    /// The content that [`resolve`](Self::resolve) would give, without making an instance.
    pub(crate) fn resolved_content(&self, name: &str) -> Result<Fingerprint, Vec<Diagnostic>> {
        let Origin { at, captured } = self.origin(name).ok_or_else(|| self.unknown(name))?;
        let declared = &self.declared[at];
        match &self.states[at] {
            State::Ready { .. } => Ok(declared.content),
            State::Deferred { fields, public, .. } => {
                let mut fields = fields.clone();
                let Resolution { problems, .. } = self.resolver(&captured).resolve(&mut fields, &path(declared));
                if problems.is_empty() {
                    Ok(Fingerprint::of(&declared.type_name, &fields))
                } else {
                    Err(self.diagnostics(problems, public))
                }
            }
            State::Disabled => Err(self.disabled(name)),
        }
    }

    /// What is wrong with the placeholders of all enabled connections, when they are resolved now. Those of a template are
    /// all but its captures, which are known when somebody asks for a connection. Adds the values that may be shown.
    #[cfg(feature = "cli")]
    pub(super) fn placeholder_problems(&self, shown: &mut HashSet<Span>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut all: Vec<_> = self.declared.iter().zip(&self.states).collect();
        // What several connections inherit is reported once, of the one that is declared first.
        all.sort_by_key(|(declared, _)| declared.name_span);
        for (declared, state) in all {
            let State::Deferred { fields, reader, public } = state else { continue };
            shown.extend(public);
            match &declared.pattern {
                Some(pattern) => {
                    let captured: Vec<_> = pattern.captures().map(|capture| (capture, "")).collect();
                    problems.extend(self.resolver(&captured).resolve(&mut fields.clone(), &path(declared)).problems);
                }
                None => problems
                    .extend(self.resolve_fields(declared, &[], fields.clone(), *reader).err().into_iter().flatten()),
            }
        }
        problems
    }

    /// What is wrong with a name that a program asks for.
    #[cfg(feature = "cli")]
    pub(super) fn name_problem(&self, name: &str) -> Option<Problem> {
        let Some(declared) = self.declaration(name) else {
            let names = self.declared.iter().filter(|declared| !declared.is_template()).map(|declared| &*declared.name);
            let help = self.near_template(name).or_else(|| did_you_mean(name, names).map(suggest));
            let message = format!("there is no connection `{}`", name.escape_debug());
            return Some(Problem::without_place(Code::UnknownConnection, message).maybe_help(help));
        };
        let message = format!("connection `{}` is disabled", name.escape_debug());
        let problem =
            Problem { span: declared.enabled_span, ..Problem::without_place(Code::UnknownConnection, message) };
        (!declared.enabled).then(|| problem.label("switched off here"))
    }

    /// The problems as diagnostics in file order.
    #[cfg(feature = "cli")]
    pub(super) fn report(&self, problems: Vec<Problem>, shown: &HashSet<Span>) -> Vec<Diagnostic> {
        context::diagnostics(problems, &self.sources, shown)
    }

    fn resolve_fields(
        &self,
        declared: &Declared,
        captured: &[(&str, &str)],
        mut fields: Value,
        reader: Reader<I>,
    ) -> Result<Resolved<I>, Vec<Problem>> {
        let path = path(declared);
        let Resolution { mut problems, texts } = self.resolver(captured).resolve(&mut fields, &path);
        match decode::decode(&fields, &path, reader, Mode::Resolved) {
            Ok(Decoded { instance: Some(instance), references, secrets: known, .. }) => {
                problems.extend(references.iter().filter_map(|reference| self.reference_fault(reference)));
                if problems.is_empty() {
                    let passwords = secrets::url_passwords(&fields);
                    let content = Fingerprint::of(&declared.type_name, &fields);
                    let secrets = secrets::long_enough([known, texts, passwords].concat());
                    return Ok(Resolved { instance, secrets, content });
                }
            }
            Ok(_) => {}
            Err(mut found) => problems.append(&mut found),
        }
        Err(problems)
    }

    fn resolver<'a>(&'a self, captured: &'a [(&'a str, &'a str)]) -> Resolver<'a> {
        Resolver {
            environment: &self.environment,
            config_dir: &self.config_dir,
            strict_permissions: self.strict_permissions,
            sources: &self.sources,
            captured,
        }
    }

    fn reference_fault(&self, reference: &Reference) -> Option<Problem> {
        let target = self.declaration(&reference.target).map(|declared| Target {
            name: &declared.name,
            disabled_at: declared.disabled_at(),
            type_name: Some(&declared.type_name),
            client_type_name: declared.client_type_name,
        });
        let names = self.declared.iter().filter(|declared| !declared.is_template()).map(|declared| &*declared.name);
        let suggestion = |given: &str| did_you_mean(given, names).map(suggest);
        reference::fault(reference, target, |given| self.near_template(given).or_else(|| suggestion(given)))
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.places.get(name).map(|at| *at as usize)
    }

    fn origin<'a>(&'a self, name: &'a str) -> Option<Origin<'a>> {
        match self.position(name) {
            Some(at) if !self.declared[at].is_template() => Some(Origin { at, captured: Vec::new() }),
            Some(_) => None,
            None => self.templates.fit(name).map(|(at, captured)| Origin { at, captured }),
        }
    }

    fn unknown(&self, name: &str) -> Vec<Diagnostic> {
        let message = format!("there is no connection `{}`", name.escape_debug());
        let problem = Problem::without_place(Code::UnknownConnection, message);
        self.diagnostics(vec![problem.maybe_help(self.near_template(name))], &[])
    }

    fn disabled(&self, name: &str) -> Vec<Diagnostic> {
        let message = format!("connection `{}` is disabled", name.escape_debug());
        self.diagnostics(vec![Problem::without_place(Code::UnknownConnection, message)], &[])
    }

    fn diagnostics(&self, problems: Vec<Problem>, public: &[Span]) -> Vec<Diagnostic> {
        context::diagnostics(problems, &self.sources, &public.iter().copied().collect())
    }
}

impl<I> fmt::Debug for Configuration<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.declared.iter().map(|declared| &declared.name);
        f.debug_struct("Configuration")
            .field("config_dir", &self.config_dir)
            .field("connections", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The key path of a connection, which is that of its template where it has one.
fn path(declared: &Declared) -> String {
    format!("connections.{}", declared.name)
}

fn parts<I>(connection: Checked<I>, sources: &Arc<Sources>) -> (Declared, State<I>) {
    let mut public = public_if_deferred(&connection);
    let Checked { name, name_span, reserved, mut fields, enabled, info, decoded, lifecycle, pattern } = connection;
    let text = |value: &Option<Value>| value.as_ref().and_then(super::reserved::text).map(Box::from);
    let type_name: Box<str> = text(&reserved.type_name).unwrap_or_default();
    let mut declared = Declared {
        name,
        content: Fingerprint::of(&type_name, &fields),
        has_placeholders: decoded.as_ref().map_or_else(|| fields.has_templates(), |decoded| decoded.deferred),
        type_name,
        client_type_name: info.as_ref().map(|info| info.client_type_name),
        enabled,
        lifecycle,
        references: Vec::new(),
        pattern,
        enabled_span: reserved.enabled.map(|value| value.span),
        name_span,
        sources: Arc::clone(sources),
    };
    let (Some(info), Some(decoded)) = (info, decoded) else { return (declared, State::Disabled) };
    declared.references = decoded.references;
    let state = match decoded.instance {
        _ if !enabled => State::Disabled,
        Some(instance) if !decoded.deferred => {
            let passwords = secrets::url_passwords(&fields);
            State::Ready { instance, secrets: secrets::long_enough([decoded.secrets, passwords].concat()) }
        }
        _ => {
            fields.shrink();
            public.shrink_to_fit();
            State::Deferred { fields, reader: info.reader, public }
        }
    };
    (declared, state)
}

fn public_if_deferred<I>(connection: &Checked<I>) -> Vec<Span> {
    let is_deferred = connection.decoded.as_ref().is_some_and(|decoded| decoded.deferred);
    if is_deferred { public::spans(connection) } else { Vec::new() }
}
