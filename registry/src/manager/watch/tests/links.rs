//! Symbolic links on the way to a file: Kubernetes, releases, dotfiles.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::support::Scene;

/// What the kubelet makes of a ConfigMap: `app.toml -> ..data/app.toml`, `..data -> ..2026_01`.
fn mount(at: &Path) {
    fs::create_dir(at.join("..2026_01")).unwrap();
    fs::write(at.join("..2026_01/app.toml"), "one").unwrap();
    symlink("..2026_01", at.join("..data")).unwrap();
    symlink("..data/app.toml", at.join("app.toml")).unwrap();
}

/// How the kubelet brings a new version: a new folder, a new link over `..data`, and the old folder goes.
fn swap(at: &Path, old: &str, new: &str, text: &str) {
    fs::create_dir(at.join(new)).unwrap();
    fs::write(at.join(new).join("app.toml"), text).unwrap();
    symlink(new, at.join("..data_tmp")).unwrap();
    fs::rename(at.join("..data_tmp"), at.join("..data")).unwrap();
    fs::remove_dir_all(at.join(old)).unwrap();
}

#[tokio::test]
async fn a_kubernetes_swap_is_reported_each_time() {
    let mut scene = Scene::new(mount, &["app.toml"], &[]);
    let root = scene.at("");
    swap(&root, "..2026_01", "..2026_02", "two");
    scene.reports().await;
    swap(&root, "..2026_02", "..2026_03", "two");
    scene.looks_and_reports_nothing().await;
    swap(&root, "..2026_03", "..2026_04", "three");
    scene.reports().await;
}

#[tokio::test]
async fn a_kubernetes_swap_is_reported_of_a_followed_folder() {
    let mut scene = Scene::new(mount, &[], &[""]);
    let root = scene.at("");
    swap(&root, "..2026_01", "..2026_02", "two");
    scene.reports().await;
    swap(&root, "..2026_02", "..2026_03", "three");
    scene.reports().await;
}

#[tokio::test]
async fn a_mount_that_files_elsewhere_are_linked_from_is_followed() {
    let make = |at: &Path| {
        fs::create_dir(at.join("mnt")).unwrap();
        mount(&at.join("mnt"));
        fs::create_dir(at.join("etc")).unwrap();
        symlink("../mnt/app.toml", at.join("etc/app.toml")).unwrap();
    };
    let mut scene = Scene::new(make, &["etc/app.toml"], &[]);
    swap(&scene.at("mnt"), "..2026_01", "..2026_02", "two");
    scene.reports().await;
    swap(&scene.at("mnt"), "..2026_02", "..2026_03", "three");
    scene.reports().await;
}

#[tokio::test]
async fn both_ends_of_a_link_are_followed() {
    let make = |at: &Path| {
        fs::create_dir(at.join("dotfiles")).unwrap();
        fs::write(at.join("dotfiles/one.conf"), "one").unwrap();
        fs::write(at.join("dotfiles/two.conf"), "two").unwrap();
        symlink(at.join("dotfiles/one.conf"), at.join("app.toml")).unwrap();
    };
    let mut scene = Scene::new(make, &["app.toml"], &[]);
    scene.write("dotfiles/one.conf", "changed");
    scene.reports().await;
    fs::remove_file(scene.at("app.toml")).unwrap();
    symlink(scene.at("dotfiles/two.conf"), scene.at("app.toml")).unwrap();
    scene.reports().await;
    scene.write("dotfiles/two.conf", "changed as well");
    scene.reports().await;
}

#[tokio::test]
async fn a_link_to_a_folder_that_leads_elsewhere_is_reported() {
    let make = |at: &Path| {
        for (release, text) in [("v1", "one"), ("v2", "two")] {
            fs::create_dir(at.join(release)).unwrap();
            fs::write(at.join(release).join("app.toml"), text).unwrap();
        }
        symlink("v1", at.join("current")).unwrap();
    };
    let mut scene = Scene::new(make, &["current/app.toml"], &["current"]);
    symlink("v2", scene.at("next")).unwrap();
    fs::rename(scene.at("next"), scene.at("current")).unwrap();
    scene.reports().await;
    scene.write("v2/app.toml", "changed");
    scene.reports().await;
}

#[tokio::test]
async fn a_link_to_nowhere_is_reported_when_it_leads_somewhere() {
    let mut scene = Scene::new(|at| symlink("later/app.toml", at.join("app.toml")).unwrap(), &["app.toml"], &[]);
    fs::create_dir(scene.at("later")).unwrap();
    scene.write("later/app.toml", "one");
    scene.reports().await;
}
