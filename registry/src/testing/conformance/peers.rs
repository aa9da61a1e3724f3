//! Trials of servers that are not there, and of peers that do not speak the protocol.

use std::sync::Arc;

use super::{
    bench::Bench,
    broken::{Fault, fails},
    settings::Settings,
    stub::{HOST, Manner, Peer, closed_port},
    trial::{NotPassed, Trial, Verdict, unless_none},
};
use crate::{Connection, Error};

/// Gives the fields for a server at another address.
pub(super) type Fields = Box<dyn Fn(&str, u16) -> String + Send + Sync>;

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![
        Trial::new("fails as it should: a closed port", closed::<C>),
        Trial::new("fails as it should: an unknown host", unknown::<C>),
        Trial::new("fails as it should: a peer that hangs up", hangs_up::<C>),
        Trial::new("gives up in time: a peer that never answers", silent::<C>),
        Trial::new("gives up in time: a peer that answers garbage", garbled::<C>),
    ]
}

async fn closed<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let fields = fields_of(&bench)?;
    let port = closed_port().map_err(|error| no_peer(&error))?;
    let settings = Settings::new(bench.timeout).one_try();
    let error = fails(&bench, &fields(HOST, port), &settings, Some(Fault::Transient)).await?;
    names(&bench, &error, HOST, port)
}

async fn unknown<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let fields = fields_of(&bench)?;
    // One of five digits is in no error by chance.
    let port = closed_port().map_err(|error| no_peer(&error))?;
    let settings = Settings::new(bench.timeout).one_try();
    let error = fails(&bench, &fields(UNKNOWN, port), &settings, Some(Fault::Transient)).await?;
    names(&bench, &error, UNKNOWN, port)
}

async fn hangs_up<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let fields = fields_of(&bench)?;
    let peer = Peer::start(Manner::HangsUp).map_err(|error| no_peer(&error))?;
    let settings = Settings::new(bench.timeout).one_try();
    fails(&bench, &fields(HOST, peer.port()), &settings, Some(Fault::Transient)).await.map(drop)
}

async fn silent<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let fields = fields_of(&bench)?;
    let peer = Peer::start(Manner::Silent).map_err(|error| no_peer(&error))?;
    let settings = Settings::new(bench.timeout / 4);
    fails(&bench, &fields(HOST, peer.port()), &settings, Some(Fault::Silent)).await.map(drop)
}

async fn garbled<C: Connection>(bench: Arc<Bench<C>>) -> Verdict {
    let fields = fields_of(&bench)?;
    let peer = Peer::start(Manner::Garbled).map_err(|error| no_peer(&error))?;
    let settings = Settings::new(bench.timeout / 4).one_try();
    fails(&bench, &fields(HOST, peer.port()), &settings, None).await.map(drop)
}

fn fields_of<C: Connection>(bench: &Bench<C>) -> Verdict<&Fields> {
    let missing = || NotPassed::Skipped("no fields for another address were given (`with_peers`)".to_owned());
    bench.peers.as_ref().ok_or_else(missing)
}

fn names<C: Connection>(bench: &Bench<C>, error: &Error, host: &str, port: u16) -> Verdict {
    if !bench.expect_host {
        return Ok(());
    }
    let (text, port) = (error.to_string(), port.to_string());
    let wanted = [("host", host), ("port", &port)];
    let missing = wanted.into_iter().filter(|(_, value)| !text.contains(value));
    let missing: Vec<_> =
        missing.map(|(what, value)| format!("the error does not name the {what} `{value}`")).collect();
    unless_none(&missing).map_err(|why| why.in_a(&text))
}

fn no_peer(error: &std::io::Error) -> NotPassed {
    NotPassed::Skipped(format!("no peer could be made: {error}"))
}

/// A name that is reserved for having no address.
const UNKNOWN: &str = "no-such-host.invalid";
