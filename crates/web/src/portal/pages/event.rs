//! One event: what is sent, and what became of it at every webhook.

use std::collections::HashMap;

use axum::extract::State;
use herald_domain::{account::EnvironmentId, event::Event, id::WebhookId, time::Timestamp};
use herald_engine::Engine;
use herald_store::{DeliveryFilter, DeliveryView, WebhookFilter};
use maud::{Markup, html};

use super::{delivery_table::DeliveryTable, first};
use crate::portal::{
    Here, Portal,
    fault::Result,
    layout::{Area, Frame},
    parts::{Page, empty, fact, facts, header, pretty, text, when},
};

/// Most deliveries of one event that are shown, and most webhooks whose URLs are.
const MOST: u32 = 200;

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) event: Event,
    pub(super) description: String,
    pub(super) deliveries: DeliveryTable,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    let (engine, environment) = (&portal.engine, here.environment());
    let event = engine.event(environment, here.id()?).await?;
    let filter = DeliveryFilter { event: Some(event.id), ..DeliveryFilter::default() };
    let deliveries = engine.list_deliveries(environment, filter, first(MOST)).await?.items;
    let known = engine.catalogue().get(&event.event_type);
    let view = View {
        description: known.map(|known| known.description.clone()).unwrap_or_default(),
        deliveries: table(deliveries, urls(engine, environment).await?),
        now: engine.now(),
        event,
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// The URLs of an environment's webhooks.
pub(super) async fn urls(
    engine: &Engine,
    environment: EnvironmentId,
) -> Result<HashMap<WebhookId, String>> {
    let listed = engine.list_webhooks(environment, WebhookFilter::default(), first(MOST)).await?;
    Ok(listed.items.into_iter().map(|webhook| (webhook.id, webhook.url)).collect())
}

/// Deliveries of one event.
pub(super) fn table(
    rows: Vec<DeliveryView>,
    webhooks: HashMap<WebhookId, String>,
) -> DeliveryTable {
    DeliveryTable { rows, webhooks, names_webhooks: true, names_events: false }
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let event = &self.event;
        let above = html! { a href=(frame.path("/events")) { "Events" } };
        let title = html! { span.mono { (text(&event.event_type)) } };
        let body = String::from_utf8_lossy(&event.body);
        frame.page(
            Area::Events,
            "Event",
            &html! {
                (header(&above, &title, &html! {}))
                (facts(&html! {
                    @if !self.description.is_empty() {
                        (fact("What happened", &text(&self.description)))
                    }
                    (fact("About", &text(&event.resource_type)))
                    (fact("Id", &html! { span.mono { (event.id) } }))
                    (fact("Created", &when(event.created_at, self.now)))
                    (fact("Size", &html! { (event.body.len()) " bytes" }))
                }))
                section aria-labelledby="deliveries" {
                    h2 #deliveries { "Deliveries" }
                    (self.deliveries(frame))
                }
                section aria-labelledby="body" {
                    h2 #body { "Body" }
                    p.hint { "Laid out for reading; sent and signed without the spaces." }
                    pre.code tabindex="0" { code { (pretty(&body)) } }
                }
            },
        )
    }

    fn deliveries(&self, frame: &Frame) -> Markup {
        if self.deliveries.rows.is_empty() {
            return empty(
                "No webhook had asked for it",
                "A webhook gets the events that happen after it asked for their type.",
                &html! { a.button href=(frame.path("/webhooks")) { "Look at the webhooks" } },
            );
        }
        self.deliveries.render(frame, "Deliveries of this event", self.now)
    }
}
