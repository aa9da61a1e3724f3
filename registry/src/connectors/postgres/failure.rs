//! Why the server cannot be used, by its own codes.

use crate::connectors::shared::{failure::Reason, sql};

/// What an error of the driver means. The codes are those of the appendix "PostgreSQL Error Codes" of its manual.
pub(super) fn reason(error: &sqlx::Error) -> Reason {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        // invalid_password, and a `pg_hba.conf` without an entry for this user, host or encryption.
        Some("28P01" | "28000") => Reason::Credentials,
        // The user may not connect to that database.
        Some("42501") => Reason::Credentials,
        // invalid_catalog_name.
        Some("3D000") => Reason::NotFound,
        // A parameter that the server does not know, or a value that it refuses.
        Some("42704" | "22023") => Reason::Settings,
        // Starting, stopping, or too many clients.
        Some("57P03" | "57P01" | "57P02" | "53300") => Reason::Unavailable,
        Some(_) => Reason::Other,
        None => sql::reason(error),
    }
}
