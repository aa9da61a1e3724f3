//! Many events, and an end in the midst of them.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::support::{PATIENCE, Scene, follow};

/// A thread that puts ever new files in the place of one, as fast as it can.
struct Storm {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Storm {
    fn over(path: PathBuf) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let write = move || {
            let new = path.with_extension("new");
            for n in 0_u64.. {
                fs::write(&new, n.to_string()).unwrap();
                fs::rename(&new, &path).unwrap();
                if seen.load(Ordering::Relaxed) {
                    return;
                }
            }
        };
        Self { is_over, thread: Some(thread::spawn(write)) }
    }

    /// Ends after a last write.
    fn end(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join).transpose().unwrap();
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_storm_that_does_not_end_is_reported_again_and_again() {
    let mut scene = Scene::of_one_file();
    let mut storm = Storm::over(scene.at("app.toml"));
    for _ in 0..3 {
        let begin = Instant::now();
        timeout(PATIENCE, scene.follower.changed()).await.unwrap();
        // Ten times the promise, for a machine that has other things to do.
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    }
    storm.end();
    while !scene.follower.is_current() {
        timeout(PATIENCE, scene.follower.changed()).await.unwrap();
    }
}

#[tokio::test]
async fn the_last_of_a_thousand_writes_is_reported() {
    let mut scene = Scene::of_one_file();
    let path = scene.at("app.toml");
    let writer = thread::spawn(move || (0..1_000).for_each(|n| fs::write(&path, n.to_string()).unwrap()));
    let mut reports = 0;
    while !(writer.is_finished() && scene.follower.is_current()) {
        timeout(PATIENCE, scene.follower.changed()).await.unwrap();
        reports += 1;
    }
    assert_eq!(fs::read_to_string(scene.at("app.toml")).unwrap(), "999");
    assert!(reports < 100, "{reports} reports of 1 000 writes");
}

#[tokio::test]
async fn dropping_it_while_events_come_ends_its_thread() {
    let folder = tempfile::tempdir().unwrap();
    let mut storm = Storm::over(folder.path().join("app.toml"));
    let mut threads = Vec::new();
    for n in 0..20 {
        let mut follower = follow(folder.path(), &["app.toml"], &[]);
        threads.push(follower.thread());
        // Some while they wait for quiet, and one while it has yet to begin.
        let _ = timeout(Duration::from_millis(n), follower.changed()).await;
    }
    storm.end();
    let begin = Instant::now();
    while threads.iter().any(|thread| thread.strong_count() > 0) {
        assert!(begin.elapsed() < PATIENCE, "a thread goes on");
        thread::yield_now();
    }
}

#[test]
fn it_is_made_and_dropped_without_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let follower = follow(folder.path(), &["app.toml"], &[]);
    let thread = follower.thread();
    drop(follower);
    let begin = Instant::now();
    while thread.strong_count() > 0 {
        assert!(begin.elapsed() < PATIENCE, "the thread goes on");
        thread::yield_now();
    }
}
