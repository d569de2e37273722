//! Samples: for each event type an event as it may happen, for trying a webhook out and for
//! showing what a type carries.
//!
//! A sample of a built-in type is made as the event itself is: resources go through the rules of
//! [`crate::resource`], the payload follows the type's rule. So it is exactly what such an event
//! looks like, and stays so when the rules change. Only its ids and times never do. A platform's
//! own type has the example of its catalogue file, or else hardly more than an `id`.

use crate::{
    catalogue::{Condition, EventType, PayloadRule, SummaryField},
    event::{Event, Raised},
    exact_json::{Object, Value},
    id::EventId,
    raise::{Subject, event_of, payload},
};

mod resources;

/// The id of every sample that is shown.
const ID: EventId = EventId::from_bytes(*b"\x5e\xb0\x4f\xcd\x0f\x3e\x36\x00\x08\x03\x5e\xb2");

/// The id of what a sample of a platform's own type is about.
const SUBJECT: &str = "5eb04fcd0f3e360008035eb1";

/// A whole event of this type, as it would be sent, always with the same id and time.
pub fn shown(event_type: &EventType) -> Event {
    Event::new(ID, &sample(event_type), resources::LATER)
}

/// An event of this type alone: neither the types that it is too, nor those that it would raise.
pub fn sample(event_type: &EventType) -> Raised {
    event_of(event_type, sample_payload(event_type))
}

fn sample_payload(event_type: &EventType) -> Value {
    if let Some(example) = &event_type.example {
        return example.clone().into();
    }
    let built_in = if event_type.built_in { resources::subject(&event_type.name) } else { None };
    let subject = built_in.unwrap_or_else(|| plain_subject(event_type));
    let made = payload(event_type, &subject).ok().flatten();
    let mut payload = made.unwrap_or_else(|| plain_resource(event_type).into());
    if let (Some(Condition { field, equals }), Value::Object(payload)) =
        (&event_type.raised_when, &mut payload)
        && !event_type.built_in
    {
        put(payload, field, equals.as_str().into());
    }
    payload
}

/// What happened to a resource of a platform's own.
fn plain_subject(event_type: &EventType) -> Subject {
    let current = plain_resource(event_type);
    if event_type.payload == PayloadRule::Given {
        return Subject::Payload(current.into());
    }
    let mut previous = current.clone();
    previous.insert("sample".into(), false.into());
    Subject::Resource { current, previous: Some(previous) }
}

/// A resource of a platform's own: of its fields no more is known than what the catalogue's file
/// asks of them.
fn plain_resource(event_type: &EventType) -> Object {
    let mut resource =
        Object::from_iter([("id".to_owned(), SUBJECT.into()), ("sample".to_owned(), true.into())]);
    if let PayloadRule::Summary(fields) = &event_type.payload {
        for field in fields {
            fill_in(&mut resource, field);
        }
    }
    resource
}

/// Gives a field of a summary something to be taken from.
fn fill_in(resource: &mut Object, field: &SummaryField) {
    if let Some(Condition { field, equals }) = &field.only_if {
        put(resource, field, equals.as_str().into());
    }
    let path = field.from.first().unwrap_or(&field.name);
    let value = match field.name.as_str() {
        "id" => SUBJECT.into(),
        name if name.ends_with("At") => resources::LATER.to_string().into(),
        name => name.into(),
    };
    if !is_there(resource, path) {
        put(resource, path, value);
    }
}

fn is_there(object: &Object, path: &str) -> bool {
    match path.split_once('.') {
        None => object.get(path).is_some(),
        Some((first, rest)) => {
            object.get(first).and_then(Value::as_object).is_some_and(|inner| is_there(inner, rest))
        }
    }
}

/// Sets what is at a path; objects on the way are made.
fn put(object: &mut Object, path: &str, value: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), value);
        return;
    };
    let mut inner = match object.remove(first) {
        Some(Value::Object(inner)) => inner,
        _ => Object::new(),
    };
    put(&mut inner, rest, value);
    object.insert(first.to_owned(), inner.into());
}

#[cfg(test)]
mod tests;
