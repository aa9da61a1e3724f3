//! The passes in order.

use super::{
    check::{self, Checked},
    configuration::Configuration,
    context::Context,
    document, extends, include,
    layer::{self, Declaration, Defaults, Documents},
    overrides, profile, public,
    request::LoadRequest,
    types::Types,
};
use crate::{
    diagnostic::{Code, Diagnostic},
    span::SourceId,
};

/// Loads a configuration: reads, parses, layers and checks everything. Connects nothing, and resolves no
/// placeholder of a connection type's field.
pub(crate) fn load<T: Types>(request: &LoadRequest, types: &T) -> Result<Configuration<T::Instance>, Vec<Diagnostic>>
where
    T::Instance: Clone,
{
    let mut context = Context::new(request);
    let Some(layered) = layered(types, &mut context) else { return Err(context.into_diagnostics()) };
    let checked = checked(layered, types, &mut context);
    if context.problems.is_empty() { Ok(Configuration::new(checked, context)) } else { Err(context.into_diagnostics()) }
}

/// What all files and variables say together, before connections take keys from elsewhere.
pub(super) struct Layered {
    pub(super) declarations: Vec<Declaration>,
    pub(super) defaults: Defaults,
    /// The file of the profile.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "asked for by the feature `cli`"))]
    pub(super) profile: Option<SourceId>,
}

/// The first half of the passes. `None` when what the files say together is not known.
pub(super) fn layered(types: &impl Types, context: &mut Context<'_>) -> Option<Layered> {
    let Some(documents) = read(context) else {
        // Recovery moves keys from table to table: nothing else that could be said now would be true.
        context.problems.retain(|problem| matches!(problem.code, Code::Syntax | Code::Unreadable | Code::Duplicate));
        return None;
    };
    let profile = documents.profile.as_ref().map(|document| document.source);
    let mut layers = layer::stack(documents, types, context);
    overrides::apply(&mut layers, types, context);
    let declarations = layer::split(&mut layers, context);
    Some(Layered { declarations, defaults: layers.defaults, profile })
}

/// The second half. What is wrong is in the context then.
pub(super) fn checked<T: Types>(layered: Layered, types: &T, context: &mut Context<'_>) -> Vec<Checked<T::Instance>> {
    let Layered { declarations, defaults, profile: _ } = layered;
    let connections = extends::inherit(declarations, context);
    let checked = check::check(connections, &defaults, types, context);
    if !context.problems.is_empty() {
        context.public.extend(defaults.lifecycle.iter().flat_map(public::lifecycle));
        context.public.extend(checked.iter().flat_map(public::spans));
    }
    checked
}

/// `None` when the main file or the profile's cannot be read or parsed: what the files say together is not known
/// then. Without an included file most of it is.
fn read(context: &mut Context<'_>) -> Option<Documents> {
    let mut main = document::read_main(context);
    let main_is_broken = context.is_broken_since(0);
    let includes = include::take(&mut main, context);
    let before = context.problems.len();
    let profile = profile::read(context);
    let profile_is_broken = context.is_broken_since(before);
    (!main_is_broken && !profile_is_broken).then_some(Documents { includes, main, profile })
}
