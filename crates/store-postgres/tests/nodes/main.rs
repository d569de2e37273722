//! Several nodes on one database, and a database that goes away.

#[path = "../support/mod.rs"]
mod support;

mod changes;
mod cuts;
mod leases;
mod queue;
mod resources;
mod restarts;
mod server;
mod signals;
mod upkeep;
