//! The passes in order.

use super::{
    check,
    configuration::Configuration,
    context::Context,
    document, extends, include,
    layer::{self, Documents},
    overrides, profile, public,
    request::LoadRequest,
    types::Types,
};
use crate::diagnostic::{Code, Diagnostic};

/// Loads a configuration: reads, parses, layers and checks everything. Connects nothing, and resolves no
/// placeholder of a connection type's field.
pub(crate) fn load<T: Types>(request: &LoadRequest, types: &T) -> Result<Configuration<T::Instance>, Vec<Diagnostic>>
where
    T::Instance: Clone,
{
    let mut context = Context::new(request);
    let Some(documents) = read(&mut context) else {
        // Recovery moves keys from table to table: nothing else that could be said now would be true.
        context.problems.retain(|problem| matches!(problem.code, Code::Syntax | Code::Unreadable | Code::Duplicate));
        return Err(context.into_diagnostics());
    };
    let mut layers = layer::stack(documents, types, &mut context);
    overrides::apply(&mut layers, types, &mut context);
    let connections = extends::inherit(layer::split(&mut layers, &mut context), &mut context);
    let checked = check::check(connections, &layers.defaults, types, &mut context);
    if context.problems.is_empty() {
        Ok(Configuration::new(checked, context))
    } else {
        context.public.extend(layers.defaults.lifecycle.iter().flat_map(public::lifecycle));
        context.public.extend(checked.iter().flat_map(public::spans));
        Err(context.into_diagnostics())
    }
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
