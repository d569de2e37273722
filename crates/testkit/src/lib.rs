//! What Herald's tests are made with: the world around it, in the test's hand.
//!
//! Receivers that answer as a test says or break every rule ([`receiver`]), certificates to trust
//! and to refuse ([`tls`]), a DNS that says what it is told ([`names`]), a clock that stands still
//! ([`clock`]) and a chance that repeats itself ([`chance`]); and, with the feature `server`, the
//! whole of Herald among them, and other nodes beside it ([`nodes`]). Everything listens on loopback only, and nothing sleeps: a test
//! waits for what it wants to see.
//!
//! Never a normal dependency of anything.

#![warn(missing_docs)]

pub mod chance;
pub mod clock;
#[cfg(feature = "server")]
pub mod home;
pub mod names;
#[cfg(feature = "server")]
pub mod nodes;
pub mod receiver;
#[cfg(feature = "server")]
pub mod server;
pub mod tls;
