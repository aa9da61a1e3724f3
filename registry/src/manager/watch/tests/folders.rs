//! Folders that are followed, and folders that come and go.

use std::{fs, path::Path};

use super::support::Scene;

fn conf_d() -> Scene {
    let make = |at: &Path| {
        fs::create_dir(at.join("conf.d")).unwrap();
        fs::write(at.join("conf.d/a.toml"), "one").unwrap();
    };
    Scene::new(make, &[], &["conf.d"])
}

#[tokio::test]
async fn a_new_file_a_changed_one_and_a_removed_one_are_reported() {
    let mut scene = conf_d();
    scene.write("conf.d/b.toml", "one");
    scene.reports().await;
    scene.write("conf.d/b.toml", "two");
    scene.reports().await;
    fs::rename(scene.at("conf.d/b.toml"), scene.at("conf.d/c.toml")).unwrap();
    scene.reports().await;
    fs::remove_file(scene.at("conf.d/c.toml")).unwrap();
    scene.reports().await;
}

#[tokio::test]
async fn files_of_other_names_are_not_reported() {
    let mut scene = conf_d();
    scene.write("conf.d/.a.toml", "two");
    scene.write("conf.d/a.toml~", "two");
    scene.write("conf.d/README", "two");
    // So that there is a look.
    scene.write("conf.d/a.toml", "one");
    scene.looks_and_reports_nothing().await;
}

#[tokio::test]
async fn a_folder_that_is_deleted_and_made_again_is_followed_on() {
    let mut scene = conf_d();
    for text in ["two", "three"] {
        fs::remove_dir_all(scene.at("conf.d")).unwrap();
        scene.reports().await;
        fs::create_dir(scene.at("conf.d")).unwrap();
        scene.write("conf.d/a.toml", text);
        scene.reports().await;
        scene.write("conf.d/a.toml", "changed");
        scene.reports().await;
    }
}

#[tokio::test]
async fn a_folder_that_is_deleted_and_made_again_at_once_is_followed_on() {
    let mut scene = conf_d();
    for n in 0..3 {
        fs::remove_dir_all(scene.at("conf.d")).unwrap();
        fs::create_dir(scene.at("conf.d")).unwrap();
        scene.write("conf.d/a.toml", &format!("{n}"));
        scene.reports().await;
        scene.write("conf.d/a.toml", &format!("{n} changed"));
        scene.reports().await;
    }
}

#[tokio::test]
async fn a_folder_that_another_takes_the_place_of_is_followed_on() {
    let mut scene = conf_d();
    for n in 0..3 {
        fs::create_dir(scene.at("new")).unwrap();
        scene.write("new/a.toml", &format!("{n}"));
        fs::rename(scene.at("conf.d"), scene.at(&format!("old-{n}"))).unwrap();
        fs::rename(scene.at("new"), scene.at("conf.d")).unwrap();
        scene.reports().await;
        scene.write(&format!("old-{n}/a.toml"), "not followed any more");
        scene.write("conf.d/a.toml", &format!("{n} changed"));
        scene.reports().await;
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_is_waited_for_without_looking_again_and_again() {
    let mut scene = conf_d();
    fs::remove_dir_all(scene.at("conf.d")).unwrap();
    scene.reports().await;
    let announced = scene.follower.announced();
    for _ in 0..10 {
        scene.follower.look_now();
    }
    fs::create_dir(scene.at("conf.d")).unwrap();
    scene.looks_and_reports_nothing().await;
    if cfg!(target_os = "linux") {
        assert_eq!(scene.follower.announced(), announced + 1, "that it is there again and nothing else");
    }
    scene.write("conf.d/a.toml", "one");
    scene.reports().await;
}

#[tokio::test]
async fn what_is_not_there_yet_is_reported_when_it_comes() {
    let mut scene = Scene::new(|_| (), &["a/b/c/app.toml"], &["a/b/conf.d"]);
    fs::create_dir_all(scene.at("a/b/conf.d")).unwrap();
    scene.looks_and_reports_nothing().await;
    scene.write("a/b/conf.d/x.toml", "one");
    scene.reports().await;
    fs::create_dir(scene.at("a/b/c")).unwrap();
    scene.write("a/b/c/app.toml", "one");
    scene.reports().await;
    fs::remove_dir_all(scene.at("a")).unwrap();
    scene.reports().await;
    fs::create_dir_all(scene.at("a/b/c")).unwrap();
    scene.write("a/b/c/app.toml", "one");
    scene.reports().await;
}
