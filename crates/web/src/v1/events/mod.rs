//! Events: facts about changes, shown in the very bytes that are stored, signed and sent.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod resend;
pub(crate) mod why;

use utoipa::ToSchema;

/// An event, exactly as its notifications carry it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body that is shown as it is stored")]
pub(crate) struct Event {
    /// Its id; a listener uses it to skip a notification sent more than once.
    #[schema(example = "5eb04fcd0f3e360008035eb2")]
    id: String,
    /// A name of the catalogue.
    #[schema(rename = "type", example = "client.created")]
    kind: String,
    /// What kind of resource it is about.
    #[schema(example = "client")]
    resource_type: String,
    /// What the catalogue says for its type.
    #[schema(value_type = serde_json::Value)]
    payload: (),
    /// When the change happened.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: String,
}
