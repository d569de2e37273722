//! Checks: what was found out about a client.
//!
//! A check is pending until somebody reports its result or its failure: in the live environment
//! the platform's own engine, in the test environment Herald itself ([`verdict`]). What was found
//! is then validated by people: each match of a screening for itself, other checks as a whole.

use super::{
    CLIENT_ID, CREATED_AT, ID, Kind, Resource, UPDATED_AT, client, document,
    document::Side,
    optional, own, required,
    shape::{Rule, Shape, given, missing},
};
use crate::{
    exact_json::{Object, Value},
    id::ResourceId,
    problem::Problem,
    time::Timestamp,
};

mod report;
pub mod validation;

pub use report::{complete, fail, monitoring_hit};
pub use validation::{Validation, validate};

/// A check.
pub const CHECK: Shape = Shape(&[
    ID,
    CLIENT_ID,
    own("entityName", Rule::Text, "The client's name when the check was made."),
    required("type", Rule::Word(TYPES), "What is to be found out.").fixed().filter(),
    own("status", Rule::Word(&["pending", "complete", "failed"]), "Where it stands.").filter(),
    optional("documentId", Rule::Text, "Its document, for the types that look at one.").filter(),
    optional("addressId", Rule::Text, "Its address, for the types that look at one."),
    optional("livePhotoId", Rule::Text, "Its live photo, as your platform names it.").filter(),
    optional("liveVideoId", Rule::Text, "Its live video, as your platform names it."),
    optional("enableMonitoring", Rule::Flag, "Whether a screening goes on watching; else false."),
    optional("options", Rule::Anything, "For the engine that carries it out."),
    optional("clientConsent", Rule::Flag, "Whether the client consented."),
    own("result", Rule::Details(&RESULT), "What was found; only when it is complete.").filter(),
    CREATED_AT,
    UPDATED_AT,
]);

/// What was found.
const RESULT: Shape = Shape(&[
    own("outcome", Rule::Word(OUTCOMES), "The outcome of all.").filter(),
    own("breakdown", Rule::Anything, "What it rests on; of a screening, `summary` and `matches`."),
    own("validation", Rule::Anything, "What a person said of it: `outcome` and `comment`."),
]);

/// What can be found out.
const TYPES: &[&str] = &[
    STANDARD_SCREENING,
    EXTENSIVE_SCREENING,
    DOCUMENT_CHECK,
    "identity_check",
    "enhanced_identity_check",
    "proof_of_address_check",
    "multi_bureau_check",
    "eid_check",
    "ssn_check",
    "age_estimation_check",
    "identity_fraud_check",
    "driving_license_check",
    "device_intelligence_check",
    "email_intelligence_check",
    "mobile_intelligence_check",
    "face_authentication_check",
];

const STANDARD_SCREENING: &str = "standard_screening_check";
const EXTENSIVE_SCREENING: &str = "extensive_screening_check";
const DOCUMENT_CHECK: &str = "document_check";

/// The types that look at a document.
const OF_A_DOCUMENT: &[&str] = &[
    DOCUMENT_CHECK,
    "identity_check",
    "enhanced_identity_check",
    "proof_of_address_check",
    "driving_license_check",
];

/// What a check may come to. `not_processed` has no event type of its own.
pub const OUTCOMES: &[&str] =
    &["clear", "attention", "rejected", "match_confirmed", "not_processed"];

/// A check that a request asks for, before what it refers to was looked up.
#[derive(Clone, Debug)]
pub struct NewCheck {
    fields: Object,
}

impl NewCheck {
    /// Reads the request.
    pub fn read(request: Object) -> Result<Self, Problem> {
        let mut fields = CHECK.read(request)?;
        let check_type = fields.get("type").and_then(Value::as_str).unwrap_or_default();
        if OF_A_DOCUMENT.contains(&check_type) && fields.get("documentId").is_none() {
            return Err(missing("documentId"));
        }
        if fields.get("enableMonitoring").is_none() {
            fields.insert("enableMonitoring".into(), false.into());
        }
        Ok(Self { fields })
    }

    /// What this field refers to, such as `documentId`.
    pub fn refers_to(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }
}

/// What a new check rests on.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// Whom it is about.
    pub client: &'a Resource,
    /// The client's document that it looks at, if it does.
    pub document: Option<&'a Resource>,
    /// When it completes by itself, in the test environment.
    pub due_at: Option<Timestamp>,
}

/// The pending check.
pub fn create(
    new: NewCheck,
    grounds: Grounds<'_>,
    id: ResourceId,
    at: Timestamp,
) -> Result<Resource, Problem> {
    let NewCheck { mut fields } = new;
    if fields.get("type").and_then(Value::as_str) == Some(DOCUMENT_CHECK) {
        grounds.document.map(check_document).transpose()?;
    }
    let name = grounds.client.text("entityName").unwrap_or_default();
    fields.insert("entityName".into(), name.into());
    fields.insert("status".into(), "pending".into());
    let check = Resource::new(Kind::Check, id, fields, at);
    Ok(Resource { due_at: grounds.due_at, ..check })
}

/// A document that is checked has to say where it is from, and show its front.
fn check_document(document: &Resource) -> Result<(), Problem> {
    if document.text("issuingCountry").is_none() {
        let message = "the document needs an 'issuingCountry' before it can be checked";
        return Err(Problem::unprocessable("document_requires_issuing_country", message));
    }
    if document::image(document, Side::Front).is_none() {
        let message = "the document needs an image of its front before it can be checked";
        return Err(Problem::unprocessable("document_requires_front_image", message));
    }
    Ok(())
}

/// The check after an update; `None` if it changes nothing. Only a screening can be updated, only
/// once it is complete, and only its `enableMonitoring`.
pub fn update(
    check: &Resource,
    mut request: Object,
    at: Timestamp,
) -> Result<Option<Resource>, Problem> {
    let refused = |message: &str| Err(Problem::unprocessable("invalid_check_update", message));
    if !is_screening(check) {
        return refused("only screening checks can be updated");
    }
    check_not_pending(check)?;
    if status(check) != "complete" {
        return refused("a check that has failed cannot be updated");
    }
    let flag = given(&mut request, "enableMonitoring");
    let writable = CHECK.0.iter().filter(|field| field.origin != super::Origin::Own);
    for field in writable {
        let differs = |news: &Value| Some(news) != check.object.get(field.name);
        if given(&mut request, field.name).as_ref().is_some_and(differs) {
            return refused("only 'enableMonitoring' of a check can be updated");
        }
    }
    let mut fields = check.object.clone();
    match flag {
        None => return Ok(None),
        Some(flag @ Value::Bool(_)) => fields.insert("enableMonitoring".into(), flag),
        Some(_) => {
            let message = "'enableMonitoring' should be a boolean";
            return Err(Problem::invalid("enableMonitoring", message));
        }
    };
    Ok(check.with(fields, at))
}

/// What the test environment finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A result with this outcome.
    Outcome(&'static str),
    /// The check fails.
    Failure,
}

/// What the test environment finds out about a client, by its last name. Without a client, which
/// was deleted meanwhile, a check fails.
pub fn verdict(client: Option<&Resource>) -> Verdict {
    let Some(client) = client else { return Verdict::Failure };
    match client::last_name(client).unwrap_or_default().to_ascii_lowercase().as_str() {
        "attention" => Verdict::Outcome("attention"),
        "failed" => Verdict::Outcome("not_processed"),
        "rejected" => Verdict::Outcome("rejected"),
        "error" => Verdict::Failure,
        _ => Verdict::Outcome("clear"),
    }
}

/// What the test environment reports: the outcome, and of a screening that needs attention a
/// match to look at.
pub fn test_report(check: &Resource, outcome: &str) -> Object {
    let object = |fields: Vec<(&str, Value)>| -> Object {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    };
    let mut report = object(vec![("outcome", outcome.into())]);
    if is_screening(check) {
        let name = check.text("entityName").unwrap_or_default();
        let found = object(vec![("entityName", name.into()), ("score", 100.into())]);
        let matches = if outcome == "attention" { vec![found.into()] } else { Vec::new() };
        let media = if check.text("type") == Some(EXTENSIVE_SCREENING) {
            outcome
        } else {
            "not_processed" // a standard screening does not look at it
        };
        let summary = object(vec![
            ("politicalExposure", outcome.into()),
            ("watchlist", outcome.into()),
            ("adverseMedia", media.into()),
        ]);
        let breakdown = object(vec![("summary", summary.into()), ("matches", matches.into())]);
        report.insert("breakdown".into(), breakdown.into());
    }
    report
}

/// Whether a check looks a client up in lists.
pub fn is_screening(check: &Resource) -> bool {
    matches!(check.text("type"), Some(STANDARD_SCREENING | EXTENSIVE_SCREENING))
}

/// The check's outcome, once it has a result.
pub fn outcome(check: &Resource) -> Option<&str> {
    check.text("result.outcome")
}

fn status(check: &Resource) -> &str {
    check.text("status").unwrap_or_default()
}

fn check_not_pending(check: &Resource) -> Result<(), Problem> {
    if status(check) == "pending" {
        let message = "the check is pending; it can be changed when it is complete";
        return Err(Problem::unprocessable("pending_check_unmodifiable", message));
    }
    Ok(())
}

/// The check with another result.
fn with_result(check: &Resource, result: Object, at: Timestamp) -> Option<Resource> {
    let mut fields = check.object.clone();
    fields.insert("result".into(), RESULT.arrange(result).into());
    check.with(fields, at)
}
