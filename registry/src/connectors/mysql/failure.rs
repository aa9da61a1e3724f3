//! Why the server cannot be used, by its own error numbers.

use sqlx::mysql::MySqlDatabaseError;

use crate::connectors::shared::{failure::Reason, sql};

/// What an error of the driver means. The numbers are those of the "Error Message Reference" of MySQL, and of the list
/// "MariaDB Error Codes" of MariaDB.
pub(super) fn reason(error: &sqlx::Error) -> Reason {
    let error_of_server = error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    error_of_server.map_or_else(|| sql::reason(error), |error| of_number(error.number()))
}

pub(super) fn of_number(number: u16) -> Reason {
    match number {
        // Access denied: to the database, with that password, or without one; from that host.
        1044 | 1045 | 1698 | 1130 => Reason::Credentials,
        // A way to log in that the driver does not have, an expired password, a locked account, one that is blocked
        // after too many wrong passwords.
        1251 | 1862 | 3118 | 3955 | 4150 | 4151 => Reason::Credentials,
        1049 => Reason::NotFound,
        // The server takes encrypted connections alone.
        3159 => Reason::Tls,
        // A character set, collation, variable, value or time zone that it does not know.
        1115 | 1193 | 1231 | 1273 | 1298 => Reason::Settings,
        // Too many clients, of all or of one user; too many failures of this host; stopping, or ended by an administrator.
        1040 | 1203 | 1226 | 1129 | 1053 | 1927 => Reason::Unavailable,
        _ => Reason::Other,
    }
}
