//! Herald as its three people meet it: the real program, the real wire, the official SDKs.
//!
//! Nearly every test starts `herald` as a child process, with a configuration as an operator
//! would write one and a receiver that speaks TLS. `schedule` alone has the server in its own
//! process, because it needs days to pass.

#[path = "../support/mod.rs"]
mod support;

mod configuration_changes;
mod crash;
mod disk;
mod ending;
mod http2;
mod retention;
mod schedule;
mod sdks;
mod starting;
