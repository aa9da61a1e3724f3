//! `lifecycle`: its defaults and its mistakes.

use std::time::Duration;

use super::support::Fixture;
use crate::config::lifecycle::{Lifecycle, Replace, Retry, Start};

#[test]
fn every_setting_is_read_and_the_others_keep_their_defaults() {
    let fixture = Fixture::new(
        "[connections.a]\ntype = 'cache'\nhost = ''\n[connections.b]\ntype = 'cache'\nhost = ''\n[connections.b.lifecycle]\n\
         start = 'eager'\nrequired = '${env:REQUIRED:-false}'\nretry = { base = '1ms' }\nreplace = 'break-first'\n\
         idle_timeout = '1h 30m'\ndrain_timeout = '0s'\nmax_instances = 7\n",
    );
    let configuration = fixture.valid();
    assert_eq!(configuration.find("a").unwrap().lifecycle, Lifecycle::default());
    let expected = Lifecycle {
        start: Start::Eager,
        required: false,
        replace: Replace::BreakFirst,
        idle_timeout: Some(Duration::from_secs(5400)),
        drain_timeout: Duration::ZERO,
        max_instances: 7,
        retry: Retry { base: Duration::from_millis(1), ..Lifecycle::default().retry },
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

/// Checks a setting, written at column 1 of a `lifecycle` table of its own, in `[defaults.lifecycle]`, and at a
/// connection that another one extends. `column` is where the problem is.
#[track_caller]
fn check_nonsense(setting: &str, column: usize, message: &str) {
    let cache = "type = 'cache'\nhost = ''\n";
    let own = format!("[connections.a]\n{cache}[connections.a.lifecycle]\n{setting}\n");
    Fixture::new(&own).check(&[&format!("connections.toml:5:{column}: [CR008]: {message}")]);
    let defaults = format!(
        "[defaults.lifecycle]\n{setting}\n[connections.a]\n{cache}[connections.b]\n{cache}\
                            [connections.b.lifecycle]\nstart = 'lazy'\n"
    );
    Fixture::new(&defaults).check(&[&format!("connections.toml:2:{column}: [CR008]: {message}")]);
    let extends =
        format!("{own}[connections.b]\nextends = 'a'\n[connections.c]\nextends = 'b'\nlifecycle.required = false\n");
    Fixture::new(&extends).check(&[&format!("connections.toml:5:{column}: [CR008]: {message}")]);
}

#[test]
fn every_nonsense_value_has_its_place_wherever_it_comes_from() {
    for key in ["connect_timeout", "check_interval", "check_timeout", "idle_timeout", "disconnect_timeout"] {
        check_nonsense(&format!("{key} = '0s'"), key.len() + 4, &format!("`{key}` must be longer than zero"));
    }
    for key in ["base", "max", "background_max"] {
        let others = if key == "base" { "" } else { "base = '1ns', " };
        let column = "retry = { ".len() + others.len() + key.len() + 4;
        let setting = format!("retry = {{ {others}{key} = '0s' }}");
        let fixture = Fixture::new(&format!("[defaults.lifecycle]\n{setting}\n"));
        let zero = format!("connections.toml:2:{column}: [CR008]: `retry.{key}` must be longer than zero");
        assert!(fixture.problems().contains(&zero), "{:?}", fixture.problems());
    }
    for key in ["check_fall", "check_rise", "max_instances"] {
        check_nonsense(&format!("{key} = 0"), key.len() + 4, &format!("`{key}` must be at least 1"));
    }
}

#[test]
fn pauses_in_the_wrong_order_are_refused_where_one_of_them_is_written() {
    check_nonsense("retry = { base = '3s' }", 18, "`retry.base` is longer than `retry.max`");
    check_nonsense("retry.base = '3s'\nretry.max = '2s'", 14, "`retry.base` is longer than `retry.max`");
    check_nonsense("retry = { max = '99ms' }", 17, "`retry.max` is shorter than `retry.base`");
    check_nonsense(
        "retry.max = '3s'\nretry.background_max = '2s'",
        13,
        "`retry.max` is longer than `retry.background_max`",
    );
    check_nonsense("retry.background_max = '1s'", 24, "`retry.background_max` is shorter than `retry.max`");
    Fixture::new("[defaults.lifecycle.retry]\nbase = '30s'\nmax = '30s'\nbackground_max = '30s'\n").valid();
}

#[test]
fn pauses_that_come_from_two_places_are_compared() {
    let cache = "type = 'cache'\nhost = ''\n";
    Fixture::new(&format!(
        "[defaults.lifecycle]\nretry = {{ base = '2s' }}\n[connections.a]\n{cache}lifecycle.retry.max = '1s'\n\
         [connections.b]\n{cache}lifecycle.retry.max = '2s'\n\
         [connections.c]\nextends = 'b'\nlifecycle.retry.background_max = '1s'\n"
    ))
    .check(&[
        "connections.toml:2:18: [CR008]: `retry.base` is longer than `retry.max`",
        "connections.toml:10:23: [CR008]: `retry.max` is longer than `retry.background_max`",
    ]);
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    for (key, value) in
        [("check_fall", "-1"), ("check_rise", "4294967296"), ("max_instances", "-1"), ("max_instances", "'many'")]
    {
        let problems = Fixture::new(&format!("[defaults.lifecycle]\n{key} = {value}\n")).problems();
        let expected = format!("connections.toml:2:{}: [CR007]: `{key}` must be a whole number", key.len() + 4);
        assert!(problems.len() == 1 && problems[0].starts_with(&expected), "{problems:?}");
    }
}
