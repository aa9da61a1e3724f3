//! Checks every connection by itself, then what connections say of each other.

use std::{collections::HashMap, sync::Arc};

use super::{
    context::Context,
    decode::{self, Decoded, Mode, Reference},
    graph::{self, Edge},
    interpolate::{self, Piece, Placeholder, Scheme},
    layer::{Declaration, Defaults, merge, merge_value},
    lifecycle::Lifecycle,
    placeholder::{Resolution, Resolver},
    problems,
    reference::{self, Target, suggest},
    reserved,
    template::{self, Pattern, Templates},
    types::{TypeInfo, Types},
    value::{Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem},
    span::Span,
};

/// A connection and all that is known of it.
pub(super) struct Checked<I> {
    pub(super) name: Arc<str>,
    pub(super) name_span: Span,
    pub(super) reserved: reserved::Reserved,
    /// The type's keys, as a table whose place is the connection's header.
    pub(super) fields: Value,
    pub(super) enabled: bool,
    /// `None` when the type is not known.
    pub(super) info: Option<TypeInfo<I>>,
    /// `None` when something is wrong with the fields.
    pub(super) decoded: Option<Decoded<I>>,
    pub(super) lifecycle: Lifecycle,
    /// That of a template's name.
    pub(super) pattern: Option<Arc<Pattern>>,
}

impl<I> Checked<I> {
    pub(super) fn references(&self) -> &[Reference] {
        self.decoded.as_ref().map(|decoded| &*decoded.references).unwrap_or_default()
    }
}

/// Checks all connections; what is wrong is added to the context.
pub(super) fn check<T: Types>(
    connections: Vec<Declaration>,
    defaults: &Defaults,
    types: &T,
    context: &mut Context<'_>,
) -> Vec<Checked<T::Instance>> {
    let default_lifecycle = defaults
        .lifecycle
        .as_ref()
        .map_or_else(Lifecycle::default, |value| read_lifecycle(value.clone(), "defaults.lifecycle", context));
    let checker = Checker { defaults, types, default_lifecycle };
    let checked: Vec<_> = connections.into_iter().map(|declaration| checker.check(declaration, context)).collect();
    check_references(&checked, context);
    checked
}

struct Checker<'a, T> {
    defaults: &'a Defaults,
    types: &'a T,
    /// What a connection without a `lifecycle` of its own has.
    default_lifecycle: Lifecycle,
}

impl<T: Types> Checker<'_, T> {
    fn check(&self, mut declaration: Declaration, context: &mut Context<'_>) -> Checked<T::Instance> {
        let enabled = enabled(&declaration, context);
        let lifecycle = self.lifecycle(&declaration, context);
        let info = self.info(&declaration, enabled, context);
        if let Some(info) = &info {
            self.add_defaults(&mut declaration, info.name, context);
        }
        let Declaration { name, name_span, header, reserved, fields, pattern, incomplete } = declaration;
        let fields = Value { kind: ValueKind::Table(fields), span: header, key_span: name_span };
        let reader = info.as_ref().filter(|_| !incomplete).map(|info| info.reader);
        let decoded = reader.and_then(|reader| {
            let path = format!("connections.{name}");
            let problems = match decode::decode(&fields, &path, reader, Mode::Check) {
                Ok(decoded) => return Some(decoded),
                Err(problems) => problems,
            };
            context.problems.extend(problems.into_iter().map(|problem| reserved::suggest(problem, &path)));
            None
        });
        if decoded.as_ref().is_none_or(|decoded| decoded.deferred) {
            check_captures(&name, &fields, pattern.as_deref(), context);
        }
        Checked { name, name_span, reserved, fields, enabled, info, decoded, lifecycle, pattern }
    }

    fn info(
        &self,
        declaration: &Declaration,
        enabled: bool,
        context: &mut Context<'_>,
    ) -> Option<TypeInfo<T::Instance>> {
        let Declaration { name, header, reserved, incomplete, .. } = declaration;
        let Some(value) = &reserved.type_name else {
            if !incomplete {
                let problem = Problem::new(Code::MissingKey, *header, "missing key `type`");
                let help = format!("linked types: {}", problems::listing(&self.types.names()));
                context.add(problem.key_path(format!("connections.{name}.type")).help(help));
            }
            return None;
        };
        let type_name = reserved::text(value).unwrap_or_default();
        let info = self.types.find(type_name);
        // The driver of a connection that is switched off need not be linked.
        if info.is_none() && enabled {
            let problem = problems::unknown_type(type_name, value.span, self.types);
            context.add(problem.key_path(format!("connections.{name}.type")));
        }
        info
    }

    fn add_defaults(&self, declaration: &mut Declaration, type_name: &str, context: &mut Context<'_>) {
        let Some(defaults) = self.defaults.types.get(type_name).and_then(Value::as_table) else { return };
        if !context.may_copy(defaults, &declaration.name, declaration.header) {
            return;
        }
        let mut fields = defaults.clone();
        merge(&mut fields, std::mem::take(&mut declaration.fields));
        declaration.fields = fields;
    }

    fn lifecycle(&self, declaration: &Declaration, context: &mut Context<'_>) -> Lifecycle {
        let Some(own) = &declaration.reserved.lifecycle else { return self.default_lifecycle };
        let mut value = own.clone();
        if let Some(defaults) = &self.defaults.lifecycle {
            value = defaults.clone();
            merge_value(&mut value, own.clone());
        }
        read_lifecycle(value, &format!("connections.{}.lifecycle", declaration.name), context)
    }
}

/// Reports each `${name:…}` that has no capture in the connection's name.
fn check_captures(name: &str, fields: &Value, pattern: Option<&Pattern>, context: &mut Context<'_>) {
    // What the captures of a malformed name are is not known.
    if pattern.is_none() && template::has_braces(name) {
        return;
    }
    let Context { sources, problems, .. } = context;
    fields.for_each_template(&format!("connections.{name}"), &mut |value, text, path| {
        for piece in interpolate::pieces(text).flatten() {
            let Piece::Placeholder(Placeholder { scheme: Scheme::Name, name, range, .. }) = piece else { continue };
            let Some((message, help)) = template::capture_fault(pattern, name) else { continue };
            let place = interpolate::inside(value.span, interpolate::literal(sources, value.span), text, range);
            problems.push(Problem::new(Code::Placeholder, place, message).key_path(path).help(help));
        }
    });
}

fn read_lifecycle(mut value: Value, path: &str, context: &mut Context<'_>) -> Lifecycle {
    let mode = if context.request.environment.is_known() { Mode::Resolved } else { Mode::Check };
    if mode == Mode::Resolved {
        let Resolution { mut problems, .. } = resolve(&mut value, path, context);
        context.problems.append(&mut problems);
    }
    Lifecycle::read(&value, path, mode).unwrap_or_else(|mut problems| {
        context.problems.append(&mut problems);
        Lifecycle::default()
    })
}

/// A connection whose `enabled` is not known counts as enabled.
fn enabled(declaration: &Declaration, context: &mut Context<'_>) -> bool {
    let Some(given) = &declaration.reserved.enabled else { return true };
    match given.kind {
        ValueKind::Boolean(enabled) => return enabled,
        ValueKind::Template(_) if !context.request.environment.is_known() => return true,
        _ => {}
    }
    let path = format!("connections.{}.enabled", declaration.name);
    let mut value = given.clone();
    let Resolution { mut problems, .. } = resolve(&mut value, &path, context);
    let enabled = reserved::text(&value).and_then(|text| text.parse().ok());
    if problems.is_empty() && enabled.is_none() {
        problems.push(not_boolean(value.span).key_path(path));
    }
    context.problems.append(&mut problems);
    enabled.unwrap_or(true)
}

fn not_boolean(span: Span) -> Problem {
    Problem::new(Code::WrongType, span, "`enabled` must be a boolean").help("write `true` or `false`")
}

fn resolve(value: &mut Value, path: &str, context: &mut Context<'_>) -> Resolution {
    context.reads.files_of_placeholders(value, context.request.main.folder());
    let resolver = Resolver {
        environment: &context.request.environment,
        config_dir: context.request.main.folder(),
        strict_permissions: context.request.strict_permissions,
        sources: &context.sources,
        captured: &[],
    };
    resolver.resolve(value, path)
}

/// Checks the references of enabled connections: each target, then that none leads back.
fn check_references<I>(checked: &[Checked<I>], context: &mut Context<'_>) {
    if checked.iter().all(|connection| connection.references().is_empty()) {
        return;
    }
    let names = Names::of(checked);
    let edges: Vec<_> = checked.iter().map(|connection| edges(connection, checked, &names, context)).collect();
    for cycle in graph::cycles(&edges) {
        let name = |at: usize| &*checked[at].name;
        let problem = graph::problem(&cycle, &edges, "connections refer to each other in a circle", name);
        let (node, edge) = cycle[0];
        let is_first = |reference: &&Reference| reference.span == edges[node][edge].span;
        let key_path = checked[node].references().iter().find(is_first).map(|reference| reference.key_path.clone());
        context.add(Problem { key_path, ..problem });
    }
}

/// The valid references of an enabled connection.
fn edges<I>(
    connection: &Checked<I>,
    checked: &[Checked<I>],
    names: &Names<'_>,
    context: &mut Context<'_>,
) -> Vec<Edge> {
    let mut edges = Vec::new();
    for reference in connection.references().iter().filter(|_| connection.enabled) {
        let to = names.declaration(&reference.target);
        let target = to.map(|to| target(&checked[to], context));
        match reference::fault(reference, target, |given| names.help(given, context)) {
            Some(problem) => context.add(problem),
            None => edges.extend(to.map(|to| Edge { to, span: reference.span })),
        }
    }
    edges
}

/// The connections by their names.
struct Names<'a> {
    plain: HashMap<&'a str, usize>,
    templates: Templates,
}

impl<'a> Names<'a> {
    fn of<I>(checked: &'a [Checked<I>]) -> Self {
        let all = checked.iter().enumerate();
        let plain = all.clone().filter(|(_, connection)| connection.pattern.is_none());
        let templates = all.filter_map(|(at, connection)| Some((Arc::clone(connection.pattern.as_ref()?), at)));
        Self {
            plain: plain.map(|(at, connection)| (&*connection.name, at)).collect(),
            templates: Templates::new(templates),
        }
    }

    /// The connection of that name, or the template that it is made from.
    fn declaration(&self, name: &str) -> Option<usize> {
        self.plain.get(name).copied().or_else(|| self.templates.fit(name).map(|(at, _)| at))
    }

    fn help(&self, given: &str, context: &Context<'_>) -> Option<String> {
        let suggestion = || context.suggestion(given, &mut self.plain.keys().copied()).map(|near| suggest(&near));
        self.templates.near(given).or_else(suggestion)
    }
}

fn target<'a, I>(connection: &'a Checked<I>, context: &Context<'_>) -> Target<'a> {
    let disabled_at = (!connection.enabled).then(|| {
        connection.reserved.enabled.as_ref().map(|value| context.sources.locate(value.span)).unwrap_or_default()
    });
    Target {
        disabled_at,
        type_name: connection.info.as_ref().map(|info| info.name),
        client_type_name: connection.info.as_ref().map(|info| info.client_type_name),
        name: &connection.name,
    }
}
