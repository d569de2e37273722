//! Deliveries in a table, as several pages show them.

use std::collections::HashMap;

use herald_domain::{id::WebhookId, time::Timestamp};
use herald_store::DeliveryView;
use maud::{Markup, html};

use crate::portal::{
    layout::Frame,
    parts::{delivery_state, table, text, when},
};

/// Deliveries, and what their webhooks are called.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliveryTable {
    pub(super) rows: Vec<DeliveryView>,
    /// The URLs of webhooks that are still there; empty where it goes without saying.
    pub(super) webhooks: HashMap<WebhookId, String>,
    /// Whether each row is of another webhook.
    pub(super) names_webhooks: bool,
    /// Whether each row is of another event.
    pub(super) names_events: bool,
}

impl DeliveryTable {
    /// The table.
    pub(super) fn render(&self, frame: &Frame, caption: &str, now: Timestamp) -> Markup {
        let head = html! {
            th scope="col" { "State" }
            @if self.names_events { th scope="col" { "Event" } }
            @if self.names_webhooks { th scope="col" { "Webhook" } }
            th scope="col" { "Last answer" }
            th.number scope="col" { "Attempts" }
            th scope="col" { "Next attempt" }
            th scope="col" { "Created" }
            th scope="col" { span.visually-hidden { "Details" } }
        };
        let rows = html! { @for row in &self.rows { (self.row(frame, row, now)) } };
        table(caption, &head, &rows)
    }

    fn row(&self, frame: &Frame, row: &DeliveryView, now: Timestamp) -> Markup {
        html! {
            tr {
                td { (delivery_state(row.state)) }
                @if self.names_events {
                    td { a href=(frame.path(&format!("/events/{}", row.event))) { (text(&row.event_type)) } }
                }
                @if self.names_webhooks { td.clip { (self.webhook(frame, row.webhook)) } }
                td { (last_answer(row)) }
                td.number { (row.attempts) }
                td { @if let Some(at) = row.due_at { (when(at, now)) } @else { span.none { "–" } } }
                td { (when(row.created_at, now)) }
                td.go {
                    a href=(frame.path(&format!("/deliveries/{}", row.id)))
                        aria-label={ "Details of delivery " (row.id) } { "Details" }
                }
            }
        }
    }

    fn webhook(&self, frame: &Frame, id: WebhookId) -> Markup {
        html! {
            @match self.webhooks.get(&id) {
                Some(url) => a href=(frame.webhook(id, "")) { (text(url)) },
                None => span.none { "deleted" },
            }
        }
    }
}

/// What the last attempt brought.
fn last_answer(row: &DeliveryView) -> Markup {
    html! {
        @match (row.last_status, row.last_error) {
            (Some(status), _) => span.mono { (status) },
            (None, Some(error)) => span.mono { (error) },
            (None, None) => span.none { "–" },
        }
    }
}
