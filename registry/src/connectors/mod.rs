//! Connection types that are built in, each behind a cargo feature of its own.
//!
//! |---|---|---|---|
<<<<<<< ours
//! | `type` | feature | Rust type | client |
//! |---|---|---|---|
//! | `"etcd"` | `etcd` | `Etcd` | `etcd_client::Client` |
=======
//! | `"memcached"` | `memcached` | `Memcached` | `MemcachedPool` |
>>>>>>> theirs
//! | `"postgres"` | `postgres` | `Postgres` | `sqlx::PgPool` |
//! | `"redis"` | `redis` | `Redis` | `redis::aio::ConnectionManager` |
//! | `"sqlite"` | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//! | `"storage"` | `storage` | `Storage` | `Arc<dyn object_store::ObjectStore>` |
//!
//! They use nothing but the public interface of this crate: a type of your own is written the same way. To
//! start one, copy the file of the built-in type that is nearest to it.

<<<<<<< ours
#[cfg(feature = "etcd")]
mod etcd;
=======
#[cfg(feature = "memcached")]
mod memcached;
>>>>>>> theirs
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

<<<<<<< ours
#[cfg(feature = "etcd")]
pub use etcd::Etcd;
=======
#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "memcached")]
pub use memcached::{Memcached, MemcachedConnection, MemcachedError, MemcachedPool};
>>>>>>> theirs
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "storage")]
pub use storage::Storage;
