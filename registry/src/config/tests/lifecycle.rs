//! `lifecycle`: its defaults and its mistakes.

use std::time::Duration;

use super::support::Fixture;
use crate::config::{Lifecycle, Replace, Start};

#[test]
fn every_setting_is_read_and_the_others_keep_their_defaults() {
    let fixture = Fixture::new(
        "[connections.a]\ntype = 'cache'\nhost = ''\n[connections.b]\ntype = 'cache'\nhost = ''\n[connections.b.lifecycle]\n\
         start = 'eager'\nrequired = '${env:REQUIRED:-false}'\nretry = { base = '1ms' }\nreplace = 'break-first'\n\
         idle_timeout = '1h 30m'\ndrain_timeout = '0s'\n",
    );
    let configuration = fixture.valid();
    assert_eq!(configuration.find("a").unwrap().lifecycle, Lifecycle::default());
    let expected = Lifecycle {
        start: Start::Eager,
        required: false,
        replace: Replace::BreakFirst,
        idle_timeout: Some(Duration::from_secs(5400)),
        drain_timeout: Duration::ZERO,
        retry: crate::config::Retry { base: Duration::from_millis(1), ..Lifecycle::default().retry },
        ..Lifecycle::default()
    };
    assert_eq!(configuration.find("b").unwrap().lifecycle, expected);
}

#[test]
fn mistakes_have_their_places() {
    Fixture::new(
        "[defaults.lifecycle]\nconnect_timeout = 5\n[connections.a]\ntype = 'cache'\nhost = ''\n\
         [connections.b]\ntype = 'cache'\nhost = ''\n[connections.b.lifecycle]\nconnect_timeout = '5s'\n\
         check_fall = 0\ncheck_timeout = '0s'\nretry = { base = '3s' }\n\
         [connections.c]\ntype = 'cache'\nhost = ''\n[connections.c.lifecycle]\nconnect_timeout = '1s'\nstrat = 'lazy'\n\
         required = '${env:GONE}'\n",
    )
    .check(&[
        "connections.toml:2:19: [CR007]: `connect_timeout` must be a duration such as \"5s\" or \"1h 30m\", found an integer",
        "connections.toml:11:14: [CR008]: `check_fall` must be at least 1",
        "connections.toml:12:17: [CR008]: `check_timeout` must be longer than zero",
        "connections.toml:13:18: [CR008]: `retry.base` is longer than `retry.max`",
        "connections.toml:19:1: [CR005]: unknown key `strat`",
        "connections.toml:20:13: [CR012]: environment variable `GONE` is not set",
    ]);
}
