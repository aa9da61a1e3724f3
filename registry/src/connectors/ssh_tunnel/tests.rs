//! What can be told without a server. The rest is in `tests/tests/services/ssh_tunnel.rs`.

use std::{fs, path::PathBuf};

use russh::{
    Error,
    keys::{Algorithm, EcdsaCurve, PublicKey},
};

use super::{
    failure::reason,
    host_key::{Judge, Trusted},
};
use crate::connectors::shared::{failure::Reason, problems};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM/gPSNCzh1Q8Js02tgeAX8R7V6UY96Wo8sH95oyyIuf";
const PRINT: &str = "SHA256:W4eXXuPGXiB7qJgZII1Qvj+FMYR8wP/puUvb4MWWxkQ";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGA8wyBp803tqpJY0ze6yo/jR0zUPxbArvO9adLGMIVM";
const OTHER_PRINT: &str = "SHA256:7y5mqVOxJclVa9Ursa5mhAb7fyds3NIwqwrIJjH2ghM";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBP1TYULk83fU8YaRHkzCGn3G1jDdKD/27dOWVbj+bEKKWrJ9SaIPffrlfTGkEWYXJ8aIv8FmQTX6lLPfj8OcV5g=";
/// `bastion.example`, hashed.
const HASHED: &str = "|1|5dtzwGoA4/oyGl94SneFk1vumA4=|/GPtCWPmLhaqkazi5Q3vKUOuQPg=";

#[test]
fn a_user_logs_in_in_one_way() {
    let none = "CR006 2 missing key `key`";
    check("", &[none]);
    check("password = 'p'", &[]);
    check("agent = '${env:SSH_AUTH_SOCK}'", &[]);
    check("key = 'k'\npassphrase = 'p'", &[]);
    check("password = 'p'\npassphrase = 'p'", &["CR018 7 `passphrase` and `password` exclude each other"]);
    check("passphrase = 'p'", &[none]);
    check("key = 'k'\npassword = 'p'", &["CR018 6 `key` and `password` exclude each other"]);
    check("password = 'p'\nagent = 'a'", &["CR018 6 `password` and `agent` exclude each other"]);
}

#[test]
fn a_pinned_key_is_one_and_excludes_the_file() {
    check(&format!("password = 'p'\nhost_key = '{KEY}'"), &[]);
    check(&format!("password = 'p'\nhost_key = '{ECDSA} a comment'"), &[]);
    check(&format!("password = 'p'\nhost_key = '{PRINT}'"), &[]);
    check("password = 'p'\nhost_key = '${env:HOST_KEY}'", &[]);
    let form = "CR008 7 `host_key` must be a public key such as `ssh-ed25519 AAAA…`, or its fingerprint, `SHA256:…`";
    check("password = 'p'\nhost_key = 'c4nary'", &[form]);
    check("password = 'p'\nhost_key = 'SHA256:c4nary'", &[form]);
    check(
        &format!("password = 'p'\nhost_key = '{PRINT}'\nknown_hosts = 'k'"),
        &["CR018 7 `host_key` and `known_hosts` exclude each other"],
    );
}

#[test]
fn a_target_is_a_host_and_a_port() {
    check("password = 'p'\ntarget = 'db.internal:5432'", &[]);
    check("password = 'p'\ntarget = '[::1]:5432'", &[]);
    let form = "CR008 7 `target` must be a host and a port, such as `db.internal:5432`";
    for target in ["db.internal", ":5432", "db.internal:0", "db.internal:x", "::1:5432", "[::1:5432"] {
        check(&format!("password = 'p'\ntarget = '{target}'"), &[form]);
    }
    check("password = 'p'\nkeep_alive_interval = '0s'", &["CR008 7 `keep_alive_interval` must be longer than zero"]);
    check("password = 'p'\nreconnect_timeout = '0s'", &["CR008 7 `reconnect_timeout` must be longer than zero"]);
}

#[test]
fn a_pinned_server_has_that_key_and_no_other() {
    let pinned = |text: &str| Judge::read(super::options::pinned(text).unwrap(), "h", 22).unwrap();
    for text in [KEY, PRINT] {
        assert!(pinned(text).judge(&key(KEY)).is_ok(), "{text}");
        let error = pinned(text).judge(&key(OTHER)).unwrap_err().to_string();
        assert_eq!(error, format!("it has the ssh-ed25519 key {OTHER_PRINT}, and not the one of `host_key`"));
    }
}

#[test]
fn a_known_server_has_the_key_of_the_file() {
    judge("bastion.example", 22, &format!("# a comment\n\nbastion.example {KEY}\n"), None);
    judge("bastion.example", 22, &format!("10.0.0.1,bastion.example {KEY} comment"), None);
    judge("bastion.example", 22, &format!("{HASHED} {KEY}"), None);
    judge("bastion.example", 2222, &format!("[bastion.example]:2222 {KEY}"), None);
    // Another one was there before, and still is.
    judge("bastion.example", 22, &format!("bastion.example {OTHER}\nbastion.example {KEY}"), None);
}

#[test]
fn an_unknown_server_is_refused_with_what_allows_it() {
    let unknown = format!("its key is not known: it has the ssh-ed25519 key {PRINT}");
    judge("bastion.example", 22, "", Some(&unknown));
    judge("bastion.example", 22, &format!("elsewhere.example {KEY}"), Some(&unknown));
    judge("bastion.example", 22, &format!("@cert-authority * {KEY}"), Some(&unknown));
    let port = format!("add the line `[bastion.example]:2222 {KEY}` to `");
    judge("bastion.example", 2222, &format!("bastion.example {KEY}"), Some(&port));
    judge("bastion.example", 22, "", Some(&format!("`, or set `host_key = \"{PRINT}\"`")));
}

#[test]
fn a_changed_or_revoked_key_is_refused() {
    judge("bastion.example", 22, &format!("\nbastion.example {OTHER}"), Some("not the one of line 2 of `"));
    judge("bastion.example", 22, &format!("{HASHED} {OTHER}"), Some("somebody may be in between"));
    judge("bastion.example", 22, &format!("bastion.example {KEY}\n@revoked * {KEY}"), Some("calls revoked"));
}

#[test]
fn a_server_is_asked_for_the_kind_of_key_that_is_known() {
    let file = known_hosts(&format!("bastion.example {ECDSA}"));
    let judge = Judge::read(Trusted::Known(file.1.clone()), "bastion.example", 22).unwrap();
    assert_eq!(judge.algorithms()[0], Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 });
    assert_eq!(judge.algorithms().len(), 4);
}

#[test]
fn a_file_that_cannot_be_read_is_no_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = Judge::read(Trusted::Known(folder.path().to_owned()), "h", 22).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    let file = known_hosts("h ssh-ed25519 c4nary!");
    assert!(Judge::read(Trusted::Known(file.1.clone()), "h", 22).is_err());
    assert!(Judge::read(Trusted::Known(folder.path().join("none")), "h", 22).is_ok());
}

#[test]
fn the_drivers_errors_are_told_apart() {
    assert_eq!(reason(&Error::IO(std::io::ErrorKind::ConnectionRefused.into())), Reason::Refused);
    assert_eq!(reason(&Error::HUP), Reason::HungUp);
    assert_eq!(reason(&Error::KeepaliveTimeout), Reason::HungUp);
    assert_eq!(reason(&Error::WrongServerSig), Reason::Tls);
    assert_eq!(reason(&Error::Version), Reason::Other);
}

/// The verdict on `KEY` of a file with `text`: a part of the refusal, or none.
#[track_caller]
fn judge(host: &str, port: u16, text: &str, expected: Option<&str>) {
    let (_folder, file) = known_hosts(text);
    let verdict = Judge::read(Trusted::Known(file), host, port).unwrap().judge(&key(KEY));
    match (verdict, expected) {
        (Ok(()), None) => {}
        (Err(distrust), Some(expected)) => assert!(distrust.to_string().contains(expected), "{distrust}"),
        (verdict, _) => panic!("{verdict:?}: {text}"),
    }
}

fn known_hosts(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("ssh-tunnel", &format!("host = 'h'\nuser = 'u'\n{fields}"), expected);
}
