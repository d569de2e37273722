//! Several processes of the real program on one PostgreSQL database, as an operator runs them behind
//! a load balancer: one is killed, halted, cut off, started again, has a wrong clock, does only a part
//! of the work.
//!
//! What a single store does among others is proved in `store-postgres`, what an engine does in
//! `engine`; here is what can only be seen from outside, by who publishes and by who receives.

#[allow(dead_code, reason = "the end-to-end tests of one process use the rest")]
#[path = "../e2e/support/mod.rs"]
mod support;

/// What a single process would run on: a fleet brings a database of its own.
pub(crate) const BACKEND: herald_testkit::home::Backend = herald_testkit::home::Backend::Sqlite;

mod fleet;
mod flow;
mod inbox;

mod changes;
mod clocks;
mod halted;
mod kills;
mod restarts;
mod roles;
mod rolling;
mod sharing;
