//! The built-in connection types against their real servers; see `connection_registry_tests::service`. They are skipped
//! where these are not installed.

#![cfg(target_os = "linux")]

mod amqp;
#[cfg(feature = "etcd")]
mod etcd;
mod grpc;
mod harness;
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod ldap;
mod memcached;
mod mqtt;
mod mysql;
mod nats;
mod postgres;
mod redis;
mod schema;
mod smtp;
mod socket;
mod sql;
mod sqlite;
mod ssh_tunnel;
mod storage;
mod tunnels;
