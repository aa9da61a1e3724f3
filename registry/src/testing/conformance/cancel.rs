//! Trials of cancellation: `connect` is given up wherever it stands, and nobody suffers.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};

use super::{
    bench::{Bench, NAME},
    interrupted::{self, INTERRUPTED},
    trial::{Trial, Verdict},
};
use crate::{Connection, ConnectionManager, Error, ErrorKind};

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![
        Trial::new("callers that leave harm nobody", callers_leave::<C>),
        Trial::new("a disconnect while it connects harms nobody", disconnects_meanwhile::<C>),
        Trial::new("survives cancellation at every await", is_interrupted::<C>),
    ]
}

async fn callers_leave<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.manager()?;
    for _ in 0..3 {
        // Asked once, and not waited for.
        let _ = timeout(Duration::ZERO, manager.get::<C::Client>(NAME)).await;
        yield_now().await;
    }
    works(&bench, &manager).await
}

async fn disconnects_meanwhile<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.manager()?;
    for moments in [0, 1, 2, 4, 8, 16, 32, 64] {
        let mut caller = JoinSet::new();
        let asking = manager.clone();
        caller.spawn(async move { asking.get::<C::Client>(NAME).await.map(drop) });
        for _ in 0..moments {
            yield_now().await;
        }
        bench.disconnect(&manager).await?;
        match caller.join_next().await {
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) if error.kind() == ErrorKind::Disconnected => {}
            Some(Ok(Err(error))) => return Err(format!("the caller got another error: {error}").into()),
            _ => return Err("the caller panicked".into()),
        }
        works(&bench, &manager).await.map_err(|why| why.in_a("the connect after it"))?;
        bench.disconnect(&manager).await?;
    }
    Ok(())
}

async fn is_interrupted<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let manager = bench.interrupting_manager(MOST_POLLS)?;
    for polls in 0..=MOST_POLLS {
        let after = format!("cancelled after {polls} polls");
        match manager.get::<C::Client>(&interrupted::name(polls)).await {
            // It needs no more polls than that.
            Ok(_) => break,
            Err(error) => was_interrupted(&error).map_err(|why| why.in_a(&after))?,
        }
        works(&bench, &manager).await.map_err(|why| why.in_a(&format!("the connect after one {after}")))?;
        bench.disconnect(&manager).await?;
    }
    works(&bench, &manager).await
}

fn was_interrupted(error: &Error) -> Verdict {
    match error.kind() {
        ErrorKind::ConnectPanicked => Err("it panicked when it was dropped".into()),
        _ => match error.cause() {
            Some(cause) if cause.to_string() == INTERRUPTED => Ok(()),
            _ => Err(error.to_string().into()),
        },
    }
}

/// It connects and the client answers.
async fn works<C: Connection>(bench: &Bench<C>, manager: &ConnectionManager) -> Verdict {
    let client = bench.get(manager).await?;
    bench.check(client).await
}

/// After so many polls it is taken for sure that the others go as well.
const MOST_POLLS: u32 = 32;
