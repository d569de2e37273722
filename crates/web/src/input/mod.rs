//! What comes in: keys, ids in the path, bodies and their fields, questions in the query.
//!
//! Everything that a client sends is read by a module here and nowhere else, so that no hostile
//! spelling meets a second opinion. A handler lists what it needs as parameters, the key first:
//! nobody without one learns anything from the other checks.

mod auth;
mod body;
mod fields;
mod path;
mod query;

pub(crate) use auth::{EnvironmentKey, OperatorKey, access};
pub(crate) use body::{Body, IMAGE, SMALL, whole};
pub(crate) use fields::{
    BOOLEAN, Fields, ID, Kind, MODE, OBJECT, TEXT, TEXTS, TIME, URL, VALUE, WHOLE, object_of,
};
pub(crate) use path::{
    AddressId, CheckId, ClientId, DocumentId, PathId, PathSide, PathToken, clipped,
};
pub(crate) use query::Query;
