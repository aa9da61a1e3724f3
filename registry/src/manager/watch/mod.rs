//! Follows files and says when what is in them has changed.
//!
//! | file | what it does |
//! |---|---|
//! | `watching` | what the manager holds: reloads when the follower says so |
//! | `follower` | waits, looks, compares |
//! | `debounce` | when to look, as a plain state machine |
//! | `content` | what is in the files, as digests |
//! | `route` | which folders the way to a file leads through |
//! | `watches` | the watches of the operating system |
//! | `signal` | how their events come to the follower |
//!
//! # Limits
//!
//! - File systems without events (NFS, SMB, FUSE, some container mounts) are seen by a look every 10 s, as are changes made
//!   by way of another mount, and the renaming of a folder further up than the one that holds the file.
//! - Kubernetes brings a new ConfigMap or Secret into the pod a minute or so after it was stored; from then on it is seen
//!   at once. What is mounted with `subPath` never changes.
//! - Files above 16 MiB, and files that are not UTF-8, count as unreadable: a change from one such state to the same one is
//!   none.
//! - Of a folder, the files are followed whose names end in `.toml` and do not start with a dot.

mod content;
mod debounce;
mod follower;
mod route;
mod signal;
mod watches;
mod watching;

#[cfg(test)]
mod tests;

pub use watching::Watch;
pub(super) use watching::Watching;
