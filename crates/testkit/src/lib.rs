//! What Herald's tests are made with: the world around it, in the test's hand.
//!
//! Receivers that answer as a test says or break every rule ([`receiver`]), certificates to trust
//! and to refuse ([`tls`]), and a DNS that says what it is told ([`names`]). Everything listens on
//! loopback only, and nothing sleeps: a test waits for what it wants to see.
//!
//! Never a normal dependency of anything.

#![warn(missing_docs)]

pub mod names;
pub mod receiver;
pub mod tls;
