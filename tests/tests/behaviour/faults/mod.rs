//! What a network, a server and an operating system do to connections: real sockets, a proxy that breaks them, real time.

mod descriptors;
mod heal;
mod line;
mod names;
mod network;
mod runtimes;
