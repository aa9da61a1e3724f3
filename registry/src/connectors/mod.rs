//! Connection types that are built in, each behind a cargo feature of its own.
//!
//! | `type` | feature | Rust type | client |
//! |---|---|---|---|
//! | `"sqlite"` | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//!
//! They use nothing but the public interface of this crate: a type of your own is written the same way. To
//! start one, copy the file of the built-in type that is nearest to it.

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
