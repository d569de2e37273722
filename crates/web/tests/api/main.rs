//! The API as a client sees it: requests in, answers out, against a real engine on a real
//! embedded store. Nothing is dispatched; what an attempt leads to is recorded by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

mod access;
mod accounts;
mod deliveries;
mod documentation;
mod events;
mod hostile;
mod lists;
mod publish;
mod support;
mod webhooks;
mod wire;
