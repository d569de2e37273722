//! Events: facts about a change, whose bytes are fixed when they are accepted.
//!
//! What is stored is what is signed is what is sent, on every attempt (promise 5). So an event is
//! its body; nothing is kept beside it that the body could contradict.

use bytes::Bytes;

use crate::{
    exact_json::{Object, Value, write_string},
    id::EventId,
    time::Timestamp,
};

/// A fact about a change, ready to be stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Names it; a listener skips an id that it has seen.
    pub id: EventId,
    /// A name of the catalogue.
    pub event_type: String,
    /// What kind of resource it is about.
    pub resource_type: String,
    /// When the change happened.
    pub created_at: Timestamp,
    /// The JSON that is stored, signed and sent: a fixed point of JavaScript's parse and
    /// stringify.
    pub body: Bytes,
}

impl Event {
    /// Fixes the bytes. The envelope's order is `id, type, resourceType, payload, createdAt`.
    pub fn new(id: EventId, raised: &Raised, created_at: Timestamp) -> Self {
        let mut body = Vec::with_capacity(256 + raised.size_hint);
        let text = |label: &str, value: &str, body: &mut Vec<u8>| {
            body.extend_from_slice(label.as_bytes());
            write_string(value, body);
        };
        text("{\"id\":", &id.to_string(), &mut body);
        text(",\"type\":", &raised.event_type, &mut body);
        text(",\"resourceType\":", &raised.resource_type, &mut body);
        body.extend_from_slice(b",\"payload\":");
        raised.payload.write(&mut body);
        text(",\"createdAt\":", &created_at.to_string(), &mut body);
        body.push(b'}');
        Self {
            id,
            event_type: raised.event_type.clone(),
            resource_type: raised.resource_type.clone(),
            created_at,
            body: body.into(),
        }
    }
}

/// What a change raised, before it has an id and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// A name of the catalogue.
    pub event_type: String,
    /// What kind of resource it is about.
    pub resource_type: String,
    /// What the payload rule made of the resource.
    pub payload: Value,
    /// About how many bytes the payload takes, so that the body is allocated once.
    pub size_hint: usize,
}

/// The payload inside a stored body, for people to read. `None` if the body is not an event's.
pub fn payload_of(body: &[u8]) -> Option<Value> {
    let Ok(Value::Object(mut envelope)) = crate::exact_json::parse(body) else { return None };
    Object::remove(&mut envelope, "payload")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact_json;

    #[test]
    fn the_envelope_has_its_documented_order_and_exact_bytes() {
        let raised = Raised {
            event_type: "client.updated".into(),
            resource_type: "client".into(),
            payload: exact_json::parse(r#"{"b": 1.0, "a": "\u00e9/"}"#.as_bytes()).unwrap(),
            size_hint: 0,
        };
        let id = "5eb04fcd0f3e360008035eb2".parse().unwrap();
        let event = Event::new(id, &raised, Timestamp::from_millis(1_588_923_727_123));
        assert_eq!(
            std::str::from_utf8(&event.body).unwrap(),
            "{\"id\":\"5eb04fcd0f3e360008035eb2\",\"type\":\"client.updated\",\
             \"resourceType\":\"client\",\"payload\":{\"b\":1,\"a\":\"é/\"},\
             \"createdAt\":\"2020-05-08T07:42:07.123Z\"}"
        );
        assert_eq!(payload_of(&event.body), Some(raised.payload));
    }
}
