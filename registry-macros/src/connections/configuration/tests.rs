//! What is read here is what the library reads.

use std::{fs, path::Path};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, ConnectionManagerBuilder, connection_type,
};
use tempfile::TempDir;

use super::Configuration;

/// A connection type for the files of these tests.
#[connection_type("one")]
struct One {
    #[serde(default)]
    secret: String,
}

/// Another one.
#[connection_type("two")]
struct Two {}

impl Connection for One {
    type Client = usize;

    async fn connect(&self, _: &ConnectContext) -> Result<usize, BoxError> {
        Ok(self.secret.len())
    }
}

impl Connection for Two {
    type Client = u8;

    async fn connect(&self, _: &ConnectContext) -> Result<u8, BoxError> {
        Ok(0)
    }
}

/// Files in a folder of their own.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        Self(folder)
    }

    fn read(&self) -> Result<Configuration, Vec<String>> {
        Configuration::read(self.0.path(), Path::new("connections.toml"))
    }

    fn library(&self) -> ConnectionManagerBuilder {
        let nothing: [(&str, &str); 0] = [];
        ConnectionManager::builder().file(self.0.path().join("connections.toml")).environment(nothing)
    }

    fn names(&self) -> Vec<String> {
        self.read().expect("the files are valid").names().into_iter().map(str::to_owned).collect()
    }
}

/// Both know the same names, and agree on which of them are enabled, without a profile and with those given.
#[track_caller]
fn check_same(files: &[(&str, &str)], profiles: &[&str], asked: &[&str]) {
    let files = Files::new(files);
    let ours = files.read().unwrap_or_else(|messages| panic!("{messages:?}"));
    let build = |builder: ConnectionManagerBuilder| builder.build().unwrap_or_else(|error| panic!("{error}"));
    let managers: Vec<_> = std::iter::once(build(files.library()))
        .chain(profiles.iter().map(|profile| build(files.library().profile(*profile))))
        .collect();
    for name in asked {
        let expected = managers.iter().any(|manager| manager.has(name));
        let found = ours.find(name).filter(|found| found.disabled_at.is_none() && !found.is_template);
        assert_eq!(found.is_some(), expected, "{name}");
    }
}

#[test]
fn layers_and_inheritance_are_those_of_the_library() {
    let main = "
        include = ['conf.d/*.toml', 'more.toml']
        [connections]
        a = { type = 'one' }
        off = { type = 'one', enabled = false }
        child = { extends = 'off' }
        grandchild = { extends = 'child' }
        raised = { extends = 'child', enabled = true }
        both = { type = 'one', enabled = false }
        switched = { extends = 'off' }
        dotted.type = 'one'
        'sp ace'.type = 'two'
        profile_off.type = 'one'
        profile_on = { type = 'one', enabled = false }
    ";
    let files = [
        ("connections.toml", main),
        ("conf.d/b.toml", "connections.included = { type = 'two' }\nconnections.both.enabled = true"),
        ("conf.d/.hidden.toml", "connections.hidden = { type = 'two' }"),
        ("conf.d/other.txt", "not TOML"),
        ("more.toml", "[connections.more]\ntype = 'two'\n[connections.switched]\nenabled = true"),
        ("connections.test.toml", "connections.profile_off.enabled = false\nconnections.only_test.type = 'one'"),
        ("connections.live.toml", "connections.profile_on.enabled = true\nconnections.switched.type = 'two'"),
        ("connections.not a profile.toml", "not TOML"),
    ];
    let mut asked = Files::new(&files).names();
    assert_eq!(asked.len(), 14, "{asked:?}");
    asked.extend(["hidden", "nothing", "A"].map(String::from));
    check_same(&files, &["test", "live"], &asked.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn templates_fit_as_in_the_library() {
    let main = "
        [connections]
        'tenant/{id}' = { type = 'one' }
        'tenant/{id}/x' = { type = 'one', enabled = false }
        'tenant/fixed' = { type = 'one', enabled = false }
        '{a}-{b}.db' = { type = 'one' }
        '{region}_' = { extends = 'tenant/fixed' }
    ";
    let long = "z".repeat(64);
    let asked = [
        "tenant/42",
        "tenant/",
        "tenant/4.2",
        "tenant/{id}",
        "tenant/1/x",
        "tenant/1/y",
        "tenant/fixed",
        "tenant/größe",
        "a-b.db",
        "a-.db",
        "-b.db",
        "a--b.db",
        "-.db",
        "a-b-c.db",
        "eu_",
        "_",
        "tenant/",
        &format!("tenant/{long}"),
        &format!("tenant/{long}z"),
        "",
    ];
    check_same(&[("connections.toml", main)], &[], &asked);
}

#[track_caller]
fn check_types(files: &[(&str, &str)], name: &str, expected: &[&str]) {
    let configuration = Files::new(files).read().unwrap_or_else(|messages| panic!("{messages:?}"));
    let found = configuration.find(name).expect("it is declared");
    let types: Vec<_> = found.types.iter().map(|(name, place)| format!("{name} at {place}")).collect();
    assert_eq!(types, expected);
}

#[test]
fn the_type_is_that_of_the_main_file_before_that_of_a_profile() {
    let main = ("connections.toml", "[connections.a]\ntype = 'one'\n[connections.b]\nextends = 'a'\n");
    let test = ("connections.test.toml", "connections.a.type = 'two'\nconnections.new.type = 'two'");
    let live = ("connections.live.toml", "connections.new.type = 'one'");
    check_types(&[main, test, live], "a", &["one at connections.toml:2:8"]);
    check_types(&[main, test, live], "b", &["one at connections.toml:2:8"]);
    let of_profiles = ["one at connections.live.toml:1:24", "two at connections.test.toml:2:24"];
    check_types(&[main, test, live], "new", &of_profiles);
    check_types(&[("connections.toml", "connections.a.type = '${env:TYPE}'")], "a", &[]);
    let template =
        ("connections.toml", "connections.'t/{id}' = { type = 'one' }\nconnections.'t/{id}x' = {type = 'two'}");
    check_types(&[template], "t/1", &["one at connections.toml:1:33"]);
    check_types(&[template], "t/1x", &["two at connections.toml:2:33"]);
}

#[track_caller]
fn check_refused(files: &[(&str, &str)], expected: &[&str]) {
    let files = Files::new(files);
    let messages = files.read().err().expect("something is wrong with the files");
    assert_eq!(messages, expected);
    assert!(files.library().build().is_err(), "the library accepts it");
}

#[test]
fn what_cannot_be_read_is_one_message_with_its_place_and_without_a_value() {
    let missing = "cannot read `connections.toml`: it does not exist; the path is relative to the folder of this package's \
                   `Cargo.toml`";
    check_refused(&[], &[missing]);
    for (text, expected) in [
        ("[connections.a]\ntype = 'c4nary", "connections.toml:2:15: not valid TOML: invalid literal string"),
        ("[connections.a\ntype = 'c4nary'", "connections.toml:1:15: not valid TOML: unclosed table"),
        ("a = c4nary", "connections.toml:1:5: not valid TOML: string values must be quoted"),
        (
            "'ü' = { a = 'c4nary' b = 1 }",
            "connections.toml:1:22: not valid TOML: missing comma between key-value pairs",
        ),
        ("[connections.a]\n[connections.a]", "connections.toml:2:14: not valid TOML: duplicate key"),
        ("include = 'c4nary'", "connections.toml:1:11: `include` is an array of paths without placeholders"),
        ("include = ['${env:c4nary}']", "connections.toml:1:12: `include` is an array of paths without placeholders"),
        ("include = ['../c4nary']", "connections.toml:1:12: the path leaves the configuration's folder"),
        ("include = ['c4n*ry/a']", "connections.toml:1:12: `*` and `?` are allowed in the file name alone"),
        ("include = ['gone']", "cannot read `gone`: it does not exist (included at connections.toml:1:12)"),
    ] {
        check_refused(&[("connections.toml", text)], &[expected]);
    }
}

#[test]
fn every_file_that_cannot_be_read_is_told_at_once() {
    let files = [
        ("connections.toml", "include = ['a.toml', 'conf.d/*.toml']"),
        ("conf.d/b.toml", "x ="),
        ("connections.live.toml", "[x"),
    ];
    let expected = [
        "cannot read `a.toml`: it does not exist (included at connections.toml:1:12)",
        "conf.d/b.toml:1:4: not valid TOML: missing value (included at connections.toml:1:22)",
        "connections.live.toml:1:3: not valid TOML: unclosed table",
    ];
    check_refused(&files, &expected);
    // The library reads the file of a profile that is asked for.
}

#[test]
fn all_files_that_were_read_are_known() {
    let files = Files::new(&[
        ("connections.toml", "include = ['conf.d/*.toml', 'conf.d/b.toml']"),
        ("conf.d/b.toml", ""),
        ("connections.live.toml", ""),
    ]);
    let configuration = files.read().unwrap_or_else(|messages| panic!("{messages:?}"));
    let expected = ["connections.toml", "conf.d/b.toml", "connections.live.toml"].map(|name| files.0.path().join(name));
    assert_eq!(configuration.files(), expected);
    assert_eq!(configuration.described(), "`connections.toml` and the 2 files that belong to it");
}
