//! One file: how editors and programs change it, and what is no change.

use std::{fs, fs::OpenOptions, io::Write, time::Duration};

use tokio::time::timeout;

use super::support::{PATIENCE, Scene, below, follow};
use crate::manager::watch::follower::Follower;

#[tokio::test]
async fn a_write_in_place_is_reported() {
    let mut scene = Scene::of_one_file();
    scene.write("app.toml", "two");
    scene.reports().await;
    let mut file = OpenOptions::new().append(true).open(scene.at("app.toml")).unwrap();
    file.write_all(b"three").unwrap();
    scene.reports().await;
}

#[tokio::test]
async fn a_file_renamed_over_another_is_reported_each_time() {
    let mut scene = Scene::of_one_file();
    for text in ["two", "three", "four"] {
        scene.write("app.toml.tmp", text);
        fs::rename(scene.at("app.toml.tmp"), scene.at("app.toml")).unwrap();
        scene.reports().await;
    }
}

#[tokio::test]
async fn a_file_saved_by_way_of_a_backup_is_reported_once() {
    let mut scene = Scene::of_one_file();
    for text in ["two", "three"] {
        fs::rename(scene.at("app.toml"), scene.at("app.toml~")).unwrap();
        scene.write("app.toml", text);
        fs::remove_file(scene.at("app.toml~")).unwrap();
        scene.reports().await;
        // No second report is left over: the next look sees nothing new.
        scene.write("app.toml", text);
        scene.looks_and_reports_nothing().await;
    }
}

#[tokio::test]
async fn what_leaves_the_content_as_it_is_is_not_reported() {
    let mut scene = Scene::of_one_file();
    scene.write("app.toml", "one");
    scene.looks_and_reports_nothing().await;
    OpenOptions::new().write(true).open(scene.at("app.toml")).unwrap();
    scene.looks_and_reports_nothing().await;
    scene.write("app.toml", "two");
    scene.write("app.toml", "one");
    scene.looks_and_reports_nothing().await;
    scene.write("app.toml.tmp", "one");
    fs::rename(scene.at("app.toml.tmp"), scene.at("app.toml")).unwrap();
    scene.looks_and_reports_nothing().await;
    scene.write("app.toml", "two");
    scene.reports().await;
}

#[tokio::test]
async fn other_files_are_not_even_looked_at() {
    let mut scene = Scene::of_one_file();
    for n in 0..100 {
        scene.write(&format!("{n}.log"), "text");
    }
    fs::remove_file(scene.at("app.toml")).unwrap();
    scene.reports().await;
    if cfg!(target_os = "linux") {
        assert_eq!(scene.follower.announced(), 1, "the removal and nothing else");
    }
}

#[tokio::test]
async fn reading_the_files_makes_no_event() {
    let mut scene = Scene::new(
        |at| {
            fs::create_dir(at.join("conf.d")).unwrap();
            fs::write(at.join("conf.d/a.toml"), "one").unwrap();
        },
        &["app.toml"],
        &["conf.d"],
    );
    for _ in 0..10 {
        scene.follower.look_now();
    }
    // Comes after all that the looks have caused.
    fs::remove_file(scene.at("conf.d/a.toml")).unwrap();
    scene.reports().await;
    if cfg!(target_os = "linux") {
        assert_eq!(scene.follower.announced(), 1, "the removal and nothing else");
    }
}

#[tokio::test]
async fn a_file_that_goes_and_comes_back_is_reported_both_times() {
    let mut scene = Scene::of_one_file();
    fs::remove_file(scene.at("app.toml")).unwrap();
    scene.reports().await;
    scene.write("app.toml", "one");
    scene.reports().await;
}

#[tokio::test]
async fn a_rotated_secret_file_in_another_folder_is_reported() {
    let make = |at: &std::path::Path| {
        fs::create_dir(at.join("run")).unwrap();
        fs::write(at.join("run/password"), "canary-1").unwrap();
        fs::write(at.join("app.toml"), "one").unwrap();
    };
    let mut scene = Scene::new(make, &["app.toml", "run/password"], &[]);
    scene.write("run/password", "canary-2");
    scene.reports().await;
    scene.write("run/password.new", "canary-3");
    fs::rename(scene.at("run/password.new"), scene.at("run/password")).unwrap();
    scene.reports().await;
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_others_may_read_from_now_on_are_reported() {
    use std::os::unix::fs::PermissionsExt;
    let mut scene = Scene::of_one_file();
    let path = scene.at("app.toml");
    let permit = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    permit(0o600);
    // It may have been so from the beginning.
    scene.follower.next_look().await;
    permit(0o644);
    scene.reports().await;
    permit(0o600);
    scene.reports().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_fifo_in_the_place_of_a_file_is_reported_and_waits_for_nobody() {
    let mut scene = Scene::of_one_file();
    fs::remove_file(scene.at("app.toml")).unwrap();
    std::process::Command::new("mkfifo").arg(scene.at("app.toml")).status().unwrap();
    scene.reports().await;
    fs::remove_file(scene.at("app.toml")).unwrap();
    scene.write("app.toml", "two");
    scene.reports().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_in_between_loses_nothing() {
    let mut scene = Scene::of_one_file();
    scene.write("app.toml", "two");
    let begin = tokio::time::Instant::now();
    // Gone and back again many times: while waiting for quiet, and while the files are read.
    while timeout(Duration::from_millis(1), scene.follower.changed()).await.is_err() {
        assert!(begin.elapsed() < PATIENCE, "no report");
    }
    assert!(scene.follower.is_current());
}

#[tokio::test]
async fn another_set_is_followed_from_now_on() {
    let mut scene = Scene::of_one_file();
    let root = scene.at("");
    scene.write("other.toml", "one");
    assert!(scene.follower.follow(below(&root, &["other.toml"]), Vec::new()), "it was not followed before");
    scene.looks_and_reports_nothing().await;
    scene.write("app.toml", "two");
    scene.write("other.toml", "one");
    scene.looks_and_reports_nothing().await;
    scene.write("other.toml", "two");
    scene.reports().await;
    assert!(!scene.follower.follow(below(&root, &["other.toml"]), Vec::new()), "nothing is new");
}

#[tokio::test]
async fn a_change_before_another_set_is_followed_is_still_reported() {
    let make = |at: &std::path::Path| {
        fs::create_dir(at.join("conf.d")).unwrap();
        fs::write(at.join("conf.d/gone.toml"), "one").unwrap();
        fs::write(at.join("app.toml"), "one").unwrap();
    };
    let mut scene = Scene::new(make, &["app.toml"], &["conf.d"]);
    let root = scene.at("");
    let follow =
        |scene: &mut Scene| scene.follower.follow(below(&root, &["app.toml", "more.toml"]), below(&root, &["conf.d"]));
    scene.write("app.toml", "two");
    assert!(follow(&mut scene));
    scene.reports().await;
    fs::remove_file(scene.at("conf.d/gone.toml")).unwrap();
    assert!(!follow(&mut scene));
    scene.reports().await;
    scene.write("conf.d/new.toml", "one");
    assert!(!follow(&mut scene));
    scene.reports().await;
}

#[tokio::test]
async fn nothing_to_follow_is_no_error() {
    let mut follower = Follower::new(Vec::new(), Vec::new()).unwrap();
    assert!(timeout(Duration::ZERO, follower.changed()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_change_without_an_event_is_found_within_ten_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follow(folder.path(), &["app.toml"], &[]).deaf();
    let begin = tokio::time::Instant::now();
    for n in 1..4 {
        fs::write(folder.path().join("app.toml"), n.to_string()).unwrap();
        follower.changed().await;
        assert!(follower.is_current());
        assert!(begin.elapsed() <= Duration::from_millis(10_300) * n, "{:?} for {n}", begin.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn following_another_set_looks_at_once_for_what_was_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follow(folder.path(), &["app.toml"], &[]).deaf();
    fs::write(folder.path().join("app.toml"), "one").unwrap();
    assert!(!follower.follow(below(folder.path(), &["app.toml"]), Vec::new()));
    let begin = tokio::time::Instant::now();
    follower.changed().await;
    assert!(begin.elapsed() <= Duration::from_millis(300), "{:?}", begin.elapsed());
}
