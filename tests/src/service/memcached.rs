//! Memcached.

use super::{Plan, Ready, Recipe, Site};

/// A memcached server; it knows neither users nor TLS.
#[derive(Clone, Debug, Default)]
pub struct Memcached;

impl Recipe for Memcached {
    const NAME: &'static str = "memcached";
    const PROGRAMS: &'static [&'static str] = &["memcached"];
    const PACKAGE: &'static str = "Debian package memcached";

    fn prepare(&self, site: &Site) -> Plan {
        let mut command = site.command("memcached");
        // The user counts for root alone.
        command.args(["-u", "root", "-l", "127.0.0.1", "-p", &site.port().to_string(), "-U", "0", "-m", "16"]);
        Plan::new(command).ready(Ready::Says { hello: b"version\r\n", is_good })
    }
}

fn is_good(answer: &[u8]) -> bool {
    answer.starts_with(b"VERSION")
}
