//! Resources: an account's clients, and their addresses, documents and checks.
//!
//! A resource is its JSON object, as an event is its body: what the API answers, what events carry
//! and what a store keeps is the same object, with its members in the documented order and
//! nothing absent written as null. Each kind has a [`Shape`], the table of its fields, and a module
//! with what a table cannot say:
//!
//! - [`client`]: a person or a company, named after its details;
//! - [`address`]: of a client;
//! - [`document`]: of a client, with an image of each side;
//! - [`check`]: of a client; pending until a result or a failure is reported, then validated by
//!   people.
//!
//! A request becomes the resource as it is afterwards ([`Resource`]), or a problem. What events
//! follow from it is [`crate::raise`]'s: [`Resource::change`] says what has happened.

pub mod address;
pub mod check;
pub mod client;
mod country;
pub mod document;
pub mod shape;

use std::borrow::Cow;

use crate::{
    exact_json::{Object, Value},
    id::ResourceId,
    raise::{Change, Subject},
    time::Timestamp,
};
use shape::{Field, Origin, Rule, Shape};

/// The kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Whom an account deals with.
    Client = 0,
    /// Where a client is.
    Address = 1,
    /// What proves something about a client.
    Document = 2,
    /// What was found out about a client.
    Check = 3,
}

impl Kind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Client, Self::Address, Self::Document, Self::Check];

    /// The word in messages, and the events' `resourceType`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Address => "address",
            Self::Document => "document",
            Self::Check => "check",
        }
    }

    /// The table of its fields.
    pub const fn shape(self) -> &'static Shape {
        match self {
            Self::Client => &client::CLIENT,
            Self::Address => &address::ADDRESS,
            Self::Document => &document::DOCUMENT,
            Self::Check => &check::CHECK,
        }
    }

    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// A resource as it is at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Which kind.
    pub kind: Kind,
    /// Its id.
    pub id: ResourceId,
    /// All of it, in the documented order; `id`, `createdAt` and `updatedAt` are in it too.
    pub object: Object,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When somebody has to see to it: a pending check of the test environment completes then.
    pub due_at: Option<Timestamp>,
}

/// What lists can be filtered by: a field's path, and the text that it has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute<'a> {
    /// With dots: `personDetails.lastName`.
    pub path: Cow<'a, str>,
    /// Its text.
    pub value: Cow<'a, str>,
}

impl Resource {
    /// A new resource of these fields, which [`Shape::read`] has read.
    pub(crate) fn new(kind: Kind, id: ResourceId, fields: Object, at: Timestamp) -> Self {
        let object = compose(kind, id, fields, (at, at));
        Self { kind, id, object, created_at: at, updated_at: at, due_at: None }
    }

    /// A resource from the object that a store kept. `None` if it is not one.
    pub fn from_stored(kind: Kind, object: Object, due_at: Option<Timestamp>) -> Option<Self> {
        let text = |name| object.get(name).and_then(Value::as_str);
        let id = text("id")?.parse().ok()?;
        let created_at = text("createdAt")?.parse().ok()?;
        let updated_at = text("updatedAt")?.parse().ok()?;
        Some(Self { kind, id, object, created_at, updated_at, due_at })
    }

    /// This resource with these fields instead of its own; `None` if they are the same. It never
    /// changed before it last did: whose clock is behind takes over that time.
    pub(crate) fn with(&self, fields: Object, at: Timestamp) -> Option<Self> {
        let times = (self.created_at, self.updated_at);
        if compose(self.kind, self.id, fields.clone(), times) == self.object {
            return None;
        }
        let at = at.max(self.updated_at);
        let object = compose(self.kind, self.id, fields, (self.created_at, at));
        Some(Self { object, updated_at: at, ..self.clone() })
    }

    /// The text at a path, such as `personDetails.lastName`.
    pub fn text(&self, path: &str) -> Option<&str> {
        let mut names = path.split('.');
        let first = self.object.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))?.as_str()
    }

    /// Whose it is; `None` for a client.
    pub fn client(&self) -> Option<ResourceId> {
        self.text("clientId")?.parse().ok()
    }

    /// What lists can find it by.
    pub fn attributes(&self) -> Vec<Attribute<'_>> {
        let mut found = Vec::new();
        collect(self.kind.shape(), &self.object, "", &mut found);
        found
    }

    /// That this has happened to it; `previous` is how it was before an update.
    pub fn change(&self, event_type: &str, previous: Option<&Self>) -> Change {
        let (current, previous) = (self.object.clone(), previous.map(|old| old.object.clone()));
        Change {
            event_type: event_type.to_owned(),
            subject: Subject::Resource { current, previous },
        }
    }
}

/// The whole object: `id`, the fields in their order, `createdAt`, `updatedAt`.
fn compose(
    kind: Kind,
    id: ResourceId,
    mut fields: Object,
    (created_at, updated_at): (Timestamp, Timestamp),
) -> Object {
    fields.insert("id".into(), id.to_string().into());
    fields.insert("createdAt".into(), created_at.to_string().into());
    fields.insert("updatedAt".into(), updated_at.to_string().into());
    kind.shape().arrange(fields)
}

fn collect<'a>(shape: &Shape, object: &'a Object, within: &str, found: &mut Vec<Attribute<'a>>) {
    for field in shape.0.iter().filter(|field| field.filter) {
        let Some(value) = object.get(field.name) else { continue };
        let path = if within.is_empty() {
            Cow::Borrowed(field.name)
        } else {
            Cow::Owned(format!("{within}.{}", field.name))
        };
        match (field.rule, value) {
            (Rule::Details(details), Value::Object(inner)) => {
                collect(details, inner, &path, found);
            }
            (Rule::Metadata, Value::Object(entries)) => {
                found.extend(entries.iter().filter_map(|(key, value)| {
                    let value = Cow::Borrowed(value.as_str()?);
                    Some(Attribute { path: format!("{path}.{key}").into(), value })
                }));
            }
            (_, Value::String(text)) => found.push(Attribute { path, value: text.into() }),
            _ => {}
        }
    }
}

/// The field `id`, of every kind.
const ID: Field = own("id", Rule::Text, "Its id.");
/// The field `createdAt`, of every kind.
const CREATED_AT: Field = own("createdAt", Rule::Time, "When it was made.");
/// The field `updatedAt`, of every kind.
const UPDATED_AT: Field = own("updatedAt", Rule::Time, "When it last changed.");
/// The field `clientId`, of all that belongs to a client.
const CLIENT_ID: Field = required("clientId", Rule::Text, "Whose it is.").fixed().filter();

const fn own(name: &'static str, rule: Rule, about: &'static str) -> Field {
    Field { name, rule, origin: Origin::Own, filter: false, about }
}

const fn required(name: &'static str, rule: Rule, about: &'static str) -> Field {
    Field { name, rule, origin: Origin::Required, filter: false, about }
}

const fn optional(name: &'static str, rule: Rule, about: &'static str) -> Field {
    Field { name, rule, origin: Origin::Optional, filter: false, about }
}

impl Field {
    /// This field, and it cannot be changed.
    const fn fixed(mut self) -> Self {
        self.origin = Origin::Fixed;
        self
    }

    /// This field, and lists can be filtered by it.
    const fn filter(mut self) -> Self {
        self.filter = true;
        self
    }
}

#[cfg(test)]
mod tests;
