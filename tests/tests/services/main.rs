//! The built-in connection types against their real servers; see `connection_registry_tests::service`. They are skipped
//! where these are not installed.

#![cfg(target_os = "linux")]

mod harness;
mod ldap;
mod smtp;
