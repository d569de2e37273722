//! Whether a signature is right, and the most helpful reason why it is not.
//!
//! A signature that does not fit tells nothing by itself. But Herald sends every body in the one
//! spelling that JavaScript would choose: a body that fits once it is spelled so again was
//! re-serialised on its way, a body that is spelled otherwise was changed, and one that looks
//! untouched points to the secret.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use clap::ValueEnum;
use herald_domain::{
    exact_json::{self, Object, Value},
    id::EventId,
    signature::{Secret, Signer, complycube_signature},
    time::Timestamp,
};

use super::Headers;

/// Which of a notification's signatures counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheme {
    /// `Complycube-Signature`
    Complycube,
    /// `Webhook-Signature`, with its id and timestamp
    Standard,
    /// Each that is there
    Auto,
}

/// What is to be judged.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) secret: &'a str,
    pub(crate) scheme: Scheme,
    pub(crate) headers: &'a Headers,
    pub(crate) body: &'a [u8],
    /// When it came.
    pub(crate) now: Timestamp,
    /// How far the timestamp may be off.
    pub(crate) tolerance: Duration,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// `complycube`, `standard`, or both with a `+`.
    pub(crate) scheme: &'static str,
    /// Why it is not valid.
    pub(crate) problem: Option<Problem>,
}

/// Why a signature is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// For programs.
    pub(crate) kind: &'static str,
    /// One sentence for people.
    pub(crate) explanation: String,
}

impl Problem {
    fn new(kind: &'static str, explanation: impl Into<String>) -> Self {
        Self { kind, explanation: explanation.into() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            None => write!(f, "valid ({})", self.scheme),
            Some(problem) => write!(f, "not valid ({}): {}", self.scheme, problem.explanation),
        }
    }
}

const COMPLYCUBE: &str = "Complycube-Signature";
const STANDARD: [&str; 3] = ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"];

/// Judges a notification.
pub(crate) fn judge(question: &Question<'_>) -> Verdict {
    let verdict = |scheme, judged: Result<(), Problem>| Verdict { scheme, problem: judged.err() };
    let has = |name: &&str| question.headers.get(name).is_some();
    match question.scheme {
        Scheme::Complycube => verdict("complycube", complycube(question)),
        Scheme::Standard => verdict("standard", standard(question)),
        Scheme::Auto => match (has(&COMPLYCUBE), STANDARD.iter().any(has)) {
            (true, true) => both(complycube(question), standard(question)),
            (false, true) => verdict("standard", standard(question)),
            (true, false) => verdict("complycube", complycube(question)),
            (false, false) => {
                let what = "there is neither a Complycube-Signature nor a Webhook-Signature among \
                            the headers";
                verdict("none", Err(Problem::new("missing", what)))
            }
        },
    }
}

/// Both are there, so both have to be right; how one is wrong tells about the other.
fn both(complycube: Result<(), Problem>, standard: Result<(), Problem>) -> Verdict {
    let (scheme, problem) = match (complycube, standard) {
        (Ok(()), Ok(())) => return Verdict { scheme: "complycube+standard", problem: None },
        (Err(problem), Ok(())) if problem.kind == "wrong_secret" => {
            let what = "the Standard Webhooks signature is right, and the Complycube-Signature was \
                        made with another secret, as during a rotation before the switch";
            ("complycube", Problem::new("old_secret", what))
        }
        (Ok(()), Err(problem)) if problem.kind == "wrong_secret" => {
            let what = "the Complycube-Signature is right, so Webhook-Id, Webhook-Timestamp or \
                        Webhook-Signature is not as it was sent";
            ("standard", Problem::new("changed_headers", what))
        }
        (Ok(()), Err(problem)) => ("standard", problem),
        (Err(problem), _) => ("complycube", problem),
    };
    Verdict { scheme, problem: Some(problem) }
}

fn complycube(question: &Question<'_>) -> Result<(), Problem> {
    let given = question.headers.get(COMPLYCUBE).ok_or_else(|| missing(&[COMPLYCUBE]))?;
    if given.len() != 64 || !given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let what = "a Complycube-Signature is 64 hex digits, and this is not";
        return Err(Problem::new("malformed", what));
    }
    let fits =
        |body: &[u8]| complycube_signature(question.secret, body).eq_ignore_ascii_case(given);
    if fits(question.body) { Ok(()) } else { Err(mismatch(question.body, fits)) }
}

fn standard(question: &Question<'_>) -> Result<(), Problem> {
    let malformed = |what: &str| Problem::new("malformed", what);
    let values = STANDARD.map(|name| question.headers.get(name));
    let [Some(id), Some(timestamp), Some(signatures)] = values else {
        let absent = STANDARD.into_iter().filter(|name| question.headers.get(name).is_none());
        return Err(missing(&absent.collect::<Vec<_>>()));
    };
    let id: EventId =
        id.parse().map_err(|_| malformed("Herald's Webhook-Id is 24 hex digits, this is not"))?;
    let timestamp: i64 = timestamp
        .parse()
        .map_err(|_| malformed("a Webhook-Timestamp is whole seconds since 1970, this is not"))?;
    let given: Vec<_> = signatures
        .split_ascii_whitespace()
        .filter_map(|text| BASE64.decode(text.strip_prefix("v1,")?).ok())
        .filter(|signature| signature.len() == 32)
        .collect();
    if given.is_empty() {
        return Err(malformed("a Webhook-Signature has a part `v1,…` with 32 bytes of base64"));
    }
    let text = question.secret.strip_prefix("whsec_").unwrap_or(question.secret);
    let secret = Secret::new(text).map_err(|problem| {
        Problem::new("malformed_secret", format!("{problem}, and the secret given is not that"))
    })?;
    let signer = Signer::new(&secret);
    let fits = |body: &[u8]| {
        let right = signer.sign_standard(id, timestamp, body);
        given.iter().any(|given| given[..] == right)
    };
    if !fits(question.body) {
        return Err(mismatch(question.body, fits));
    }
    in_time(timestamp, question)
}

fn in_time(timestamp: i64, question: &Question<'_>) -> Result<(), Problem> {
    let off = question.now.seconds().saturating_sub(timestamp);
    let within = i64::try_from(question.tolerance.as_secs()).unwrap_or(i64::MAX);
    let what = if off > within {
        format!(
            "the signature is right, but its timestamp is {off} s old, more than {within} s: a \
             replay, or a clock that is off (--at judges one that was kept as of when it came)"
        )
    } else if off < -within {
        let ahead = off.saturating_neg();
        format!(
            "the signature is right, but its timestamp is {ahead} s in the future, more than \
             {within} s: one of the clocks is off"
        )
    } else {
        return Ok(());
    };
    Err(Problem::new("clock", what))
}

fn missing(names: &[&str]) -> Problem {
    Problem::new("missing", format!("there is no {} among the headers", names.join(", no ")))
}

/// Why the signature does not fit the body.
fn mismatch(body: &[u8], fits: impl Fn(&[u8]) -> bool) -> Problem {
    if body.is_empty() {
        return Problem::new("changed_body", "the body is empty, and was not when it was signed");
    }
    let trimmed = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(value) = exact_json::parse(trimmed) else {
        let what = "the body is not as it was signed: it is not JSON that Herald would send";
        return Problem::new("changed_body", what);
    };
    let as_sent = value.to_bytes();
    if fits(&as_sent) || in_order(&value).is_some_and(|ordered| fits(&ordered)) {
        let what = "the body was re-serialised: the same JSON as it was sent, spelled otherwise; \
                    verify the raw bytes of the request, before anything parses them";
        return Problem::new("reserialised_body", what);
    }
    if as_sent == body {
        let what = "the body looks untouched, so it was signed with another secret: another \
                    webhook's, or one from before a rotation";
        return Problem::new("wrong_secret", what);
    }
    let what = "the body was changed: Herald would not spell it so, and the signature does not fit \
                what it would spell; or the secret is another webhook's";
    Problem::new("changed_body", what)
}

/// An event whose members are in the order in which they are sent, if it has them all.
fn in_order(value: &Value) -> Option<Vec<u8>> {
    const ORDER: [&str; 5] = ["id", "type", "resourceType", "payload", "createdAt"];
    let object = value.as_object().filter(|object| object.len() == ORDER.len())?;
    let members = ORDER.iter().map(|name| Some(((*name).to_owned(), object.get(name)?.clone())));
    let ordered: Object = members.collect::<Option<Vec<_>>>()?.into_iter().collect();
    Some(Value::from(ordered).to_bytes())
}

#[cfg(test)]
mod tests;
