//! The signature doctor: whether a request's signatures are right, and if not, why not.
//!
//! It knows the secrets that a receiver should verify with, so it can tell apart what looks alike
//! to the receiver: another secret, an old one, a body that somebody has parsed and written anew
//! on its way, a clock that is wrong. Each scheme is judged for itself; the verdict is one sentence.

mod forms;
mod words;

use crate::{
    endpoint::KeptRequest,
    id::WebhookId,
    signature::{Secret, Signer, complycube_text, standard_text},
    time::Timestamp,
};

/// How far a timestamp may be from the time of receipt, seconds (Standard Webhooks).
pub const TOLERANCE: i64 = 5 * 60;

/// A webhook that may have sent the request.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Its secret.
    pub secret: Secret,
    /// The secret that it had before, if that is known.
    pub old: Option<Secret>,
}

/// One of the two ways to sign a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `Complycube-Signature`.
    Complycube,
    /// `Webhook-Id`, `Webhook-Timestamp`, `Webhook-Signature`.
    Standard,
}

impl Scheme {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complycube => "complycube",
            Self::Standard => "standardWebhooks",
        }
    }
}

/// Why a signature is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no signature of this scheme.
    Missing,
    /// The headers are not what the scheme says.
    Malformed,
    /// No known secret has made it.
    WrongSecret,
    /// A secret has made it that is not used any more.
    OldSecret,
    /// The right secret has made it, for the same JSON in another spelling.
    ReserialisedBody,
    /// The right secret has made it, for another `Webhook-Id`: the event's own.
    WrongId,
    /// It is right, but its timestamp is too far from the time of receipt.
    Clock,
    /// The body is longer than what is kept of it, so nothing can be said.
    BodyNotKept,
    /// No webhook sends to this endpoint, so there is no secret to verify with.
    NoWebhook,
}

impl Trouble {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::WrongSecret => "wrong_secret",
            Self::OldSecret => "old_secret",
            Self::ReserialisedBody => "reserialised_body",
            Self::WrongId => "wrong_id",
            Self::Clock => "clock",
            Self::BodyNotKept => "body_not_kept",
            Self::NoWebhook => "no_webhook",
        }
    }
}

/// What is found out about the signature of one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Why it is not right; `None` if it is.
    pub trouble: Option<Trouble>,
    /// Whose secret has made it.
    pub webhook: Option<WebhookId>,
}

impl Finding {
    const fn of(trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), webhook: None }
    }

    /// Whether it is right.
    pub const fn is_valid(self) -> bool {
        self.trouble.is_none()
    }
}

/// What is found out about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// About `Complycube-Signature`.
    pub complycube: Finding,
    /// About the Standard Webhooks headers.
    pub standard: Finding,
    /// Both in one sentence, for people.
    pub explanation: String,
}

impl Diagnosis {
    /// Whether there is a signature, and every one that there is is right.
    pub fn is_valid(&self) -> bool {
        self.verdict().1.is_valid()
    }

    /// The finding that decides: the first that is wrong of those that are there, else one that is
    /// right, else that there is none.
    pub fn verdict(&self) -> (Scheme, Finding) {
        let both = [(Scheme::Complycube, self.complycube), (Scheme::Standard, self.standard)];
        let is_there = |finding: Finding| finding.trouble != Some(Trouble::Missing);
        let wrong = both.iter().find(|(_, found)| is_there(*found) && !found.is_valid());
        let right = both.iter().find(|(_, found)| found.is_valid());
        *wrong.or(right).unwrap_or(&both[0])
    }
}

/// Examines a request by the secrets of the webhooks that may have sent it. `now` is what its
/// timestamp is held against: the time at which it was received.
pub fn diagnose(request: &KeptRequest, candidates: &[Candidate], now: Timestamp) -> Diagnosis {
    let room = Room { request, candidates };
    let complycube = room.complycube();
    let standard = room.standard(now);
    let explanation = words::sentence(complycube, standard);
    Diagnosis { complycube, standard, explanation }
}

/// What the doctor has in front of him.
struct Room<'a> {
    request: &'a KeptRequest,
    candidates: &'a [Candidate],
}

impl Room<'_> {
    fn complycube(&self) -> Finding {
        let given = self.header("complycube-signature");
        let given = match given {
            Ok(given) => given.trim().to_owned(),
            Err(trouble) => return Finding::of(trouble),
        };
        let is_hex = given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || given.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Finding::of(Trouble::Malformed);
        }
        self.judge(&|signer, body| complycube_text(&signer.sign_body(body)) == given)
    }

    fn standard(&self, now: Timestamp) -> Finding {
        let given = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let [id, timestamp, signatures] = given.map(|name| self.header(name));
        let all_missing = [&id, &timestamp, &signatures]
            .iter()
            .all(|given| matches!(given, Err(Trouble::Missing)));
        if all_missing {
            return Finding::of(Trouble::Missing);
        }
        let (Ok(id), Ok(timestamp), Ok(signatures)) = (id, timestamp, signatures) else {
            return Finding::of(Trouble::Malformed);
        };
        let Ok(seconds) = timestamp.parse::<i64>() else {
            return Finding::of(Trouble::Malformed);
        };
        let given: Vec<&str> =
            signatures.split_ascii_whitespace().filter(|one| one.starts_with("v1,")).collect();
        if given.is_empty() || id.is_empty() {
            return Finding::of(Trouble::Malformed);
        }
        let made_for = |id: &str, signer: &Signer, body: &[u8]| {
            given.contains(&standard_text(&[signer.sign_text(id, timestamp, body)]).as_str())
        };
        let found = self.judge(&|signer, body| made_for(id, signer, body));
        match found.trouble {
            None if seconds.abs_diff(now.seconds()) > TOLERANCE.unsigned_abs() => {
                Finding { trouble: Some(Trouble::Clock), ..found }
            }
            Some(Trouble::WrongSecret) => self.with_events_id(&made_for).unwrap_or(found),
            _ => found,
        }
    }

    /// Whether it is right for the id that stands in the body, which is not the header's.
    fn with_events_id(&self, made_for: &dyn Fn(&str, &Signer, &[u8]) -> bool) -> Option<Finding> {
        let event = crate::exact_json::parse(&self.request.body).ok()?;
        let id = event.get("id")?.as_str()?;
        let found = self.judge(&|signer, body| made_for(id, signer, body));
        found.is_valid().then_some(Finding { trouble: Some(Trouble::WrongId), ..found })
    }

    /// Who has made a signature, and of what. `fits` says whether this signer has made it of this
    /// body.
    fn judge(&self, fits: &dyn Fn(&Signer, &[u8]) -> bool) -> Finding {
        if self.request.is_cut() {
            return Finding::of(Trouble::BodyNotKept);
        }
        if self.candidates.is_empty() {
            return Finding::of(Trouble::NoWebhook);
        }
        let body = &self.request.body[..];
        let current = |candidate: &Candidate| Some(Signer::new(&candidate.secret));
        let old = |candidate: &Candidate| candidate.old.as_ref().map(Signer::new);
        if let Some(webhook) = self.whose(&current, &|signer| fits(signer, body)) {
            return Finding { trouble: None, webhook: Some(webhook) };
        }
        let forms = forms::others(body);
        let fits_a_form = |signer: &Signer| forms.iter().any(|form| fits(signer, form));
        let found = self
            .whose(&old, &|signer| fits(signer, body))
            .map(|webhook| (Trouble::OldSecret, webhook))
            .or_else(|| {
                let webhook = self.whose(&current, &fits_a_form)?;
                Some((Trouble::ReserialisedBody, webhook))
            });
        match found {
            Some((trouble, webhook)) => Finding { trouble: Some(trouble), webhook: Some(webhook) },
            None => Finding::of(Trouble::WrongSecret),
        }
    }

    /// The first webhook whose signer fits.
    fn whose(
        &self,
        signer: &dyn Fn(&Candidate) -> Option<Signer>,
        fits: &dyn Fn(&Signer) -> bool,
    ) -> Option<WebhookId> {
        let found = self.candidates.iter().find(|one| signer(one).is_some_and(|s| fits(&s)));
        found.map(|candidate| candidate.webhook)
    }

    /// A header that has to be there once, and be text.
    fn header(&self, name: &str) -> Result<&str, Trouble> {
        let mut values = self.request.headers.iter().filter(|(found, _)| found == name);
        let Some((_, value)) = values.next() else { return Err(Trouble::Missing) };
        if values.next().is_some() {
            return Err(Trouble::Malformed);
        }
        std::str::from_utf8(value).map_err(|_| Trouble::Malformed)
    }
}

#[cfg(test)]
mod tests;
