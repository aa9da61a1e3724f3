//! Reloading when files change: with real files, and the events of the operating system.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, ErrorKind, Secret, connection_type,
};
use tempfile::TempDir;

/// A client that knows the text it was made with.
#[connection_type("note")]
struct Note {
    text: Secret,
}

struct NoteClient(String);

impl Connection for Note {
    type Client = NoteClient;

    async fn connect(&self, _cx: &ConnectContext) -> Result<NoteClient, BoxError> {
        Ok(NoteClient(self.text.expose().to_owned()))
    }
}

fn write(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn load(folder: &TempDir) -> ConnectionManager {
    ConnectionManager::from_file(folder.path().join("connections.toml")).unwrap()
}

fn note(text: &str) -> String {
    format!("[connections.a]\ntype = 'note'\ntext = '{text}'\n")
}

async fn text(connections: &ConnectionManager) -> String {
    connections.get::<NoteClient>("a").await.map_or_else(|error| format!("{:?}", error.kind()), |note| note.0.clone())
}

/// Waits until the text is as expected, for far longer than it takes.
async fn becomes(connections: &ConnectionManager, expected: &str) -> Duration {
    let started = Instant::now();
    while text(connections).await != expected {
        assert!(started.elapsed() < Duration::from_secs(30), "it stays {:?}", text(connections).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_file_is_in_force_soon_and_an_invalid_one_never() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "connections.toml", &note("one"));
    let connections = load(&folder);
    connections.watch().unwrap();
    becomes(&connections, "one").await;
    write(&folder, "connections.toml", &note("two"));
    assert!(becomes(&connections, "two").await < Duration::from_secs(10));
    write(&folder, "connections.toml", "[connections.a]\ntype = 'note'\ntxet = 'c4nary'\n");
    while connections.last_reload().is_none_or(|last| last.error().is_none()) {
        assert_eq!(text(&connections).await, "two");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(text(&connections).await, "two");
    write(&folder, "connections.toml", &note("three"));
    becomes(&connections, "three").await;
    assert!(connections.shutdown(Duration::from_secs(5)).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_secret_an_editors_rename_and_a_new_include_are_in_force() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "connections.toml", "include = ['conf.d/*.toml']\n");
    write(&folder, "conf.d/a.toml", &note("${file:secrets/a}"));
    write(&folder, "secrets/a", "old");
    let connections = load(&folder);
    let watch = connections.watch().unwrap();
    becomes(&connections, "old").await;
    // As vim and many others save.
    write(&folder, "secrets/a.new", "new");
    fs::rename(folder.path().join("secrets/a.new"), folder.path().join("secrets/a")).unwrap();
    becomes(&connections, "new").await;
    write(&folder, "conf.d/b.toml", "[connections.b]\ntype = 'note'\ntext = 'there'\n");
    while !connections.has("b") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fs::remove_file(folder.path().join("conf.d/b.toml")).unwrap();
    while connections.has("b") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    watch.stop();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_map_is_swapped_as_kubernetes_does_it() {
    let folder = tempfile::tempdir().unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
    write(&folder, "..2026_01/connections.toml", &note("one"));
    link("..2026_01", "..data");
    link("..data/connections.toml", "connections.toml");
    let connections = load(&folder);
    connections.watch().unwrap();
    becomes(&connections, "one").await;
    write(&folder, "..2026_02/connections.toml", &note("two"));
    link("..2026_02", "..data_tmp");
    fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
    fs::remove_dir_all(folder.path().join("..2026_01")).unwrap();
    becomes(&connections, "two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_storm_of_writes_the_last_is_in_force_within_a_second_or_so() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "connections.toml", &note("0"));
    let connections = load(&folder);
    connections.watch().unwrap();
    becomes(&connections, "0").await;
    for number in 1..=1_000 {
        write(&folder, "connections.toml", &note(&number.to_string()));
    }
    assert!(becomes(&connections, "1000").await < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_ends_with_the_manager_and_is_refused_after_its_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "connections.toml", &note("one"));
    let connections = load(&folder);
    connections.watch().unwrap();
    connections.watch().unwrap();
    becomes(&connections, "one").await;
    drop(connections);
    let metrics = tokio::runtime::Handle::current().metrics();
    let started = Instant::now();
    while metrics.num_alive_tasks() > 0 {
        assert!(started.elapsed() < Duration::from_secs(30), "{} tasks", metrics.num_alive_tasks());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let connections = load(&folder);
    connections.shutdown(Duration::from_secs(1)).await;
    assert_eq!(connections.watch().unwrap_err().kind(), ErrorKind::ShutDown);
}

#[test]
fn watching_without_a_runtime_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "connections.toml", &note("one"));
    assert!(Path::new(folder.path()).exists());
    assert_eq!(load(&folder).watch().unwrap_err().kind(), ErrorKind::NoRuntime);
}
