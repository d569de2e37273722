//! The events that the benchmark sends: 1,024 bytes each, with a number inside that tells them apart.
//!
//! An event tells that a client was created; the client's id is the event's number. So the number
//! goes in with a publication and comes out of a notification, and nothing else has to tie the two
//! together. The padding is sized by the code that makes Herald's events, not by a constant here.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use herald_domain::{
    catalogue::Catalogue,
    event::Event,
    exact_json::{self, Value},
    id::EventId,
    raise::{Change, Subject, raise},
    time::Timestamp,
};

/// Bytes of an event as it is sent.
pub(crate) const EVENT_SIZE: usize = 1_024;

/// The type of every event.
pub(crate) const EVENT_TYPE: &str = "client.created";

/// What stands before the number in a notification: an id between these two.
const BEFORE_ID: &[u8] = br#"{"id":""#;
const ID_TO_NUMBER: &[u8] =
    br#"","type":"client.created","resourceType":"client","payload":{"id":""#;

/// Hex digits of an id, and so of a number.
const DIGITS: usize = 24;

/// An event's number as the id of its client.
pub(crate) fn digits(number: u64) -> String {
    format!("{number:024x}")
}

/// The number of the event in a notification's body; `None` if it is not one of ours.
pub(crate) fn number_of(body: &[u8]) -> Option<u64> {
    let rest = body.strip_prefix(BEFORE_ID)?.get(DIGITS..)?.strip_prefix(ID_TO_NUMBER)?;
    let digits = std::str::from_utf8(rest.get(..DIGITS)?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

/// The client that event `number` is about, as a JSON text.
fn client(number: u64, padding: usize) -> String {
    let (id, padding) = (digits(number), "x".repeat(padding));
    format!(
        r#"{{"id":"{id}","type":"person","entityName":"John Doe","email":"john.doe@example.com","mobile":"+447700900000","joinedDate":"2020-01-01","personDetails":{{"firstName":"John","lastName":"Doe","dob":"1990-01-01","nationality":"GB"}},"metadata":{{"padding":"{padding}"}}}}"#
    )
}

/// The request that makes client `number`, as a JSON text: each is told from the others by its
/// email, its last name and its external id.
pub(crate) fn new_client(number: u64) -> String {
    let id = digits(number);
    format!(
        r#"{{"type":"person","email":"{id}@example.com","mobile":"+447700900000","externalId":"{id}","joinedDate":"2020-01-01","personDetails":{{"firstName":"John","lastName":"{id}","dob":"1990-01-01","nationality":"GB"}},"metadata":{{"plan":"gold"}}}}"#
    )
}

/// The client of an event that is [`EVENT_SIZE`] long.
pub(crate) fn padded_client(number: u64) -> Result<String> {
    let bare = notification(EventId::from_bytes([0; 12]), &client(number, 0))?.len();
    let padding = EVENT_SIZE.checked_sub(bare).context("an event without padding is too long")?;
    Ok(client(number, padding))
}

/// The bytes that Herald would send about this client.
pub(crate) fn notification(id: EventId, client: &str) -> Result<Bytes> {
    let Value::Object(current) = exact_json::parse(client.as_bytes())? else {
        anyhow::bail!("a client is a JSON object");
    };
    let subject = Subject::Resource { current, previous: None };
    let change = Change { event_type: EVENT_TYPE.into(), subject };
    let raised = raise(&Catalogue::built_in(), &change)?;
    let raised = raised.first().context("creating a client raises an event")?;
    Ok(Event::new(id, raised, Timestamp::default()).body)
}

/// Text with a number in it, which can be stamped anew without being made anew.
#[derive(Clone, Debug)]
pub(crate) struct Numbered {
    text: Vec<u8>,
    at: Vec<usize>,
}

impl Numbered {
    /// Takes text that has the number 0 in it.
    pub(crate) fn new(text: Vec<u8>) -> Result<Self> {
        let zero = digits(0).into_bytes();
        // From behind: a notification begins with an id, which may be zero as well.
        let at = text.windows(DIGITS).rposition(|window| window == zero);
        Ok(Self { at: vec![at.context("the text has no number")?], text })
    }

    /// Takes text that has the number 0 in it, perhaps several times.
    pub(crate) fn everywhere(text: Vec<u8>) -> Self {
        let zero = digits(0).into_bytes();
        let windows = text.windows(DIGITS).enumerate();
        let at = windows.filter_map(|(at, window)| (window == zero).then_some(at)).collect();
        Self { text, at }
    }

    /// The text with this number in it.
    pub(crate) fn stamped(&mut self, number: u64) -> &[u8] {
        for at in &self.at {
            let mut rest = number;
            for digit in self.text[*at..*at + DIGITS].iter_mut().rev() {
                *digit = b"0123456789abcdef"[usize::try_from(rest & 15).unwrap_or_default()];
                rest >>= 4;
            }
        }
        &self.text
    }
}

#[cfg(test)]
mod tests;
