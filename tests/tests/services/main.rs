//! The built-in connection types against their real servers.

#![allow(clippy::unwrap_used)]
