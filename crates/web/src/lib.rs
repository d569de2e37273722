//! What people and programs see of Herald: the JSON API, the operator's API, the status pages and
//! the documentation, and the [`portal`], over HTTP/1.1.
//!
//! A request passes [`serve`]'s connection, then one [`frame`] around everything, then the
//! [`routes`]; its handler names in its parameters what it needs, and [`input`] reads that: the
//! key first. Handlers are thin: they turn a request into a call of the engine and its answer into
//! JSON. One file is one operation, named as its URL is (`v1/webhooks/create.rs`).
//!
//! What it leaves to others: every rule and every write is the engine's; connections to anywhere
//! else never start here. What it keeps: the wire, meaning names, order, envelopes, refusals.
//!
//! # To add an operation
//!
//! 1. Write its file beside its kin: the handler, and a `#[utoipa::path]` that describes it with
//!    its `security`.
//! 2. Add it to the `router` of its area (`v1/mod.rs`, `operator/mod.rs`).
//! 3. Run `UPDATE_OPENAPI=1 cargo test -p herald-web openapi`, and read the difference.
//! 4. Write its tests. Who may not use it is tested already: those tests go by the description.

#![warn(missing_docs)]

mod aside;
mod description;
mod docs;
mod error;
mod frame;
mod incoming;
mod input;
mod list;
mod operator;
mod portal;
mod resource;
mod routes;
mod server;
mod status;
mod v1;
mod watching;

pub use portal::portal_forms;
pub use routes::{openapi, router, status_router};
pub use server::{ServerLimits, serve, serve_within};

/// What is configured of the web layer.
#[derive(Clone, Debug, Default)]
pub struct WebOptions {
    /// Where people reach Herald, such as `https://hooks.example.com`; shown in the
    /// documentation, so that what is copied from there works.
    pub public_url: Option<String>,
}
