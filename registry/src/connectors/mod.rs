//! Connection types that are built in, each behind a cargo feature of its own.
//!
//! | `type` | feature | Rust type | client |
//! |---|---|---|---|
//! | `"ldap"` | `ldap` | `Ldap` | `LdapClient` |
//! | `"postgres"` | `postgres` | `Postgres` | `sqlx::PgPool` |
//! | `"smtp"` | `smtp` | `Smtp` | `lettre::AsyncSmtpTransport<lettre::Tokio1Executor>` |
//! | `"sqlite"` | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//!
//! They use nothing but the public interface of this crate: a type of your own is written the same way. To
//! start one, copy the file of the built-in type that is nearest to it.

#[cfg(feature = "ldap")]
mod ldap;
#[cfg(feature = "postgres")]
mod postgres;
// A program that picks one type uses a part of it.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
mod shared;
#[cfg(feature = "smtp")]
mod smtp;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "ldap")]
pub use ldap::{Ldap, LdapClient};
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "smtp")]
pub use smtp::Smtp;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
