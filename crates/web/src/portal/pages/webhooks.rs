//! The webhooks of an environment.

use axum::extract::State;
use herald_domain::{delivery::DeliveryState, time::Timestamp, webhook::Webhook};
use herald_store::WebhookFilter;
use maud::{Markup, html};

use super::counts;
use crate::{
    input::Query,
    portal::{
        Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, Pager, empty, header, table, text, webhook_state, when},
    },
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) rows: Vec<Row>,
    pub(super) pager: Pager,
    pub(super) was_deleted: bool,
    pub(super) now: Timestamp,
}

/// A webhook in the list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) webhook: Webhook,
    pub(super) pending: u64,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let engine = &portal.engine;
    let environment = here.environment();
    let page = Pager::asked(&query)?;
    let enabled = query.boolean("enabled");
    let filter = WebhookFilter { enabled, ..WebhookFilter::default() };
    let listed = engine.list_webhooks(environment, filter, page).await?;
    let mut rows = Vec::with_capacity(listed.items.len());
    let counts = counts(engine, environment).await?;
    for webhook in listed.items {
        let pending = counts.of(webhook.id, DeliveryState::Pending);
        rows.push(Row { webhook, pending });
    }
    let pager = Pager {
        path: here.path("/webhooks"),
        filters: vec![("enabled", enabled.map(|on| on.to_string()).unwrap_or_default())],
        number: page.number(),
        total: listed.total,
    };
    let was_deleted = query.text("done").is_some_and(|done| done == "deleted");
    let view = View { rows, pager, was_deleted, now: engine.now() };
    Ok(Page(view.render(&Frame::of(&here))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let add = html! {
            @if frame.may_change {
                a.button.primary href=(frame.path("/webhooks/new")) { "Add a webhook" }
            }
        };
        frame.page(
            Area::Webhooks,
            "Webhooks",
            &html! {
                (header(&html! {}, &html! { "Webhooks" }, &add))
                @if self.was_deleted { p.done role="status" { "The webhook was deleted." } }
                (self.filters())
                @if self.pager.total == 0 && self.pager.is_filtered() {
                    (empty("No webhook is like that", "Show all of them instead.", &html! {
                        a.button href=(self.pager.path) { "Show all" }
                    }))
                } @else if self.pager.total == 0 {
                    (empty(
                        "No webhooks yet",
                        "A webhook is an HTTPS address of yours to which Herald sends signed \
                         notifications, and the events that it wants.",
                        &add,
                    ))
                } @else {
                    (self.table(frame))
                    (self.pager.render())
                }
            },
        )
    }

    fn filters(&self) -> Markup {
        let chosen = self.pager.filter("enabled");
        html! {
            nav.tabs aria-label="Filter" {
                @for (value, name) in [("", "All"), ("true", "Enabled"), ("false", "Disabled")] {
                    @let address = if value.is_empty() {
                        self.pager.path.clone()
                    } else {
                        format!("{}?enabled={value}", self.pager.path)
                    };
                    a href=(address) aria-current=[(value == chosen).then_some("true")] { (name) }
                }
            }
        }
    }

    fn table(&self, frame: &Frame) -> Markup {
        let head = html! {
            th scope="col" { "Webhook" }
            th scope="col" { "State" }
            th scope="col" { "Events" }
            th.number scope="col" { "Pending" }
            th scope="col" { "Changed" }
        };
        let rows = html! {
            @for Row { webhook, pending } in &self.rows {
                tr {
                    td.clip {
                        a.strong href=(frame.webhook(webhook.id, "")) {
                            (text(&webhook.url))
                        }
                        @if let Some(description) = &webhook.description {
                            span.under { (text(description)) }
                        }
                    }
                    td { (webhook_state(webhook)) }
                    td { (summary(webhook)) }
                    td.number { (pending) }
                    td { (when(webhook.updated_at, self.now)) }
                }
            }
        };
        table("Webhooks", &head, &rows)
    }
}

/// What a webhook asked for, in few words.
fn summary(webhook: &Webhook) -> Markup {
    let names = webhook.events.names();
    html! {
        @match names {
            _ if names.iter().any(|name| name == "*") => "all events",
            [only] => span.mono { (text(only)) },
            several => { (several.len()) " event types" },
        }
    }
}
