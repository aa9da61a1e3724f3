//! Every problem of a configuration, for somebody who wants to know these and nothing else.

use std::mem;

use super::{
    configuration::Configuration,
    context::Context,
    load,
    name::printable,
    public,
    request::{LoadRequest, MainSource},
    types::Types,
};
use crate::diagnostic::Diagnostic;

/// What is wrong with a configuration, and how much there is in it.
pub(crate) struct Inspection {
    /// In file order.
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) connections: usize,
    pub(crate) templates: usize,
}

/// Finds all that is wrong: with the files, with the placeholders where the environment is known, and with `needed`, the
/// names that a program asks for.
pub(crate) fn inspect<T: Types>(request: &LoadRequest, types: &T, needed: &[String]) -> Inspection
where
    T::Instance: Clone,
{
    let mut context = Context::new(request);
    let Some(layered) = load::layered(types, &mut context) else {
        return Inspection { problems: context.into_diagnostics(), connections: 0, templates: 0 };
    };
    let checked = load::checked(layered, types, &mut context);
    context.public.extend(checked.iter().flat_map(public::spans));
    let (mut problems, mut shown) = (mem::take(&mut context.problems), mem::take(&mut context.public));
    let configuration = Configuration::new(checked, context);
    if request.environment.is_known() {
        problems.extend(configuration.placeholder_problems(&mut shown));
    }
    let file = main_file(request);
    problems.extend(needed.iter().filter_map(|name| configuration.name_problem(name)).map(|it| it.file(&*file)));
    let templates = configuration.connections().iter().filter(|declared| declared.is_template()).count();
    Inspection {
        problems: configuration.report(problems, &shown),
        connections: configuration.connections().len() - templates,
        templates,
    }
}

fn main_file(request: &LoadRequest) -> String {
    match &request.main {
        MainSource::File(path) => printable(&path.to_string_lossy()),
        MainSource::Text { .. } => String::new(),
    }
}
