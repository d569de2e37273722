//! The deliveries of an environment, filtered by the address.

use std::collections::HashMap;

use axum::extract::State;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    id::{EventId, WebhookId},
    time::Timestamp,
};
use herald_engine::Engine;
use herald_store::{DeliveryFilter, Listed, WebhookFilter};
use maud::{Markup, html};

use super::{delivery_table::DeliveryTable, first};
use crate::{
    input::Query,
    portal::{
        Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, Pager, empty, header, plain},
    },
};

/// The URLs of so many webhooks are shown.
const WEBHOOKS: u32 = 200;

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) deliveries: DeliveryTable,
    pub(super) pager: Pager,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here, query: Query) -> Result<Page> {
    let mut query = query.without_empty();
    let (engine, environment) = (&portal.engine, here.environment());
    let page = Pager::asked(&query)?;
    let names = ["webhookId", "eventId", "state", "type", "createdAfter", "createdBefore"];
    let filters = names.map(|name| (name, query.text(name).unwrap_or_default())).to_vec();
    let filter = DeliveryFilter {
        webhook: query.parsed::<WebhookId>("webhookId"),
        event: query.parsed::<EventId>("eventId"),
        state: query.parsed::<DeliveryState>("state"),
        event_type: query.text("type"),
        created: query.created(),
        ..DeliveryFilter::default()
    };
    let listed = if query.is_unanswerable() {
        Listed::empty()
    } else {
        engine.list_deliveries(environment, filter, page).await?
    };
    let path = here.path("/deliveries");
    let view = View {
        deliveries: DeliveryTable {
            rows: listed.items,
            webhooks: urls(engine, environment).await?,
            names_webhooks: true,
            names_events: true,
        },
        pager: Pager { path, filters, number: page.number(), total: listed.total },
        now: engine.now(),
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// The URLs of an environment's webhooks.
async fn urls(engine: &Engine, environment: EnvironmentId) -> Result<HashMap<WebhookId, String>> {
    let filter = WebhookFilter::default();
    let listed = engine.list_webhooks(environment, filter, first(WEBHOOKS)).await?;
    Ok(listed.items.into_iter().map(|webhook| (webhook.id, webhook.url)).collect())
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        frame.page(
            Area::Deliveries,
            "Deliveries",
            &html! {
                (header(&html! {}, &html! { "Deliveries" }, &html! {}))
                (self.filters())
                (self.pager.chips(&[("eventId", "Of the event"), ("type", "Of the type")]))
                @if !self.deliveries.rows.is_empty() {
                    (self.deliveries.render(frame, "Deliveries", self.now))
                    (self.pager.render())
                } @else if self.pager.is_filtered() || self.pager.total > 0 {
                    (empty("No delivery is like that", "Widen the filters, or show all deliveries.", &html! {
                        a.button href=(self.pager.path) { "Show all" }
                    }))
                } @else {
                    (empty(
                        "Nothing has been sent yet",
                        "Each event makes one delivery for each webhook that asked for it.",
                        &html! { a.button href=(frame.path("/webhooks")) { "Look at the webhooks" } },
                    ))
                }
            },
        )
    }

    fn filters(&self) -> Markup {
        let mut webhooks: Vec<_> = self.deliveries.webhooks.iter().collect();
        webhooks.sort_by_key(|(_, url)| url.as_str());
        html! {
            search {
                form.filters method="get" action=(self.pager.path) {
                    @for name in ["eventId", "type"] {
                        @if !self.pager.filter(name).is_empty() {
                            input type="hidden" name=(name) value=(self.pager.filter(name));
                        }
                    }
                    div {
                        label for="state" { "State" }
                        select #state name="state" {
                            option value="" { "Any state" }
                            @for state in DeliveryState::ALL {
                                option value=(state) selected[self.pager.filter("state") == state.as_str()] {
                                    (state)
                                }
                            }
                        }
                    }
                    div.wide {
                        label for="webhook" { "Webhook" }
                        select #webhook name="webhookId" {
                            option value="" { "Any webhook" }
                            @for (id, url) in webhooks {
                                @let chosen = self.pager.filter("webhookId") == id.to_string();
                                option value=(id) selected[chosen] { (plain(url)) }
                            }
                        }
                    }
                    (self.pager.days())
                    (self.pager.buttons())
                }
            }
        }
    }
}
