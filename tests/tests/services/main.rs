//! The built-in connection types against their real servers; see `connection_registry_tests::service`. They are skipped
//! where these are not installed.

#![cfg(target_os = "linux")]

#[cfg(feature = "etcd")]
mod etcd;
mod harness;
#[cfg(feature = "kafka")]
mod kafka;
mod memcached;
mod mqtt;
mod redis;
mod socket;
mod storage;
