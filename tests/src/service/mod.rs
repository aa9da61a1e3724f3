//! Real servers for the tests of connectors, each on random ports of the loopback interface and in a folder of its own.
//!
//! ```no_run
//! # async fn test() -> Result<(), connection_registry::BoxError> {
//! use connection_registry_tests::service::{Redis, Service};
//!
//! let redis = Redis { password: Some("secret".to_owned()), ..Redis::default() };
//! let Some(server) = Service::launch(redis).await else { return Ok(()) };
//! server.kill().await?;
//! server.start().await?; // on the same port, with the same data
//! # Ok(())
//! # }
//! ```
//!
//! | what is it? | files |
//! |---|---|
//! | a server of a test | `running` ([`Service`]) and `server` (how it does that), `recipe` (what each kind of server says of itself), `site` (its folder and ports) |
//! | how is it started, found alive, and ended? | `program` (what is installed), `ready`, `process` (trees and signals), `guard` (when the test's process is killed), `user` |
//! | how does the conformance suite use it? | `conformance` |
//! | what does it show to clients? | `authority` (certificates) |
//! | what if it is code of the test? | `in_process` |
//! | which are there? | a file for each, all of one shape: a struct of options with defaults, which implements [`Recipe`] |

mod authority;
mod chromium;
mod conformance;
mod etcd;
mod guard;
mod in_process;
mod kafka;
mod mariadb;
mod memcached;
mod mosquitto;
mod nats;
mod postgres;
mod process;
mod program;
mod rabbitmq;
mod ready;
mod recipe;
mod redis;
mod running;
mod s3;
mod server;
mod site;
mod slapd;
mod smtp;
mod sshd;
mod user;

pub use authority::{Authority, Tls};
pub use chromium::Chromium;
pub use etcd::Etcd;
pub use in_process::InProcess;
pub use kafka::Kafka;
pub use mariadb::MariaDb;
pub use memcached::Memcached;
pub use mosquitto::Mosquitto;
pub use nats::{Nats, NatsLogin};
pub use postgres::Postgres;
pub use program::{find, skip, tool};
pub use rabbitmq::RabbitMq;
pub use ready::Ready;
pub use recipe::{Plan, Recipe};
pub use redis::Redis;
pub use running::Service;
pub use s3::S3;
pub use site::Site;
pub use slapd::Slapd;
pub use smtp::Smtp;
pub use sshd::Sshd;
pub use user::User;
