//! The command `diff` with types of its own, and the whole of what it writes.

use std::{fs, sync::Arc};

use clap::Parser;
use tempfile::TempDir;

use super::*;
use crate::{
    BoxError, ConnectContext, Connection, ConnectionRef, Secret,
    cli::arguments::{Arguments, Command},
    config::Environment,
    connection_type,
};

/// A connection with a field of each kind.
#[connection_type("cli-diff")]
struct Sample {
    url: String,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    token: Secret,
    #[serde(default)]
    tags: Vec<String>,
    tunnel: Option<ConnectionRef<u8>>,
}

impl Connection for Sample {
    type Client = u8;

    async fn connect(&self, _cx: &ConnectContext) -> Result<u8, BoxError> {
        let Self { url, port, token, tags, tunnel } = self;
        let _ = (url, port, token.expose(), tags, tunnel);
        Ok(0)
    }
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

/// Runs `connections diff` in a folder; gives the exit code and what was written.
fn run(folder: &TempDir, arguments: &[&str]) -> (Code, String, String) {
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut all = vec!["connections".to_owned(), "--config".to_owned(), at("connections.toml"), "diff".to_owned()];
    all.extend(arguments.iter().map(|word| if word.ends_with(".toml") { at(word) } else { (*word).to_owned() }));
    let Arguments { options, command } = Arguments::try_parse_from(all).unwrap();
    let Command::Diff(diff) = command else { panic!("it is no diff") };
    let (mut out, mut err) = (anstream::StripStream::new(Vec::new()), anstream::StripStream::new(Vec::new()));
    let environment = Environment::Fixed(Arc::default());
    let mut session = Session { options, environment, is_of_process: false, out: &mut out, err: &mut err };
    let code = diff.run(&mut session).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("{}/", folder.path().display()), "");
    (code, text(out.into_inner()), text(err.into_inner()))
}

#[track_caller]
fn check(before: &str, after: &str, code: Code, expected: &str) {
    let folder = folder(&[("connections.toml", before), ("next.toml", after)]);
    assert_eq!(run(&folder, &["next.toml"]), (code, expected.trim_start_matches('\n').to_owned(), String::new()));
}

const BEFORE: &str = "\
[connections.app]
type = 'cli-diff'
url = 'a'
tunnel = 'bastion'

[connections.bastion]
type = 'cli-diff'
url = 'https://u:c4nary@old'
port = 22
token = 'c4nary'

[connections.gone]
type = 'cli-diff'
url = 'a'

[connections.off]
type = 'cli-diff'
url = 'a'

[connections.same]
type = 'cli-diff'
url = 'a'
";

const AFTER: &str = "\
# Another order, and another spelling of the same.
connections.same = { url = \"a\", type = 'cli-diff' }
connections.app = { type = 'cli-diff', url = 'a', tunnel = 'bastion' }
[connections.bastion]
type = 'cli-diff'
url = 'https://u:c4nary@new'
port = 2222
tags = ['c4nary']
lifecycle.connect_timeout = '3s'
[connections.off]
type = 'cli-diff'
url = 'a'
enabled = false
[connections.new]
type = 'cli-diff'
url = '${env:URL}'
";

#[test]
fn everything_that_a_reload_would_do_is_told_with_its_reason() {
    let expected = "
~ app  rebuilt (cli-diff, next.toml:3:13), after bastion
~ bastion  rebuilt (cli-diff, next.toml:4:14)
    url                        https://u:***@old → https://u:***@new  connections.toml:8:1 → next.toml:6:1
    port                       22 → 2222                              connections.toml:9:1 → next.toml:7:1
    token                      *** → default                          connections.toml:10:1
    tags[0]                    default → ***                          next.toml:8:9
    lifecycle.connect_timeout  10s → 3s                               next.toml:9:11
- gone  removed (cli-diff, connections.toml:12:14)
+ new  added (cli-diff, next.toml:14:14)
- off  removed (cli-diff, disabled at next.toml:13:11)
1 added, 2 removed, 2 rebuilt, 1 unchanged
";
    check(BEFORE, AFTER, Code::Problems, expected);
}

#[test]
fn what_says_the_same_is_no_difference() {
    check(BEFORE, BEFORE, Code::Fine, "5 unchanged\n");
    check("", "", Code::Fine, "no connections\n");
    let off = "connections.a = { type = 'cli-diff', url = 'a', enabled = false }";
    check(off, "", Code::Fine, "no connections\n");
}

#[test]
fn another_lifecycle_alone_keeps_the_client() {
    let toml = |more: &str| format!("[connections.a]\ntype = 'cli-diff'\nurl = 'a'\n{more}");
    let expected = "
~ a  updated (cli-diff, next.toml:1:14)
    lifecycle.start  lazy → eager  next.toml:4:11
1 updated
";
    check(&toml(""), &toml("lifecycle.start = 'eager'"), Code::Problems, expected);
    check(&toml(""), &toml("lifecycle.start = 'lazy'"), Code::Fine, "1 unchanged\n");
}

#[test]
fn a_template_is_compared_and_so_is_who_needs_a_connection_of_it() {
    let toml = |port: u16| {
        format!(
            "connections.app = {{ type = 'cli-diff', url = 'a', tunnel = 't/7' }}\n\
             connections.'t/{{id}}' = {{ type = 'cli-diff', url = '${{name:id}}', port = {port} }}\n"
        )
    };
    let expected = "
~ app  rebuilt (cli-diff, next.toml:1:13), after t/7
~ t/{id}  rebuilt (template, cli-diff, next.toml:2:13)
    port  1 → 2  connections.toml:2:65 → next.toml:2:65
2 rebuilt
";
    check(&toml(1), &toml(2), Code::Problems, expected);
    check(
        "",
        &toml(1),
        Code::Problems,
        "+ app  added (cli-diff, next.toml:1:13)\n+ t/{id}  added (template, cli-diff, next.toml:2:13)\n2 added\n",
    );
    check(
        &toml(1),
        "",
        Code::Problems,
        "- app  removed (cli-diff, connections.toml:1:13)\n- t/{id}  removed (template, cli-diff, connections.toml:2:13)\n2 removed\n",
    );
}

#[test]
fn another_type_is_another_connection() {
    let before = "connections.a = { type = 'cli-diff', url = 'a' }";
    let after = "connections.a = { type = 'cli-diff-twin', url = 'a' }";
    let expected = "
~ a  rebuilt (cli-diff-twin, next.toml:1:13)
    type  cli-diff → cli-diff-twin  connections.toml:1:19 → next.toml:1:19
1 rebuilt
";
    check(before, after, Code::Problems, expected);
}

/// A type with the fields of another.
#[connection_type("cli-diff-twin")]
struct Twin {
    url: String,
}

impl Connection for Twin {
    type Client = u8;

    async fn connect(&self, _cx: &ConnectContext) -> Result<u8, BoxError> {
        let _ = &self.url;
        Ok(0)
    }
}

#[test]
fn either_side_may_be_another_file_or_another_profile() {
    let toml = |port: u16| format!("connections.a = {{ type = 'cli-diff', url = 'a', port = {port} }}");
    let files = [
        ("connections.toml", toml(1)),
        ("next.toml", toml(2)),
        ("last.toml", toml(3)),
        ("connections.live.toml", "connections.a = { port = 4 }".to_owned()),
        ("connections.test.toml", "connections.a = { port = 5 }".to_owned()),
    ];
    let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    for (arguments, ports) in [
        (&["next.toml"][..], "1 → 2"),
        (&["--against", "last.toml"], "3 → 1"),
        (&["--against", "last.toml", "next.toml"], "3 → 2"),
        (&["--profile", "live", "--against-profile", "test"], "5 → 4"),
        (&["--against-profile", "test"], "5 → 1"),
    ] {
        let (code, out, _) = run(&folder, arguments);
        assert!(code == Code::Problems && out.contains(&format!("port  {ports}  ")), "{arguments:?}: {out}");
    }
    assert!(Arguments::try_parse_from(["connections", "diff"]).is_err(), "there is nothing to compare with");
}

#[test]
fn a_configuration_that_cannot_be_loaded_is_no_difference() {
    let folder = folder(&[("connections.toml", "connections.a = 1"), ("next.toml", "[")]);
    let (code, out, err) = run(&folder, &["next.toml"]);
    assert_eq!((code, out.as_str()), (Code::Failed, ""));
    assert!(err.contains("connections.toml:1:17") && err.contains("next.toml:1:2"), "{err}");
    assert_eq!(run(&folder, &["none.toml"]).0, Code::Failed);
}

#[test]
fn programs_get_every_connection_with_its_values() {
    let folder = folder(&[("connections.toml", BEFORE), ("next.toml", AFTER)]);
    let (code, out, _) = run(&folder, &["next.toml", "--format", "json"]);
    assert_eq!(code, Code::Problems);
    assert!(!out.contains("c4nary"), "{out}");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let of = |name: &str| {
        let all = json["connections"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!((&json["different"], &of("same")["effect"]), (&true.into(), &"unchanged".into()));
    assert_eq!((&of("app")["effect"], &of("app")["follows"][0]), (&"rebuilt".into(), &"bastion".into()));
    let port = &of("bastion")["keys"][1];
    assert_eq!(
        (&port["key"], &port["before"]["value"], &port["after"]["value"]),
        (&"port".into(), &"22".into(), &"2222".into())
    );
    assert_eq!(port["after"]["origin"]["place"]["line"], 7);
}
