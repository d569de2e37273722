//! Herald as its three people meet it: the real program, the real wire, the official SDKs.
//!
//! Nearly every test starts `herald` as a child process, with a configuration as an operator
//! would write one and a receiver that speaks TLS. `schedule`, `on_request`, `clock`, `retention`,
//! `rotation`, `notices` in part, `other_nodes`, `checks`, `configuration_changes`, `statistics` and
//! parts of `temporary_endpoints` have the server in their own process: days pass there, and what is
//! going on inside has to be known.
//!
//! All of it is run on both backends: here on the embedded one, in `postgres.rs` on PostgreSQL. What
//! is here only is at the end of the list.

mod support;

use herald_testkit::home::Backend;

/// What these tests run on.
pub(crate) const BACKEND: Backend = Backend::Sqlite;

mod checks;
mod clock;
mod commands;
mod concurrent_updates;
mod configuration_changes;
mod crash;
mod ending;
mod http2;
mod notices;
mod on_request;
mod portal;
mod portal_endpoints;
mod portal_hostile;
mod portal_people;
mod portal_story;
mod resources_crash;
mod retention;
mod rotation;
mod schedule;
mod sdks;
mod starting;
mod statistics;
mod story;
mod temporary_endpoints;

// About the file: the disk below it, its lock, its copies. A database on a server has none of these.
mod disk;
mod embedded;
// From the file to a database.
mod migrate_to;
// Where several nodes work on one database, the others are real: a server has them in the tests of
// `nodes`, and here they are in the test's hand.
mod other_nodes;
