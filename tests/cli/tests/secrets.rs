//! No command writes a secret, whatever the configuration is like.

use std::fs;

use crate::program::{commands, folder, own_cli, text};

/// What would be found in an output: each one as it is, percent-encoded and in base64.
const CANARIES: &[&str] = &["c4nary/t0ken+1", "c4nary/passw0rd", "c4nary/env1ronment", "c4nary/f1le", "c4nary/default"];

const VALID: &str = r#"
[defaults.desk]
token = "c4nary/t0ken+1" # c4nary/passw0rd

[connections.support]
type = "desk"
base_url = "https://app:c4nary/passw0rd@tickets.example.com"
projects = ["c4nary/env1ronment", "${env:NOT_THERE:-c4nary/default}"]
tls = { ca = "c4nary/passw0rd" }
cache = "answers"

[connections.answers]
type = "cache"
host = "${env:CACHE_HOST}"

[connections.archive]
extends = "support"
token = "${file:token}"
enabled = false

[connections."tenant/{id}"]
type = "desk"
base_url = "https://${name:id}:c4nary/passw0rd@example.com"
token = "x${env:CACHE_HOST}c4nary/t0ken+1"
"#;

const INVALID: &str = r#"
[connections.support]
type = "desk"
base_url = ["c4nary/passw0rd"]
token = { "value" = "c4nary/t0ken+1" }
page_size = "c4nary/passw0rd"
timeout = "c4nary/default"
passwrd = "c4nary/passw0rd"
tls = { ca = 1, password = "c4nary/passw0rd" }
enabled = "c4nary/default"
"#;

const BROKEN: &str = "[connections.support]\ntoken = \"c4nary/t0ken+1\nc4nary/passw0rd\n= c4nary/default\n";

/// For `import`; the secrets are found by their type, by their keys, and in a URL.
const APPLICATION: &str = r#"
connections:
  - id: support
    type: desk
    base_url: https://app:c4nary%2Fpassw0rd@tickets.example.com
    token: c4nary/t0ken+1
    tls: {api_key: [c4nary/passw0rd]}
    page_size: ten
  - id: answers
    type: c4che
    password: "${oc.env:CACHE_HOST}c4nary/default"
"#;

const FAULTY_APPLICATION: &str = r#"
connections:
  - id: support
    type: desk
    token: "c4nary/t0ken+1 ${"
    base_url: !!int c4nary/passw0rd
  - c4nary/default
"#;

const BROKEN_APPLICATION: &str = "connections: [c4nary/t0ken+1,\n  'c4nary/passw0rd\n";

/// What is tried of each command; one that is new needs a row.
fn calls(command: &str) -> Vec<Vec<&str>> {
    match command {
        "check" => vec![
            vec![],
            vec!["--with-env"],
            vec!["--with-env", "--format=json"],
            vec!["--with-env", "--format=sarif"],
            vec!["--names=support,suport,archive"],
        ],
        "list" => vec![vec![], vec!["--format=json"]],
        "show" => ["support", "answers", "archive", "tenant/42", "tenant/{id}"]
            .into_iter()
            .flat_map(|name| [vec![name], vec![name, "--format=json"]])
            .collect(),
        "types" => vec![vec![], vec!["desk"], vec!["--format=json"]],
        "schema" => vec![vec![], vec!["--type=desk"]],
        "explain" => vec![vec!["CR004"]],
        "graph" => ["text", "dot", "mermaid"].into_iter().map(|format| vec!["--format", format]).collect(),
        "diff" => vec![vec!["next.toml"], vec!["next.toml", "--format=json"], vec!["--against=next.toml"]],
        "test" => vec![vec!["--timeout=1s"], vec!["--timeout=1s", "--format=json"]],
        "watch" => vec![vec!["--all", "--for=100ms"]],
        "completions" => vec![vec!["bash"]],
        "init" => vec![vec![], vec!["--config=new.toml"]],
        "add" => vec![
            vec!["desk", "more", "--set=token=c4nary/t0ken+1", "--set=base_url=c4nary/passw0rd"],
            vec!["desk", "wrong", "--set=page_size=c4nary/passw0rd"],
            vec!["desk", "wrong", "--set=passwrd=c4nary/passw0rd"],
            vec!["desk", "wrong", "--set=tls=c4nary/passw0rd"],
        ],
        "import" => vec![
            vec!["app.yaml", "--output=imported.toml"],
            vec!["app.yaml", "--output=imported.toml", "--force", "--secrets-to-env"],
            vec!["app.yaml", "--output=-", "--secrets-to-env"],
            vec!["broken.yaml", "--output=-"],
            vec!["faulty.yaml", "--output=-"],
        ],
        _ => panic!("`{command}` has no row in the test of secrets"),
    }
}

#[test]
fn no_command_writes_a_secret() {
    let mut written = 0;
    for configuration in [VALID, INVALID, BROKEN] {
        let folder = folder(configuration);
        fs::write(folder.path().join("token"), "c4nary/f1le").expect("a file can be written");
        let next = configuration.replace("c4nary/passw0rd", "c4nary/default");
        fs::write(folder.path().join("next.toml"), next).expect("a file can be written");
        for (name, text) in [
            ("token", "c4nary/f1le"),
            ("app.yaml", APPLICATION),
            ("faulty.yaml", FAULTY_APPLICATION),
            ("broken.yaml", BROKEN_APPLICATION),
        ] {
            fs::write(folder.path().join(name), text).expect("a file can be written");
        }
        for command in commands() {
            for call in calls(&command) {
                let mut program = own_cli(folder.path());
                program.arg(&command).args(&call).env("CACHE_HOST", "c4nary/env1ronment");
                program.env("CONNECTIONS__SUPPORT__TOKEN", "c4nary/env1ronment");
                program
                    .env("CONNECTIONS__ANSWERS__PORT", if configuration == VALID { "1" } else { "c4nary/env1ronment" });
                let output = text(&program.output().expect("the program starts"));
                written += usize::from(!output.is_empty());
                check_output(&output, &format!("{command} {call:?}"));
            }
        }
    }
    assert!(written > 20, "the commands write something");
}

#[track_caller]
fn check_output(output: &str, call: &str) {
    for canary in CANARIES {
        let spellings = [(*canary).to_owned(), canary.replace('/', "%2F").replace('+', "%2B"), base64(canary)];
        for spelling in spellings {
            assert!(!output.contains(&spelling), "{call} writes {spelling}:\n{output}");
        }
    }
    assert!(!output.contains("c4nary"), "{call} writes a part of a secret:\n{output}");
}

/// Those digits that depend on the text alone, at the start of an encoding.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = text.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |bits: &[u8]| usize::from(bits.iter().fold(0_u8, |number, bit| number << 1 | bit));
    bits.chunks_exact(6).map(|bits| char::from(DIGITS[digit(bits)])).collect()
}
