//! The rules of Herald: what an event is, who gets it, what its bytes are, when a delivery is
//! tried again and when it is given up, which addresses may be dialled.
//!
//! Values in, values out. Nothing here waits, reads a clock, rolls a die, talks SQL or HTTP: time
//! and chance are arguments, so every rule can be proved by a table or a property test.

pub mod exact_json;
pub mod guard;
