//! What loading gives: all connections, checked, ready to be made.

use std::{fmt, path::Path, sync::Arc};

use super::{
    check::Checked,
    context::{self, Context},
    decode::{self, Decoded, Mode, Reference},
    environment::Environment,
    lifecycle::Lifecycle,
    placeholder::{Resolution, Resolver},
    public,
    reference::{self, Target},
    secrets,
    types::DecodeFn,
    value::Value,
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
}

/// One declared connection.
pub(crate) struct Declared {
    pub(crate) name: Arc<str>,
    pub(crate) type_name: Box<str>,
    /// `None` when the type is not linked, as can be with a disabled connection.
    pub(crate) client_type_name: Option<&'static str>,
    pub(crate) enabled: bool,
    pub(crate) lifecycle: Lifecycle,
    /// Those that do not depend on a placeholder.
    pub(crate) references: Vec<Reference>,
    enabled_span: Option<Span>,
    name_span: Span,
    sources: Arc<Sources>,
}

/// A connection's instance with all values.
pub(crate) struct Resolved<I> {
    pub(crate) instance: I,
    /// Texts of at least four characters that must not appear in an error.
    pub(crate) secrets: Vec<String>,
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
        decode: DecodeFn<I>,
        public: Vec<Span>,
    },
    Disabled,
}

impl<I: Clone> Configuration<I> {
    pub(super) fn new(mut checked: Vec<Checked<I>>, context: Context<'_>) -> Self {
        checked.sort_by(|a, b| a.name.cmp(&b.name));
        let sources = Arc::new(context.sources);
        let (declared, states) = checked.into_iter().map(|connection| parts(connection, &sources)).unzip();
        Self {
            config_dir: context.request.main.config_dir(),
            environment: context.request.environment.clone(),
            strict_permissions: context.request.strict_permissions,
            sources,
            declared,
            states,
        }
    }

    /// The absolute path of the folder that relative paths are meant from.
    pub(crate) fn config_dir(&self) -> &Arc<Path> {
        &self.config_dir
    }

    /// All connections, sorted by name.
    pub(crate) fn connections(&self) -> &[Declared] {
        &self.declared
    }

    /// The declaration of the connection called `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&Declared> {
        self.position(name).map(|at| &self.declared[at])
    }

    /// The instance of an enabled connection. Placeholders are resolved now, each time.
    pub(crate) fn resolve(&self, name: &str) -> Result<Resolved<I>, Vec<Diagnostic>> {
        match self.position(name).map(|at| &self.states[at]) {
            Some(State::Ready { instance, secrets }) => {
                Ok(Resolved { instance: instance.clone(), secrets: secrets.clone() })
            }
            Some(State::Deferred { fields, decode, public }) => {
                let resolved = self.resolve_fields(name, fields.clone(), *decode);
                resolved.map_err(|problems| {
                    context::diagnostics(problems, &self.sources, &public.iter().copied().collect())
                })
            }
            Some(State::Disabled) => Err(self.without_place(format!("connection `{name}` is disabled"))),
            None => Err(self.without_place(format!("there is no connection `{name}`"))),
        }
    }

    fn resolve_fields(
        &self,
        name: &str,
        mut fields: Value,
        function: DecodeFn<I>,
    ) -> Result<Resolved<I>, Vec<Problem>> {
        let path = format!("connections.{name}");
        let resolver = Resolver {
            environment: &self.environment,
            config_dir: &self.config_dir,
            strict_permissions: self.strict_permissions,
            sources: &self.sources,
        };
        let Resolution { mut problems, texts } = resolver.resolve(&mut fields, &path);
        match decode::decode(&fields, &path, function, Mode::Resolved) {
            Ok(Decoded { instance: Some(instance), references, secrets: known, .. }) => {
                problems.extend(references.iter().filter_map(|reference| self.reference_fault(reference)));
                if problems.is_empty() {
                    let passwords = secrets::url_passwords(&fields);
                    return Ok(Resolved {
                        instance,
                        secrets: secrets::long_enough([known, texts, passwords].concat()),
                    });
                }
            }
            Ok(_) => {}
            Err(mut found) => problems.append(&mut found),
        }
        Err(problems)
    }

    fn reference_fault(&self, reference: &Reference) -> Option<Problem> {
        let target = self.find(&reference.target).map(|declared| Target {
            name: &declared.name,
            disabled_at: declared.disabled_at(),
            type_name: Some(&declared.type_name),
            client_type_name: declared.client_type_name,
        });
        let names = self.declared.iter().map(|declared| &*declared.name);
        reference::fault(reference, target, |given| did_you_mean(given, names).map(str::to_owned))
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.declared.binary_search_by(|declared| (*declared.name).cmp(name)).ok()
    }

    fn without_place(&self, message: String) -> Vec<Diagnostic> {
        let problem = Problem::without_place(Code::UnknownConnection, message);
        context::diagnostics(vec![problem], &self.sources, &Default::default())
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

impl Declared {
    /// `file:line:column` of the name where it is declared first.
    pub(crate) fn declared_at(&self) -> String {
        self.sources.locate(self.name_span)
    }

    /// `file:line:column` of `enabled`, when it is given.
    pub(crate) fn enabled_at(&self) -> Option<String> {
        self.enabled_span.map(|span| self.sources.locate(span))
    }

    fn disabled_at(&self) -> Option<String> {
        (!self.enabled).then(|| self.enabled_at().unwrap_or_default())
    }
}

fn parts<I>(connection: Checked<I>, sources: &Arc<Sources>) -> (Declared, State<I>) {
    let public = public_if_deferred(&connection);
    let Checked { name, name_span, reserved, fields, enabled, info, decoded, lifecycle } = connection;
    let text = |value: &Option<Value>| value.as_ref().and_then(super::reserved::text).map(Box::from);
    let mut declared = Declared {
        name,
        type_name: text(&reserved.type_name).unwrap_or_default(),
        client_type_name: info.as_ref().map(|info| info.client_type_name),
        enabled,
        lifecycle,
        references: Vec::new(),
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
        _ => State::Deferred { fields, decode: info.decode, public },
    };
    (declared, state)
}

fn public_if_deferred<I>(connection: &Checked<I>) -> Vec<Span> {
    let is_deferred = connection.decoded.as_ref().is_some_and(|decoded| decoded.deferred);
    if is_deferred { public::spans(connection) } else { Vec::new() }
}
