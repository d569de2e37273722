//! What receivers may do to the HTTP client, and what must be seen of it.
//!
//! Each module is a group of faults. All of them talk to real sockets on loopback; those in which a
//! receiver hangs use deadlines of a fraction of a second.

#[path = "receiver_faults/support.rs"]
mod support;

#[path = "receiver_faults/bodies.rs"]
mod bodies;
#[path = "receiver_faults/broken.rs"]
mod broken;
#[path = "receiver_faults/certificates.rs"]
mod certificates;
#[path = "receiver_faults/http2.rs"]
mod http2;
#[path = "receiver_faults/reuse.rs"]
mod reuse;
#[path = "receiver_faults/silent.rs"]
mod silent;
#[path = "receiver_faults/statuses.rs"]
mod statuses;
