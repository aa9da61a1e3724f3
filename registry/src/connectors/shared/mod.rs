//! What the types that talk to a server have in common. A type of your own may copy what it needs.

pub(super) mod address;
pub(super) mod blocking;
pub(super) mod failure;
pub(super) mod file;
pub(super) mod patience;
#[cfg(test)]
pub(super) mod problems;
#[cfg(any(feature = "ldap", feature = "ssh-tunnel"))]
pub(super) mod redial;
pub(super) mod route;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub(super) mod sql;
#[cfg(feature = "_tls")]
pub(super) mod tls;
pub(super) mod url;
#[cfg(any(feature = "http", feature = "storage"))]
pub(super) mod web;
