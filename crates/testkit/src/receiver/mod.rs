//! Receivers of notifications, on loopback, in the test's hand.
//!
//! [`Receiver`] speaks proper HTTP and answers as a function of each request says; it notes every
//! request before it answers. [`RawReceiver`] plays a list of [`Step`]s on each connection, and so
//! can break every rule there is; it notes every byte that it is sent. Both count connections, so
//! that a test can say "not one SYN" ([`RawReceiver::connections`] tells how).
//!
//! Nothing here sleeps: a test waits for what a receiver has noted, and a receiver waits for a
//! [`Gate`] that the test opens. The exception are steps that drip bytes, because a slow sender is
//! what they are.

mod gate;
pub mod h2_frames;
mod listen;
mod raw;
mod served;

pub use gate::Gate;
pub use raw::{RawConnection, RawReceiver, Step};
pub use served::{Received, Receiver, Reply};
