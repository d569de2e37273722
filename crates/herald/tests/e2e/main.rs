//! Herald as its three people meet it: the real program, the real wire, the official SDKs.
//!
//! Nearly every test starts `herald` as a child process, with a configuration as an operator
//! would write one and a receiver that speaks TLS. `schedule`, `on_request`, `clock`, `retention`,
//! `rotation`, `notices` in part, `other_nodes`, `checks`, `configuration_changes`, `statistics` and
//! parts of `temporary_endpoints` have the server in their own process: days pass there, and what is
//! going on inside has to be known.

mod support;

mod checks;
mod clock;
mod commands;
mod concurrent_updates;
mod configuration_changes;
mod crash;
mod disk;
mod ending;
mod http2;
mod notices;
mod on_request;
mod other_nodes;
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
