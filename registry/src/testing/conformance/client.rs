//! Trials of a client: made, asked, shared, let go of, made again.

use std::{ptr, sync::Arc};

use tokio::task::JoinSet;

use super::{
    bench::{Bench, NAME},
    trial::{Trial, Verdict},
};
use crate::Connection;

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![
        Trial::new("connects and gives a client", connects::<C>),
        Trial::new("a check passes on a new client", checks::<C>),
        Trial::new("a second get gives the same client", same_client::<C>),
        Trial::new("many gets at once give one client", one_for_all::<C>),
        Trial::new("disconnects", disconnects::<C>),
        Trial::new("connects again after a disconnect", connects_again::<C>),
        Trial::new("works", works::<C>),
    ]
}

async fn connects<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    bench.get(&bench.manager()?).await.map(drop)
}

async fn checks<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let client = bench.get(&bench.manager()?).await?;
    bench.check(client).await
}

async fn same_client<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.manager()?;
    let (first, second) = (bench.get(&manager).await?, bench.get(&manager).await?);
    if ptr::eq(&*first, &*second) { Ok(()) } else { Err("the second get gave another client".into()) }
}

async fn one_for_all<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.manager()?;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let manager = manager.clone();
        callers.spawn(async move { manager.get::<C::Client>(NAME).await });
    }
    let mut clients = Vec::new();
    while let Some(answer) = callers.join_next().await {
        let answer = answer.map_err(|_| "a caller panicked")?;
        clients.push(answer.map_err(|error| format!("a caller got no client: {error}"))?);
    }
    let all_one = clients.windows(2).all(|pair| ptr::eq(&*pair[0], &*pair[1]));
    if all_one { Ok(()) } else { Err("the callers got different clients".into()) }
}

async fn disconnects<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.manager()?;
    bench.get(&manager).await?;
    bench.disconnect(&manager).await
}

async fn connects_again<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.manager()?;
    bench.get(&manager).await?;
    // What came of it is the concern of the trial before.
    let _ = bench.disconnect(&manager).await;
    let client = bench.get(&manager).await.map_err(|why| why.in_a("the second connect"))?;
    bench.check(client).await
}

async fn works<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let (usage, manager) = (bench.usage()?, bench.manager()?);
    usage.once(&bench, &manager, bench.timeout).await.map_err(Into::into)
}

/// How many ask at once.
const CALLERS: usize = 64;
