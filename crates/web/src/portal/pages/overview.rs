//! The overview: do the books look well, what needs somebody, what happened last.

use axum::extract::State;
use herald_domain::{delivery::DeliveryState, event::Event, time::Timestamp, webhook::Webhook};
use herald_store::{Books, EventFilter, WebhookFilter};
use maud::{Markup, html};

use super::{counts, events::event_rows, first};
use crate::{
    input::Query,
    portal::{
        Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, Performance, Period, empty, grouped, header, text, webhook_state, when},
    },
};

/// Of so many webhooks it is looked whether they need somebody.
const WEBHOOKS: u32 = 100;

/// So many of the latest events are shown.
const EVENTS: u32 = 8;

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) books: Books,
    pub(super) performance: Performance,
    /// Those that need somebody.
    pub(super) needy: Vec<Needy>,
    /// Whether there is any webhook.
    pub(super) has_webhooks: bool,
    pub(super) events: Vec<Event>,
    pub(super) now: Timestamp,
}

/// A webhook that needs somebody.
#[derive(Debug)]
pub(super) struct Needy {
    pub(super) webhook: Webhook,
    pub(super) exhausted: u64,
    pub(super) held: u64,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let engine = &portal.engine;
    let environment = here.environment();
    let period = Period::asked(&mut query);
    let asked = period.query(engine.now());
    let statistics = engine.environment_statistics(environment, asked).await?;
    let webhooks =
        engine.list_webhooks(environment, WebhookFilter::default(), first(WEBHOOKS)).await?;
    let mut needy = Vec::new();
    let counts = counts(engine, environment).await?;
    for webhook in webhooks.items {
        let exhausted = counts.of(webhook.id, DeliveryState::Exhausted);
        let held = counts.of(webhook.id, DeliveryState::Held);
        if webhook.disabled.is_some() || webhook.failing.is_some() || exhausted + held > 0 {
            needy.push(Needy { webhook, exhausted, held });
        }
    }
    let view = View {
        books: engine.books(Some(environment)).await?,
        performance: Performance { period, statistics },
        needy,
        has_webhooks: webhooks.total > 0,
        events: engine.list_events(environment, EventFilter::default(), first(EVENTS)).await?.items,
        now: engine.now(),
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        frame.page(
            Area::Overview,
            "Overview",
            &html! {
                (header(&html! {}, &html! { "Overview" }, &html! {}))
                (self.deliveries(frame))
                section aria-labelledby="attention" {
                    h2 #attention { "Needs attention" }
                    (self.attention(frame))
                }
                @if self.has_webhooks { (self.performance.render(&frame.path(""))) }
                section aria-labelledby="latest" {
                    div.section-head {
                        h2 #latest { "Latest events" }
                        a href=(frame.path("/events")) { "All events" }
                    }
                    (self.latest(frame))
                }
            },
        )
    }

    fn deliveries(&self, frame: &Frame) -> Markup {
        let books = &self.books;
        html! {
            section aria-labelledby="deliveries" {
                h2.visually-hidden #deliveries { "Deliveries" }
                ul.counts {
                    @for (state, count, meaning) in [
                        (DeliveryState::Pending, books.pending, "waiting or in flight"),
                        (DeliveryState::Delivered, books.delivered, "acknowledged"),
                        (DeliveryState::Exhausted, books.exhausted, "all retries failed"),
                        (DeliveryState::Held, books.held, "webhook was disabled"),
                        (DeliveryState::Cancelled, books.cancelled, "webhook was deleted"),
                    ] {
                        li {
                            a class={ "count " (state) }
                                href=(frame.path(&format!("/deliveries?state={state}")))
                            {
                                span.count-name { (state) }
                                span.count-number { (grouped(count)) }
                                span.count-meaning { (meaning) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn attention(&self, frame: &Frame) -> Markup {
        html! {
            @if !self.has_webhooks {
                (empty(
                    "There is no webhook yet",
                    "Tell Herald where your receiver is, and which events it wants.",
                    &html! {
                        @if frame.may_change {
                            a.button.primary href=(frame.path("/webhooks/new")) { "Add a webhook" }
                        }
                    },
                ))
            } @else if self.needy.is_empty() {
                p.quiet { "Every webhook is well: none is failing or was disabled by Herald, and nothing is exhausted or held." }
            } @else {
                ul.needy { @for needy in &self.needy { (needy.render(frame, self.now)) } }
            }
        }
    }

    fn latest(&self, frame: &Frame) -> Markup {
        html! {
            @if self.events.is_empty() {
                (empty(
                    "Nothing has happened yet",
                    "Events appear here as soon as a client, address, document or check changes, \
                     or your platform publishes one.",
                    &html! { a.button href="/docs" { "Read the API documentation" } },
                ))
            } @else {
                (event_rows(frame, &self.events, "Latest events", self.now))
            }
        }
    }
}

impl Needy {
    fn render(&self, frame: &Frame, now: Timestamp) -> Markup {
        let Self { webhook, exhausted, held } = self;
        let path = frame.webhook(webhook.id, "");
        let of = |state: &str| {
            frame.path(&format!("/deliveries?webhookId={}&state={state}", webhook.id))
        };
        html! {
            li {
                div {
                    a.strong href=(path) { (text(&webhook.url)) }
                    (webhook_state(webhook))
                }
                p {
                    @if let Some(disabled) = &webhook.disabled {
                        (text(&disabled.reason)) " (" (when(disabled.at, now)) "). "
                    }
                    @if let Some(failing) = &webhook.failing {
                        "Close to being disabled: the last attempt of a delivery is at the earliest "
                        (when(failing.last_attempt_at, now)) ". "
                    }
                    @if *exhausted > 0 { a href=(of("exhausted")) { (exhausted) " exhausted" } ". " }
                    @if *held > 0 { a href=(of("held")) { (held) " held" } ". " }
                    @if frame.may_change && webhook.enabled && exhausted + held > 0 {
                        a href=(frame.webhook(webhook.id, "/recover")) { "Recover" }
                    }
                }
            }
        }
    }
}
