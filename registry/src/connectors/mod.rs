//! Connection types that are built in, each behind a cargo feature of its own.
//!
//! | `type` | feature | Rust type | client |
//! |---|---|---|---|
//! | `"amqp"` | `amqp` | `Amqp` | `AmqpConnection`, a `lapin::Connection` |
//! | `"etcd"` | `etcd` | `Etcd` | `etcd_client::Client` |
//! | `"grpc"` | `grpc` | `Grpc` | `tonic::transport::Channel` |
//! | `"http"` | `http` | `Http` | `HttpApi`, around a `reqwest::Client` |
//! | `"kafka"` | `kafka` | `Kafka` | `KafkaClient` |
//! | `"ldap"` | `ldap` | `Ldap` | `LdapClient` |
//! | `"memcached"` | `memcached` | `Memcached` | `MemcachedPool` |
//! | `"mqtt"` | `mqtt` | `Mqtt` | `MqttClient` |
//! | `"mysql"` | `mysql` | `MySql` | `sqlx::MySqlPool` |
//! | `"nats"` | `nats` | `Nats` | `async_nats::Client` |
//! | `"nats-jetstream"` | `nats-jetstream` | `NatsJetstream` | `async_nats::jetstream::Context` |
//! | `"postgres"` | `postgres` | `Postgres` | `sqlx::PgPool` |
//! | `"redis"` | `redis` | `Redis` | `redis::aio::ConnectionManager` |
//! | `"smtp"` | `smtp` | `Smtp` | `lettre::AsyncSmtpTransport<lettre::Tokio1Executor>` |
//! | `"sqlite"` | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//! | `"ssh-tunnel"` | `ssh-tunnel` | `SshTunnel` | `Tunnel` |
//! | `"storage"` | `storage` | `Storage` | `Arc<dyn object_store::ObjectStore>` |
//!
//! They use nothing but the public interface of this crate: a type of your own is written the same way. To
//! start one, copy the file of the built-in type that is nearest to it.

#[cfg(feature = "amqp")]
mod amqp;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "ldap")]
mod ldap;
#[cfg(feature = "memcached")]
mod memcached;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "nats-jetstream")]
mod nats_jetstream;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
// A program that picks one type uses a part of it.
#[cfg_attr(not(feature = "full"), allow(dead_code, unused_imports, unused_macros))]
mod shared;
#[cfg(feature = "smtp")]
mod smtp;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "ssh-tunnel")]
mod ssh_tunnel;
#[cfg(feature = "storage")]
mod storage;

#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "amqp")]
pub use amqp::{Amqp, AmqpConnection};
#[cfg(feature = "etcd")]
pub use etcd::Etcd;
#[cfg(feature = "grpc")]
pub use grpc::Grpc;
#[cfg(feature = "http")]
pub use http::{Http, HttpApi};
#[cfg(feature = "kafka")]
pub use kafka::{Kafka, KafkaClient, KafkaConsumer, KafkaContext, KafkaProducer, KafkaTopic};
#[cfg(feature = "ldap")]
pub use ldap::{Ldap, LdapClient};
#[cfg(feature = "memcached")]
pub use memcached::{Memcached, MemcachedConnection, MemcachedError, MemcachedPool};
#[cfg(feature = "mqtt")]
pub use mqtt::{Mqtt, MqttClient, MqttError, MqttMessage, MqttQos, MqttSubscription};
#[cfg(feature = "mysql")]
pub use mysql::MySql;
#[cfg(feature = "nats")]
pub use nats::Nats;
#[cfg(feature = "nats-jetstream")]
pub use nats_jetstream::NatsJetstream;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "smtp")]
pub use smtp::Smtp;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "ssh-tunnel")]
pub use ssh_tunnel::{SshTunnel, Tunnel};
#[cfg(feature = "storage")]
pub use storage::Storage;
