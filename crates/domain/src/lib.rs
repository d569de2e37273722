//! The rules of Herald: what an event is, who gets it, what its bytes are, when a delivery is
//! tried again and when it is given up, which addresses may be dialled.
//!
//! Values in, values out. Nothing here waits, reads a clock, rolls a die, talks SQL or HTTP: time
//! and chance are arguments, so every rule can be proved by a table or a property test.
//!
//! The life of an event, in modules: a [`resource`] changes; a [`catalogue`] names the types and their payload rules;
//! [`raise`] turns one change into events with fixed bytes ([`event`], [`exact_json`]);
//! [`fan_out`] matches them to [`webhook`]s; [`delivery`] decides after each attempt, by the
//! [`schedule`]; [`signature`] signs, during a [`rotation`] with two secrets, and the [`doctor`] says
//! what is wrong with a signature; [`notice`] tells the operator of webhooks that fail; [`guard`] says where a request may go;
//! [`hidden`], which characters of a stranger's text are not shown as they are.

#![warn(missing_docs)]

pub mod account;
pub mod attempt;
pub mod catalogue;
pub mod delivery;
pub mod doctor;
pub mod endpoint;
pub mod event;
pub mod exact_json;
pub mod fan_out;
pub mod guard;
pub mod hidden;
pub mod id;
pub mod notice;
pub mod problem;
pub mod raise;
pub mod resource;
pub mod rotation;
pub mod samples;
pub mod schedule;
pub mod session;
pub mod signature;
pub mod statistics;
pub mod time;
pub mod webhook;
pub mod why;
