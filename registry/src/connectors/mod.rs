//! Connection types that are built in, each behind a cargo feature of its own.
//!
//! | `type` | feature | Rust type | client |
//! |---|---|---|---|
//! | `"etcd"` | `etcd` | `Etcd` | `etcd_client::Client` |
//! | `"kafka"` | `kafka` | `Kafka` | `KafkaClient` |
//! | `"memcached"` | `memcached` | `Memcached` | `MemcachedPool` |
//! | `"mqtt"` | `mqtt` | `Mqtt` | `MqttClient` |
//! | `"postgres"` | `postgres` | `Postgres` | `sqlx::PgPool` |
//! | `"redis"` | `redis` | `Redis` | `redis::aio::ConnectionManager` |
//! | `"sqlite"` | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//! | `"storage"` | `storage` | `Storage` | `Arc<dyn object_store::ObjectStore>` |
//!
//! They use nothing but the public interface of this crate: a type of your own is written the same way. To
//! start one, copy the file of the built-in type that is nearest to it.

#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "memcached")]
mod memcached;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
// A program that picks one type uses a part of it.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
mod shared;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "storage")]
mod storage;

#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "etcd")]
pub use etcd::Etcd;
#[cfg(feature = "kafka")]
pub use kafka::{Kafka, KafkaClient, KafkaConsumer, KafkaContext, KafkaProducer, KafkaTopic};
#[cfg(feature = "memcached")]
pub use memcached::{Memcached, MemcachedConnection, MemcachedError, MemcachedPool};
#[cfg(feature = "mqtt")]
pub use mqtt::{Mqtt, MqttClient, MqttError, MqttMessage, MqttQos, MqttSubscription};
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "storage")]
pub use storage::Storage;
