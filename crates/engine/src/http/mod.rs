//! The guarded HTTP client: one signed POST to a customer's receiver, whatever that receiver does.
//!
//! [`Client::post`] never fails; what went wrong is the attempt's answer. It takes a connection
//! that is kept open, or dials one, sends the request, and waits for the response's head, all of
//! it under one deadline. With a complete head the outcome is decided; a little of the body is read
//! for the customer's eyes, and then the connection is kept or closed.
//!
//! Three promises are kept here and nowhere else:
//!
//! * **No forbidden packet.** Only [`dial`] opens sockets, and it dials nothing but addresses that
//!   the guard has just judged. A connection is not used beyond [`PoolLimits::max_age`], so a change
//!   of the receiver's DNS is followed, and judged again.
//! * **Nothing a receiver sends costs more than its share.** The head is capped at
//!   [`HEAD_LIMIT`], the body at [`RESPONSE_BODY_KEPT`](herald_domain::attempt::RESPONSE_BODY_KEPT)
//!   bytes and [`ClientConfig::body_time`], the waiting at [`ClientConfig::deadline`].
//! * **At most one transparent retry**, and only if the receiver cannot have seen the request.
//!
//! No redirects, cookies, decompression, proxies from the environment or plaintext fallback: there
//! is no code for them.
//!
//! | file | tells |
//! |---|---|
//! | `client` | the life of one attempt |
//! | `destination` | a judged URL, ready to be written on the wire |
//! | `resolve` | names to addresses |
//! | `dial` | from a destination to a connection: judge, connect, secure |
//! | `tls` | whom to trust, and what to say about a certificate that is not |
//! | `wire` | the socket, and the fresh look at it before a connection is used again |
//! | `connection` | one HTTP/1.1 or HTTP/2 connection, and sending on it |
//! | `pool` | connections kept open between attempts |
//! | `body` | the little that is read of a response |
//! | `failure` | what went wrong, in the classes and words of an attempt |

mod body;
mod client;
mod connection;
mod destination;
mod dial;
mod failure;
mod pool;
mod resolve;
mod tls;
mod wire;

pub use client::{Client, ClientConfig, Exchange, Request};
pub use connection::HEAD_LIMIT;
pub use destination::Destination;
pub use pool::PoolLimits;
pub use resolve::{Resolve, ResolveError, ResolverProblem, SystemResolver};
pub use tls::ClientProblem;
