//! What the samples of the built-in types are about: a client, her address, her passport and what
//! was found out about her, each made and changed by the rules that hold for everybody's.

use crate::{
    exact_json::{Object, Value},
    id::{ObjectId, ResourceId},
    problem::Problem,
    raise::Subject,
    resource::{
        Resource, address,
        check::{self, Grounds, NewCheck},
        client,
        document::{self, NewImage, Side, Upload},
    },
    time::Timestamp,
};

/// 2026-01-31T09:30:00.000Z: when everything was made …
const MADE: Timestamp = Timestamp::from_millis(1_769_851_800_000);

/// … and a minute later: when it last changed.
pub(super) const LATER: Timestamp = Timestamp::from_millis(1_769_851_860_000);

/// Characters of base64 that make an image of 60,000 bytes.
const IMAGE: usize = 80_000;

/// A resource, and how it was before.
type Story = (Resource, Option<Resource>);

/// What has happened, by the name of a built-in type. `None` if no story is told of it.
pub(super) fn subject(event_type: &str) -> Option<Subject> {
    let (current, previous) =
        story(event_type).expect("the samples keep the rules, as a test sees")?;
    let (current, previous) = (current.object, previous.map(|previous| previous.object));
    Some(Subject::Resource { current, previous })
}

fn story(event_type: &str) -> Result<Option<Story>, Problem> {
    Ok(match event_type {
        "client.created" | "client.deleted" => Some((client()?, None)),
        "client.updated" => {
            let changes = object([("mobile", "+447700900123".into())]);
            updated(client()?, |before| client::update(before, changes, LATER))?
        }
        "address.created" | "address.deleted" => Some((address()?, None)),
        "address.updated" => {
            let changes = object([("toDate", "2026-01-31".into())]);
            updated(address()?, |before| address::update(before, changes, LATER))?
        }
        "document.created" | "document.deleted" => Some((document()?, None)),
        "document.updated" => {
            let changes = object([("classification", "proof_of_identity".into())]);
            updated(document()?, |before| document::update(before, changes, LATER))?
        }
        "document.updated.image_uploaded" => Some((with_front(&document()?)?, Some(document()?))),
        "document.updated.image_deleted" => updated(with_front(&document()?)?, |before| {
            Ok(document::without_image(before, Side::Front, LATER))
        })?,
        "check.pending" => Some((pending()?, None)),
        "check.completed" => complete("clear")?,
        "check.failed" => updated(pending()?, |before| check::fail(before, LATER))?,
        "check.monitoring.attention" => monitored()?,
        "check.updated" => {
            let changes = object([("enableMonitoring", false.into())]);
            let Some((complete, _)) = complete("clear")? else { return Ok(None) };
            updated(complete, |before| check::update(before, changes, LATER))?
        }
        other => match other.strip_prefix("check.completed.") {
            Some(outcome) => complete(outcome)?,
            None => None,
        },
    })
}

/// How it is after `update`, and how it was before.
fn updated(
    before: Resource,
    update: impl FnOnce(&Resource) -> Result<Option<Resource>, Problem>,
) -> Result<Option<Story>, Problem> {
    Ok(update(&before)?.map(|after| (after, Some(before))))
}

fn client() -> Result<Resource, Problem> {
    let person = object([
        ("firstName", "Jane".into()),
        ("lastName", "Doe".into()),
        ("dob", "1990-05-17".into()),
        ("nationality", "GB".into()),
    ]);
    let request = object([
        ("type", "person".into()),
        ("email", "jane.doe@example.com".into()),
        ("personDetails", person.into()),
    ]);
    client::create(request, id(1), MADE)
}

fn address() -> Result<Resource, Problem> {
    let request = object([
        ("clientId", id(1).to_string().into()),
        ("type", "main".into()),
        ("propertyNumber", "221B".into()),
        ("line", "Baker Street".into()),
        ("city", "London".into()),
        ("postalCode", "NW1 6XE".into()),
        ("country", "GB".into()),
        ("fromDate", "2020-02-01".into()),
    ]);
    address::create(request, id(2), MADE)
}

fn document() -> Result<Resource, Problem> {
    let request = object([
        ("clientId", id(1).to_string().into()),
        ("type", "passport".into()),
        ("issuingCountry", "GB".into()),
    ]);
    document::create(request, id(3), MADE)
}

/// The document with an image of its front.
fn with_front(document: &Resource) -> Result<Resource, Problem> {
    let upload = object([("fileName", "passport.jpg".into()), ("data", "A".repeat(IMAGE).into())]);
    let upload = Upload::read(upload)?;
    let image = NewImage { side: Side::Front, id: id(4).0, public_url: "", at: LATER };
    Ok(document::with_image(document, &upload, image))
}

fn pending() -> Result<Resource, Problem> {
    let request = object([
        ("clientId", id(1).to_string().into()),
        ("type", "standard_screening_check".into()),
        ("enableMonitoring", true.into()),
    ]);
    let client = client()?;
    let grounds = Grounds { client: &client, document: None, due_at: None };
    check::create(NewCheck::read(request)?, grounds, id(5), MADE)
}

fn complete(outcome: &str) -> Result<Option<Story>, Problem> {
    let before = pending()?;
    let report = check::test_report(&before, outcome);
    updated(before, |before| check::complete(before, report, match_id, LATER))
}

/// The check after monitoring has found something.
fn monitored() -> Result<Option<Story>, Problem> {
    let Some((complete, _)) = complete("clear")? else { return Ok(None) };
    let found = object([("entityName", "Jane Doe".into()), ("score", 100.into())]);
    let report = object([("matches", vec![Value::from(found)].into())]);
    updated(complete, |before| check::monitoring_hit(before, report, match_id, LATER))
}

fn match_id() -> ObjectId {
    id(6).0
}

/// The id of the sample's resource of this number.
fn id(number: u8) -> ResourceId {
    let mut bytes = *b"\x5e\xb0\x4f\xcd\x0f\x3e\x36\x00\x08\x03\x5e\xb0";
    bytes[11] |= number;
    ResourceId::from_bytes(bytes)
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Object {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// For tests: what a sample tells as a change.
#[cfg(test)]
pub(super) fn change(event_type: &str) -> Option<crate::raise::Change> {
    Some(crate::raise::Change { event_type: event_type.into(), subject: subject(event_type)? })
}
