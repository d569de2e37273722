//! The portal as a browser sees it: requests in, pages out, against a real engine on a real embedded
//! store, with the clock in the test's hand. Nothing is dispatched; what an attempt leads to is
//! recorded by hand. What a real browser makes of the pages is tested in `herald`'s `e2e`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

mod changes;
mod endpoints;
mod on_request;
mod pages;
mod refusals;
mod sessions;
mod support;
