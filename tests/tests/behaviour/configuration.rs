//! The layers of a configuration, as an application sees them.

use std::{fs, path::Path, time::Duration};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, ConnectionManagerBuilder, connection_type,
};
use tempfile::TempDir;

/// A connection whose client is its own configuration.
#[connection_type("settings")]
#[derive(Clone, Debug, Default, PartialEq)]
struct Settings {
    #[serde(default)]
    name: String,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    verbose: bool,
    #[serde(default)]
    wait: Duration,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    pool: Pool,
}

#[derive(Clone, Debug, Default, PartialEq, connection_registry::serde::Deserialize)]
#[serde(crate = "connection_registry::serde", default)]
struct Pool {
    min: u8,
    max: Option<u8>,
}

impl Connection for Settings {
    type Client = Settings;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Settings, BoxError> {
        Ok(self.clone())
    }
}

/// Files in a folder of their own.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn builder(&self, variables: &[(&str, &str)]) -> ConnectionManagerBuilder {
        ConnectionManager::builder()
            .file(self.path().join("connections.toml"))
            .environment(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }
}

async fn settings(builder: ConnectionManagerBuilder, name: &str) -> Settings {
    let connections = builder.build().unwrap_or_else(|error| panic!("{}", error.render()));
    (*connections.get::<Settings>(name).await.unwrap()).clone()
}

#[tokio::test]
async fn every_layer_lies_over_the_one_before() {
    let files = Files::new(&[
        (
            "connections.toml",
            "include = ['conf.d/*.toml']\n[defaults.settings]\nport = 1\nratio = 1\nhosts = ['d']\npool = { min = 1, max = 9 }\n\
             [connections.base]\ntype = 'settings'\nratio = 2\npool.min = 2\n\
             [connections.a]\nextends = 'base'\nconfig_file = 'a.toml'\nverbose = true\n",
        ),
        ("a.toml", "name = 'from its file'\nverbose = false\nwait = '1h 30m'\n"),
        (
            "conf.d/10.toml",
            "[connections.a]\nname = 'included'\n[connections.included]\ntype = 'settings'\nport = 10\n",
        ),
        ("connections.prod.toml", "[connections.a]\nhosts = ['p', 'q']\n"),
    ]);
    let variables = [("CONNECTIONS__A__POOL__MAX", "4"), ("CONNECTIONS__A__PORT", "5")];
    let a = settings(files.builder(&variables).profile("prod"), "a").await;
    let expected = Settings {
        name: "included".into(),
        port: 5,
        ratio: 2.0,
        verbose: true,
        wait: Duration::from_secs(5400),
        hosts: vec!["p".into(), "q".into()],
        pool: Pool { min: 2, max: Some(4) },
    };
    assert_eq!(a, expected);
    assert_eq!(settings(files.builder(&[]), "included").await.port, 10);
    assert_eq!(settings(files.builder(&[("CONNECTIONS_PROFILE", "prod")]), "a").await.hosts, ["p", "q"]);
}

#[tokio::test]
async fn a_whole_placeholder_takes_the_type_of_its_field() {
    let files = Files::new(&[
        (
            "connections.toml",
            "[connections.a]\ntype = 'settings'\nname = 'x-${env:NAME}-$${env:NAME}'\nport = '${env:PORT}'\n\
             ratio = '${env:RATIO:-0.5}'\nverbose = '${env:VERBOSE}'\nwait = '${file:wait}'\npool.max = '${env:MAX}'\n",
        ),
        ("wait", "250ms\n"),
    ]);
    let variables = [("NAME", "${env:PORT} \"]\n[x]"), ("PORT", "65535"), ("VERBOSE", "true"), ("MAX", "3")];
    let a = settings(files.builder(&variables), "a").await;
    assert_eq!(a.name, "x-${env:PORT} \"]\n[x]-${env:NAME}");
    assert_eq!((a.port, a.ratio, a.verbose, a.pool.max), (65535, 0.5, true, Some(3)));
    assert_eq!(a.wait, Duration::from_millis(250));
}

#[tokio::test]
async fn a_placeholder_is_read_when_the_connection_is_made() {
    let files = Files::new(&[
        ("connections.toml", "connections.a = { type = 'settings', name = '${file:name}' }"),
        ("name", "first"),
    ]);
    let connections = files.builder(&[]).build().unwrap();
    assert_eq!(connections.get::<Settings>("a").await.unwrap().name, "first");
    fs::write(files.path().join("name"), "second").unwrap();
    assert_eq!(connections.get::<Settings>("a").await.unwrap().name, "first");
    connections.disconnect("a").await.unwrap();
    assert_eq!(connections.get::<Settings>("a").await.unwrap().name, "second");
}

#[tokio::test]
async fn a_value_that_a_placeholder_gives_is_checked_when_it_is_known() {
    let files = Files::new(&[("connections.toml", "[connections.a]\ntype = 'settings'\nport = '${env:PORT}'\n")]);
    let connections = files.builder(&[("PORT", "secret-text")]).build().unwrap();
    let error = connections.get::<Settings>("a").await.unwrap_err();
    let [diagnostic] = error.diagnostics() else { panic!("not one problem: {error}") };
    assert_eq!((diagnostic.code(), diagnostic.line(), diagnostic.column()), ("CR007", 3, 8), "{error}");
    assert!(!error.render().contains("secret-text"), "{error}");
}

#[test]
fn a_missing_profile_lists_those_that_exist() {
    let files = Files::new(&[("connections.toml", ""), ("connections.prod.toml", ""), ("connections.test.toml", "")]);
    let error = files.builder(&[]).profile("prd").build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("CR016") && text.contains("prod") && text.contains("test"), "{text}");
}

#[test]
fn one_name_in_two_included_files_is_an_error_that_names_both() {
    let files = Files::new(&[
        ("connections.toml", "include = ['*.inc']"),
        ("a.inc", "connections.x = { type = 'settings' }"),
        ("b.inc", "[connections]\nx = { type = 'settings' }"),
    ]);
    let error = files.builder(&[]).build().unwrap_err();
    let report = error.render();
    assert!(report.contains("CR003") && report.contains("a.inc:1:13") && report.contains("b.inc:2:1"), "{report}");
}

#[test]
fn a_file_above_the_limit_is_refused_before_it_is_read() {
    let files = Files::new(&[("connections.toml", "# a comment of some length")]);
    let error = files.builder(&[]).max_config_bytes(10).build().unwrap_err();
    assert!(error.to_string().contains("10 bytes"), "{error}");
}

#[tokio::test]
async fn paths_in_an_included_file_are_relative_to_the_folder_of_the_main_file() {
    let files = Files::new(&[
        ("connections.toml", "include = ['conf.d/*.toml']"),
        (
            "conf.d/a.toml",
            "[connections.a]\ntype = 'settings'\nconfig_file = 'a.toml'\nname = '${file:name}'\nport = 1\n",
        ),
        ("a.toml", "port = 2\nratio = 0.5\n"),
        ("name", "beside the main file"),
    ]);
    let a = settings(files.builder(&[]), "a").await;
    assert_eq!((&*a.name, a.port, a.ratio), ("beside the main file", 1, 0.5));
}

#[tokio::test]
async fn another_type_in_a_later_layer_drops_what_belongs_to_the_old_one() {
    let files = Files::new(&[
        (
            "connections.toml",
            "[connections.base]\ntype = 'probe'\nrecord = 'another type'\n\
             [connections.a]\ntype = 'probe'\nextends = 'base'\nconfig_file = 'a.toml'\nenabled = false\n",
        ),
        ("a.toml", "record = 'another type'\n"),
        ("connections.test.toml", "[connections.a]\ntype = 'settings'\nname = 'new'\n"),
    ]);
    let connections = files.builder(&[]).profile("test").build().unwrap();
    assert!(!connections.has("a"), "`enabled` stays");
    let variables = [("CONNECTIONS__A__TYPE", "settings"), ("CONNECTIONS__A__ENABLED", "true")];
    assert_eq!(settings(files.builder(&variables), "a").await, Settings::default());
}

#[tokio::test]
async fn an_empty_variable_counts_as_one_that_is_not_set() {
    let files = Files::new(&[(
        "connections.toml",
        "[connections.a]\ntype = 'settings'\nname = '${env:EMPTY:-text}'\n\
         [connections.b]\ntype = 'settings'\nname = '${env:EMPTY:?ask the team}'\n",
    )]);
    let connections = files.builder(&[("EMPTY", "")]).build().unwrap();
    assert_eq!(connections.get::<Settings>("a").await.unwrap().name, "text");
    let error = connections.get::<Settings>("b").await.unwrap_err();
    assert_eq!(error.diagnostics()[0].message(), "environment variable `EMPTY` is empty: ask the team", "{error}");
}

#[tokio::test]
async fn an_override_of_an_array_is_read_as_toml() {
    let files = Files::new(&[("connections.toml", "connections.a = { type = 'settings' }")]);
    let variables = [("CONNECTIONS__A__HOSTS", r#"["a", "${env:B}"]"#)];
    assert_eq!(settings(files.builder(&variables), "a").await.hosts, ["a", "${env:B}"]);
}

#[test]
fn defaults_are_checked_with_the_connections_that_take_them() {
    let build = |toml: &str| Files::new(&[("connections.toml", toml)]).builder(&[]).build();
    build("[defaults.settings]\nprot = 1").unwrap();
    let error =
        build("[defaults.settings]\nprot = 1\n[connections]\na.type = 'settings'\nb.type = 'settings'").unwrap_err();
    let [diagnostic] = error.diagnostics() else { panic!("not one problem: {error}") };
    assert_eq!((diagnostic.code(), diagnostic.line()), ("CR005", 2));
}

#[test]
fn the_size_limit_is_that_of_each_file() {
    let files = Files::new(&[
        ("connections.toml", "include = ['more.toml']"),
        ("more.toml", "connections.a.type = 'settings'"),
    ]);
    files.builder(&[]).max_config_bytes(32).build().unwrap();
    let error = files.builder(&[]).max_config_bytes(30).build().unwrap_err();
    assert!(error.to_string().contains("more.toml"), "{error}");
}

#[test]
fn a_file_is_named_as_the_program_named_it() {
    let error = ConnectionManager::from_file("no such folder/connections.toml").unwrap_err();
    assert_eq!(error.diagnostics()[0].file(), "no such folder/connections.toml");
}

#[cfg(unix)]
mod unix {
    use std::{os::unix::fs::symlink, process::Command, time::Instant};

    use super::*;

    #[track_caller]
    fn check_refused(folder: &Path, file: &str, reason: &str) {
        let start = Instant::now();
        let error = ConnectionManager::from_file(folder.join(file)).unwrap_err();
        assert!(error.to_string().contains(reason), "`{reason}` is not in: {error}");
        assert!(start.elapsed() < Duration::from_secs(1), "{file} took {:?}", start.elapsed());
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused_at_once_and_a_link_to_one_is_read() {
        let files = Files::new(&[("connections.toml", "")]);
        assert!(Command::new("mkfifo").arg(files.path().join("fifo")).status().unwrap().success());
        symlink("connections.toml", files.path().join("link")).unwrap();
        symlink("loop", files.path().join("loop")).unwrap();
        symlink("/dev/zero", files.path().join("device")).unwrap();
        check_refused(files.path(), "fifo", "not a regular file");
        check_refused(files.path(), "device", "not a regular file");
        check_refused(files.path(), "loop", "loop");
        check_refused(files.path(), ".", "directory");
        ConnectionManager::from_file(files.path().join("link")).unwrap();
    }
}
