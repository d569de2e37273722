//! How a kept request is shown: what came, what it was answered, and what is to be said of its
//! signatures.

use herald_domain::{
    doctor::{Diagnosis, Finding, Trouble},
    id::{RequestId, WebhookId},
    time::Timestamp,
};
use herald_engine::Examined;
use indexmap::IndexMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::deliveries::attempt::{joined, readable};

/// A request that a temporary endpoint got.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeptRequest {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb7")]
    id: RequestId,
    /// 1 for the endpoint's first, one more for each.
    #[schema(example = 1)]
    number: u64,
    /// Its method.
    #[schema(example = "POST")]
    method: String,
    /// What stood behind the question mark of the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    query: Option<String>,
    /// Name, in lower case → value; a header that came several times has its values joined with a
    /// comma.
    #[schema(
        value_type = std::collections::BTreeMap<String, String>,
        example = json!({ "content-type": "application/json" }),
    )]
    headers: IndexMap<String, String>,
    /// The body, at most 256 KiB of it.
    #[schema(example = "{\"id\":\"5eb04fcd0f3e360008035eb2\"}")]
    body: String,
    /// How `body` is to be read: `utf-8` or `base64`.
    #[schema(example = "utf-8")]
    body_encoding: &'static str,
    /// Bytes of the whole body.
    #[schema(example = 33)]
    body_length: u64,
    /// Whether there was more than is shown.
    #[schema(example = false)]
    truncated: bool,
    /// The status that it was answered.
    #[schema(example = 200)]
    answered: u16,
    /// What is to be said of its signatures, by the secrets that the webhooks with this endpoint's
    /// URL have now.
    signature: Signature,
    /// When it had arrived.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    received_at: Timestamp,
}

/// What is to be said of a request's signatures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Signature {
    /// Whether there is a signature, and every one that there is is right.
    #[schema(example = true)]
    valid: bool,
    /// Which scheme decides: `complycube` or `standardWebhooks`.
    #[schema(example = "complycube")]
    scheme: &'static str,
    /// Whose secret has made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    webhook_id: Option<WebhookId>,
    /// Why it is not right: `missing`, `malformed`, `wrong_secret`, `old_secret`,
    /// `reserialised_body`, `wrong_id`, `clock`, `body_not_kept` or `no_webhook`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<&'static str>,
    /// Both schemes in one sentence.
    #[schema(example = "Both signatures are right.")]
    explanation: String,
    /// About `Complycube-Signature` alone.
    complycube: OneScheme,
    /// About the Standard Webhooks headers alone.
    standard_webhooks: OneScheme,
}

/// What is to be said of one scheme.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneScheme {
    /// Whether it is right.
    #[schema(example = true)]
    valid: bool,
    /// Whose secret has made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    webhook_id: Option<WebhookId>,
    /// Why it is not right: `missing`, `malformed`, `wrong_secret`, `old_secret`,
    /// `reserialised_body`, `wrong_id`, `clock`, `body_not_kept` or `no_webhook`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<&'static str>,
}

impl From<Finding> for OneScheme {
    fn from(finding: Finding) -> Self {
        Self {
            valid: finding.is_valid(),
            webhook_id: finding.webhook,
            problem: finding.trouble.map(Trouble::as_str),
        }
    }
}

impl From<Diagnosis> for Signature {
    fn from(diagnosis: Diagnosis) -> Self {
        let (scheme, finding) = diagnosis.verdict();
        Self {
            valid: diagnosis.is_valid(),
            scheme: scheme.as_str(),
            webhook_id: finding.webhook,
            problem: finding.trouble.map(Trouble::as_str),
            explanation: diagnosis.explanation,
            complycube: diagnosis.complycube.into(),
            standard_webhooks: diagnosis.standard.into(),
        }
    }
}

impl From<Examined> for KeptRequest {
    fn from(Examined { request, diagnosis }: Examined) -> Self {
        let truncated = request.is_cut();
        let (body, body_encoding) = readable(&request.body, truncated);
        Self {
            id: request.id,
            number: request.number,
            method: request.method,
            query: request.query,
            headers: joined(&request.headers),
            body,
            body_encoding,
            body_length: request.length,
            truncated,
            answered: request.answered,
            signature: diagnosis.into(),
            received_at: request.received_at,
        }
    }
}
