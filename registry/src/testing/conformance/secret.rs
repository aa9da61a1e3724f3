//! Trials of secrets: what is printed of a connection that works.

use std::sync::Arc;

use super::{
    bench::{Bench, NAME},
    output,
    trial::{NotPassed, Trial, Verdict, unless_none},
};
use crate::Connection;

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![Trial::new("shows no canary", shows_none::<C>)]
}

async fn shows_none<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    if bench.canaries.is_empty() {
        return Err(NotPassed::Skipped("no canary was given".to_owned()));
    }
    let manager = bench.manager()?;
    let client = bench.get(&manager).await?;
    let instance = bench.instance()?;
    let mut outputs = vec![
        ("the manager", format!("{manager:?} {:?}", manager.registry())),
        ("a guard", format!("{client:?}")),
        ("the catalogue", format!("{:?} {instance:?}", bench.factory)),
    ];
    let endpoint = instance.downcast_ref::<C>().and_then(Connection::endpoint);
    outputs.extend(endpoint.map(|endpoint| ("the endpoint", endpoint)));
    if let Err(error) = manager.get::<NobodysClient>(NAME).await {
        outputs.extend(output::of_error(&error));
    }
    let mut fields = bench.table()?;
    fields.insert(NO_FIELD.to_owned(), bench.canaries.all().into());
    if let Err(error) = bench.factory.create(bench.type_name, fields, &bench.config_dir) {
        outputs.extend(output::of_error(&error));
    }
    drop(client);
    if let Err(error) = manager.disconnect(NAME).await {
        outputs.extend(output::of_error(&error));
    }
    unless_none(&bench.canaries.found_in(&outputs))
}

/// A client that no type has.
struct NobodysClient;

/// A key that no type has.
const NO_FIELD: &str = "conformance_no_such_field";
