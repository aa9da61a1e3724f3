//! Chromium without a window, driven through its WebDriver.

use serde_json::{Value, json};

use super::{Plan, Ready, Recipe, Service, Site, find};

/// A server that starts browsers and does what it is told with them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chromium;

impl Chromium {
    /// What to ask the server for: a browser with a profile of its own that keeps to itself, and logs what it is asked, what it
    /// asks for and what it complains about.
    ///
    /// # Panics
    ///
    /// When Chromium is not installed.
    pub fn capabilities(service: &Service) -> Value {
        let binary = find("chromium").expect("it was there when the server was started");
        let profile = format!("--user-data-dir={}", service.folder().join("profile").display());
        let switches: Vec<_> = SWITCHES.into_iter().chain([&*profile]).collect();
        json!({ "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": binary, "args": switches },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } })
    }
}

impl Recipe for Chromium {
    const NAME: &'static str = "Chromium";
    const PROGRAMS: &'static [&'static str] = &["chromedriver", "chromium"];
    const PACKAGE: &'static str = "Debian packages chromium and chromium-driver";

    fn prepare(&self, site: &Site) -> Plan {
        let mut command = site.command("chromedriver");
        command.arg(format!("--port={}", site.port()));
        Plan::new(command).ready(Ready::Port)
    }
}

const SWITCHES: [&str; 11] = [
    "--headless",
    // It refuses to be run by root otherwise, and tests open nothing but pages of their own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--window-size=1280,900",
];
