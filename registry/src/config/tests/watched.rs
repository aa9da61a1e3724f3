//! What a configuration was read from.

use std::path::PathBuf;

use super::support::{Catalogue, Fixture, text_request};
use crate::config::{load, watched::Watched};

/// Paths below the fixture's folder are relative in `files` and `folders`.
#[track_caller]
fn check(fixture: &Fixture, files: &[&str], folders: &[&str]) {
    let watched = fixture.valid().watched();
    let relative = |path: &PathBuf| {
        assert!(path.is_absolute(), "{path:?}");
        path.strip_prefix(fixture.path()).unwrap_or(path).to_str().unwrap().replace('\\', "/")
    };
    assert_eq!(watched.files.iter().map(relative).collect::<Vec<_>>(), files);
    assert_eq!(watched.folders.iter().map(relative).collect::<Vec<_>>(), folders);
}

const CACHE: &str = "type = 'cache'\nhost = 'h'\n";

#[test]
fn every_file_that_matters_is_known() {
    let main = format!(
        "include = ['conf.d/*.toml', 'more.toml', 'later/?.toml']\n\
         [connections.a]\ntype = 'db'\nconfig_file = 'fields.toml'\npassword = '${{file:secrets/pw}}'\n\
         tags = ['x', '${{file:gone:-none}}:${{file:./gone-too:-x}}', '${{env:FILE:-}}']\n\
         [connections.b]\n{CACHE}enabled = '${{file:switch}}'\n\
         [connections.c]\n{CACHE}lifecycle.required = '${{file:required:-true}}'\n\
         [connections.d]\ntype = 'cache'\nhost = '${{file:../outside:-x}}$${{file:literal}}'\n\
         [connections.e]\ntype = 'cache'\nhost = '${{file:disabled}}'\nenabled = false\n\
         [connections.\"t/{{id}}\"]\ntype = 'cache'\nhost = '${{name:id}}${{file:shared}}'\n"
    );
    let fixture = Fixture::of(&[
        ("connections.toml", &main),
        ("connections.prod.toml", "[connections.a]\nport = 1\n"),
        ("connections.test.toml", "[connections.a]\nport = 2\n"),
        ("conf.d/one.toml", ""),
        ("conf.d/.hidden.toml", ""),
        ("more.toml", ""),
        ("fields.toml", "url = '${file:from-fields}'"),
        ("switch", "false"),
    ])
    .profile("prod");
    let files = [
        "conf.d/one.toml",
        "connections.prod.toml",
        "connections.toml",
        "fields.toml",
        "from-fields",
        "gone",
        "gone-too",
        "more.toml",
        "required",
        "secrets/pw",
        "shared",
        "switch",
    ];
    check(&fixture, &files, &["conf.d", "later"]);
}

#[test]
fn a_file_alone_is_watched_alone() {
    check(&Fixture::new(&format!("[connections.a]\n{CACHE}")), &["connections.toml"], &[]);
}

#[test]
fn a_text_has_the_files_that_it_names_and_no_other() {
    let nothing = load(&text_request(&format!("[connections.a]\n{CACHE}"), "".into()), &Catalogue).unwrap();
    assert_eq!(nothing.watched(), Watched::default());
    let fixture = Fixture::of(&[("more.toml", "")]);
    let text = "include = ['*.toml']\n[connections.a]\ntype = 'cache'\nhost = '${file:host}'\n";
    let watched = load(&text_request(text, fixture.path().into()), &Catalogue).unwrap().watched();
    assert_eq!(watched.files, [fixture.path().join("host"), fixture.path().join("more.toml")]);
    assert_eq!(watched.folders, [fixture.path()]);
}

#[test]
fn relative_paths_become_absolute() {
    let text = "[connections.a]\ntype = 'cache'\nhost = '${file:./d/host:-}'\n";
    let watched = load(&text_request(text, "".into()), &Catalogue).unwrap().watched();
    assert_eq!(watched.files, [std::env::current_dir().unwrap().join("d/host")]);
}

#[cfg(unix)]
#[test]
fn an_absolute_path_is_watched_where_it_is() {
    let fixture = Fixture::new("[connections.a]\ntype = 'cache'\nhost = '${file:/run/there-is-none:-x}'\n");
    check(&fixture, &["/run/there-is-none", "connections.toml"], &[]);
}
