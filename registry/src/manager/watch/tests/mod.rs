//! A follower at work on real files, with the events of the operating system.

mod files;
mod folders;
#[cfg(unix)]
mod links;
mod storms;
mod support;
