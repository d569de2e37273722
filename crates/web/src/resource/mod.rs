//! What the operations on clients, addresses, documents and checks have in common.
//!
//! A resource is its JSON object: it comes in as one ([`crate::input::object_of`]) and goes out as
//! one ([`Shown`]). Its fields stand in one table, the domain's `Shape`; the description of its
//! bodies ([`schema`]) and of its lists ([`filters`]) is made of that table, and lists are
//! filtered by it.

pub(crate) mod filters;
pub(crate) mod schema;

use axum::response::{IntoResponse, Response};
use herald_domain::{
    exact_json::{Object, Value},
    resource::Resource,
};
use http::header;

/// An answer that is an object, written in JavaScript's spelling.
#[derive(Debug)]
pub(crate) struct Shown(Vec<u8>);

impl From<Object> for Shown {
    fn from(object: Object) -> Self {
        Self(Value::Object(object).to_bytes())
    }
}

impl From<Resource> for Shown {
    fn from(resource: Resource) -> Self {
        resource.object.into()
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
