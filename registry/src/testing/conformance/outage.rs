//! Trials of a server that dies, freezes and returns.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    bench::{Bench, NAME},
    broken::{Fault, GRACE, fails},
    load::Load,
    output,
    recovery::{Progress, Recovery},
    server::AnyServer,
    settings::Settings,
    trial::{NotPassed, Note, Trial, Verdict},
};
use crate::{Connection, ConnectionManager};

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![
        Trial::new("refuses no use after its server was killed and restarted", heals::<C>),
        Trial::new("a frozen server is noticed and forgiven", freezes::<C>),
        Trial::new("connects once the server is there", waits_for_it::<C>),
    ]
}

async fn heals<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let (server, usage) = (bench.server()?, bench.usage()?);
    let manager = bench.manager_of(&bench.fields, &Settings::healing(bench.timeout))?;
    let early = |why: NotPassed| why.in_a("before the server was killed");
    // With all the time, since it connects first: a use of the load has a part of it.
    usage.once(&bench, &manager, bench.timeout).await.map_err(|why| early(why.into()))?;
    let mut load = Load::start(&bench, &manager, usage, 1);
    let now = Instant::now();
    load.succeeds(BEFORE, now, now + bench.timeout).await.map_err(early)?;
    let mut recovery = Recovery::of(generation(&manager));
    server.kill().await?;
    let noticed = falls(&mut load, &mut recovery, bench.timeout).await;
    server.start().await?;
    noticed?;
    let after = returns(&mut load, &mut recovery, bench.timeout).await?;
    Ok(Note::from(format!("healed after {:.2} s", after.as_secs_f64())))
}

/// Until a use fails, or the manager says that the connection is down.
async fn falls(load: &mut Load, recovery: &mut Recovery, limit: Duration) -> Verdict {
    let until = Instant::now() + limit;
    loop {
        let one = load.next(until).await?;
        if recovery.fallen(&one) {
            return Ok(());
        }
        if one.ended >= until {
            return Err(
                format!("uses go on for {limit:?} after the server was killed: are they of that server?").into()
            );
        }
    }
}

/// Until it works again, within the limit, and goes on working.
async fn returns(load: &mut Load, recovery: &mut Recovery, limit: Duration) -> Verdict<Duration> {
    let restarted = Instant::now();
    loop {
        let one = load.next(restarted + limit * 2).await?;
        match recovery.used(&one, restarted) {
            Progress::Healed(after) => return Ok(after),
            Progress::Broken(why) => return Err(why.into()),
            Progress::NotYet => {}
        }
        if one.ended >= restarted + limit && !recovery.has_returned() {
            let why = one.result.err().unwrap_or_default();
            return Err(format!("it was not back {limit:?} after its server: {why}").into());
        }
    }
}

async fn freezes<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let server = bench.server()?;
    if !server.can_freeze() {
        return Err(NotPassed::Skipped("the server cannot be frozen".to_owned()));
    }
    let settings = Settings::healing_when_asked(bench.timeout);
    let manager = bench.manager_of(&bench.fields, &settings)?;
    bench.get(&manager).await?;
    server.freeze().await?;
    let noticed = notices(&bench, &manager, settings.check_timeout()).await;
    server.thaw().await?;
    noticed?;
    let after = thaws(&bench, &manager).await?;
    Ok(Note::from(format!("usable again after {:.2} s", after.as_secs_f64())))
}

/// A check of the old client fails, and so does a new connect.
async fn notices<C: Connection>(bench: &Bench<C>, manager: &ConnectionManager, limit: Duration) -> Verdict {
    match timeout(limit + GRACE, manager.check(NAME)).await {
        Ok(Err(error)) => bench.search(&output::of_error(&error)),
        Ok(Ok(())) => return Err("a check passes while the server is frozen".into()),
        Err(_) => return Err(format!("a check does not end within its {limit:?} while the server is frozen").into()),
    }
    let connect = fails(bench, &bench.fields, &Settings::new(bench.timeout / 4), Some(Fault::Silent)).await;
    connect.map(drop).map_err(|why| why.in_a("a connect to the frozen server"))
}

/// It is used, or checked where the suite knows no use, until that succeeds.
async fn thaws<C: Connection>(bench: &Arc<Bench<C>>, manager: &ConnectionManager) -> Verdict<Duration> {
    let thawed = Instant::now();
    loop {
        let result = match bench.usage() {
            Ok(usage) => usage.once(bench, manager, bench.timeout / 4).await,
            Err(_) => manager.check(NAME).await.map_err(|error| error.to_string()),
        };
        match result {
            Ok(()) if thawed.elapsed() <= bench.timeout => return Ok(thawed.elapsed()),
            Err(_) if thawed.elapsed() <= bench.timeout => sleep(PAUSE).await,
            Ok(()) => return Err(format!("it took {:?} to be usable again", thawed.elapsed()).into()),
            Err(why) => return Err(format!("it is not usable {:?} after the thaw: {why}", bench.timeout).into()),
        }
    }
}

async fn waits_for_it<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let server = bench.server()?;
    // The start of the server is not the type's to hurry.
    let settings = Settings::healing(bench.timeout).with_connect_timeout(bench.timeout.saturating_mul(10));
    let manager = bench.manager_of(&bench.fields, &settings)?;
    server.kill().await?;
    let mut caller = JoinSet::new();
    let asking = manager.clone();
    caller.spawn(async move { asking.get::<C::Client>(NAME).await.map(drop) });
    let early = timeout(HEAD_START, caller.join_next()).await;
    server.start().await?;
    if let Ok(answer) = early {
        let why = match answer {
            Some(Ok(Err(error))) => format!(": {error}"),
            _ => String::new(),
        };
        return Err(format!("the get ended while the server was down{why}").into());
    }
    arrives(&bench, &server, caller).await
}

async fn arrives<C: Connection>(
    bench: &Bench<C>,
    server: &AnyServer,
    mut caller: JoinSet<crate::Result<()>>,
) -> Verdict<Note> {
    let started = Instant::now();
    match timeout(bench.timeout, caller.join_next()).await {
        Ok(Some(Ok(Ok(())))) => Ok(Note::from(format!("connected after {:.2} s", started.elapsed().as_secs_f64()))),
        Ok(Some(Ok(Err(error)))) => {
            bench.search(&output::of_error(&error));
            Err(error.to_string().into())
        }
        Ok(_) => Err("the caller panicked".into()),
        Err(_) => Err(format!("no client {:?} after {} was up", bench.timeout, server.address()).into()),
    }
}

fn generation(manager: &ConnectionManager) -> u64 {
    manager.status().get(NAME).map_or(0, |status| status.generation)
}

/// How many uses show that all is well.
const BEFORE: usize = 5;

/// How long a get waits for a server that is down, at least.
const HEAD_START: Duration = Duration::from_millis(250);

const PAUSE: Duration = Duration::from_millis(20);
