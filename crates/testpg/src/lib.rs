//! PostgreSQL for tests: a throw-away cluster, made from the installed binaries, that ends with the
//! process that made it, however that ends.
//!
//! [`Database::fresh`] is what nearly every test needs: an empty database on a cluster that all tests
//! of the process share, or on the server that [`URL`] names. A test that restarts the server, or
//! configures it, has a [`Cluster`] of its own.
//!
//! The files are in memory where the system has such a folder, so the cluster syncs as a real one
//! does, and costs no disk.

#![warn(missing_docs)]

mod cluster;
mod database;
mod proxy;

pub use cluster::{Cluster, Shutdown};
pub use database::Database;
pub use proxy::{Cut, Proxy};

/// The environment variable with the URL of a server to use instead of a throw-away cluster. Its user
/// has to be allowed to create databases.
pub const URL: &str = "HERALD_TEST_POSTGRES_URL";
