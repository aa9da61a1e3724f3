//! What is said in one way in one layer, and in another way in a higher one.

use std::sync::Arc;

use serde::Deserialize;

use super::support::Fixture;
use crate::config::{Reader, TypeInfo, Types, Validation};

const PARTS: &str = "type = 'server'\nhost = 'h'\nport = 1\nuser = 'u'\n";
const URL: &str = "url = 'server://of.url'\n";

#[test]
fn a_url_of_a_profile_wins_over_the_parts_of_the_base() {
    let fixture = layered(PARTS, URL);
    check(&fixture, &["url"]);
    // Nothing of them is left: it is the same as if they had never been given.
    let content = |fixture: &Fixture| fixture.load_with(&Servers).unwrap().resolved_content("a").unwrap();
    let alone = Fixture::new(&format!("[connections.a]\ntype = 'server'\n{URL}"));
    assert_eq!(content(&fixture), content(&alone));
}

#[test]
fn the_parts_of_a_profile_win_over_the_url_of_the_base() {
    check(&layered(&format!("type = 'server'\n{URL}"), "host = 'h'\nuser = 'u'\n"), &["host", "user"]);
    check(&layered(&format!("type = 'server'\n{URL}tls.ca = 'c'\n"), "host = 'h'\n"), &["host", "tls"]);
}

#[test]
fn a_variable_wins_over_both_files_also_by_a_placeholder() {
    let fixture = layered(PARTS, "port = 2\n").variable("CONNECTIONS__A__URL", "server://of.variable");
    check(&fixture, &["url"]);
    let fixture = layered(PARTS, "url = '${env:SERVER_URL}'\n").variable("SERVER_URL", "server://of.variable");
    check(&fixture, &["url"]);
    let fixture = layered(PARTS, URL).variable("CONNECTIONS__A__HOST", "of.variable");
    check(&fixture, &["host"]);
}

#[test]
fn a_connection_wins_over_the_one_that_it_extends_over_its_file_and_over_defaults() {
    let extended = format!("[connections.b]\n{PARTS}[connections.a]\nextends = 'b'\n{URL}");
    check(&Fixture::new(&extended), &["url"]);
    let defaults = format!("[defaults.server]\nhost = 'h'\nport = 1\n[connections.a]\ntype = 'server'\n{URL}");
    check(&Fixture::new(&defaults), &["url"]);
    let defaults = format!("[defaults.server]\n{URL}[connections.a]\ntype = 'server'\nhost = 'h'\n");
    check(&Fixture::new(&defaults), &["host"]);
    let filled = format!("[connections.a]\ntype = 'server'\nconfig_file = 'f.toml'\n{URL}");
    check(&Fixture::of(&[("connections.toml", &filled), ("f.toml", "host = 'h'\nuser = 'u'\n")]), &["url"]);
}

#[test]
fn one_layer_that_says_both_is_wrong_whatever_it_lies_over() {
    let both = "connections.toml:6:1: [CR018]: `url` and `host` exclude each other";
    let port = "connections.toml:6:1: [CR018]: `url` and `port` exclude each other";
    let user = "connections.toml:6:1: [CR018]: `url` and `user` exclude each other";
    refused(&Fixture::new(&format!("[connections.a]\n{PARTS}{URL}")), &[both, port, user]);
    let profile = format!("{URL}port = 2\n");
    refused(&layered(PARTS, &profile), &["connections.prod.toml:2:1: [CR018]: `url` and `port` exclude each other"]);
}

#[test]
fn a_part_that_says_no_way_of_its_own_is_no_winner() {
    let base = format!("type = 'server'\n{URL}");
    refused(&layered(&base, "port = 2\n"), &["connections.toml:3:1: [CR018]: `url` and `port` exclude each other"]);
    let fixture = layered(PARTS, URL).variable("CONNECTIONS__A__USER", "of.variable");
    refused(&fixture, &["connections.prod.toml:2:1: [CR018]: `url` and `user` exclude each other"]);
}

#[test]
fn other_mistakes_are_told_and_not_the_conflict_that_is_none() {
    let fixture = layered(PARTS, &format!("{URL}tls.cb = 'c'\n"));
    refused(&fixture, &["connections.prod.toml:3:5: [CR005]: unknown key `cb`"]);
    // As with a value that is overridden, nobody asks what this one was.
    check(&layered("type = 'server'\nhost = true\n", URL), &["url"]);
}

#[test]
fn keys_of_tables_are_told_apart_and_a_table_is_never_taken_away() {
    let fixture = layered("type = 'server'\nhost = 'h'\ntls.ca = 'c'\n", "tls.system = true\n");
    check(&fixture, &["host", "tls.system"]);
    let fixture = layered("type = 'server'\nhost = 'h'\ntls.ca = 'c'\n", "plain = true\n");
    refused(&fixture, &["connections.prod.toml:2:1: [CR018]: `plain` and `tls` exclude each other"]);
}

/// A base and a profile, each with fields of the connection `a`.
fn layered(base: &str, profile: &str) -> Fixture {
    let (base, profile) = (format!("[connections.a]\n{base}"), format!("[connections.a]\n{profile}"));
    Fixture::of(&[("connections.toml", &base), ("connections.prod.toml", &profile)]).profile("prod")
}

/// The fields of the connection `a` that count as given.
#[track_caller]
fn check(fixture: &Fixture, expected: &[&str]) {
    let loaded = fixture.load_with(&Servers).map_err(|problems| fixture.lines(&problems));
    let resolved = loaded.unwrap_or_else(|problems| panic!("{problems:#?}")).resolve("a");
    assert_eq!(resolved.unwrap_or_else(|problems| panic!("{problems:#?}")).instance.given(), expected);
}

#[track_caller]
fn refused(fixture: &Fixture, expected: &[&str]) {
    let problems = fixture.load_with(&Servers).map(|_| ()).expect_err("the configuration is invalid");
    assert_eq!(fixture.lines(&problems), expected);
}

/// A server that is named by a `url`, or by `host` and its companions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    url: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    tls: Option<Tls>,
    plain: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    ca: Option<String>,
    system: Option<bool>,
}

impl Server {
    fn given(&self) -> Vec<&'static str> {
        let tls = self.tls.as_ref().map(|tls| if tls.system.is_some() { "tls.system" } else { "tls" });
        let parts = [("host", self.host.is_some()), ("port", self.port.is_some()), ("user", self.user.is_some())];
        let parts = parts.into_iter().filter_map(|(key, is_given)| is_given.then_some(key));
        self.url.as_ref().map(|_| "url").into_iter().chain(parts).chain(tls).collect()
    }

    fn validate(&self, validation: &mut Validation) {
        if self.url.is_some() {
            for part in self.given().into_iter().filter(|key| matches!(*key, "host" | "port" | "user")) {
                validation.conflict(&["url", part], "give one of them");
            }
        } else if self.host.is_none() {
            validation.missing("host", "say where the server is");
        }
        if self.plain.is_some() && self.tls.is_some() {
            validation.conflict(&["plain", "tls"], "give one of them");
        }
        if self.tls.as_ref().is_some_and(|tls| tls.ca.is_some() && tls.system.is_some()) {
            validation.conflict(&["tls.ca", "tls.system"], "give one of them");
        }
    }
}

/// The one type `server`.
struct Servers;

impl Types for Servers {
    type Instance = Arc<Server>;

    fn find(&self, name: &str) -> Option<TypeInfo<Arc<Server>>> {
        let reader = Reader {
            decode: |decoder| Server::deserialize(decoder).map(Arc::new),
            validate: |server: &Arc<Server>, validation| server.validate(validation),
        };
        (name == "server").then_some(TypeInfo { name: "server", client_type_name: "()", fields: &[], reader })
    }

    fn names(&self) -> Vec<&'static str> {
        vec!["server"]
    }
}
