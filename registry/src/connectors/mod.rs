//! Connection types that are built in, each behind a cargo feature of its own.
//!
//! | `type` | feature | Rust type | client |
//! |---|---|---|---|
//! | `"postgres"` | `postgres` | `Postgres` | `sqlx::PgPool` |
//! | `"sqlite"` | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//! | `"ssh-tunnel"` | `ssh-tunnel` | `SshTunnel` | `Tunnel` |
//!
//! They use nothing but the public interface of this crate: a type of your own is written the same way. To
//! start one, copy the file of the built-in type that is nearest to it.

#[cfg(feature = "postgres")]
mod postgres;
// A program that picks one type uses a part of it.
#[cfg_attr(not(feature = "full"), allow(dead_code, unused_imports, unused_macros))]
mod shared;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "ssh-tunnel")]
mod ssh_tunnel;

#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "ssh-tunnel")]
pub use ssh_tunnel::{SshTunnel, Tunnel};
