//! One event: what is sent, and what became of it for every webhook, and why.

use axum::{extract::State, response::Redirect};
use herald_domain::{
    event::Event,
    id::{EventId, WebhookId},
    time::Timestamp,
};
use herald_engine::Why;
use maud::{Markup, html};

use super::resent::Outcome;
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::{Fault, Result},
        layout::{Area, Frame},
        parts::{
            Pace, Page, delivery_state, empty, fact, facts, header, live, pretty, table, text, when,
        },
    },
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) event: Event,
    pub(super) description: String,
    /// For which webhook alone it was made, if it is a test event.
    pub(super) test_for: Option<WebhookId>,
    /// For each webhook.
    pub(super) why: Vec<Why>,
    pub(super) resent: Option<Outcome>,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let (engine, environment) = (&portal.engine, here.environment());
    let event = engine.event(environment, here.id()?).await?;
    let known = engine.catalogue().get(&event.event_type);
    let view = View {
        description: known.map(|known| known.description.clone()).unwrap_or_default(),
        test_for: engine.test_event_for(environment, event.id).await?,
        why: engine.why(environment, event.id, None).await?,
        resent: Outcome::told(&mut query),
        now: engine.now(),
        event,
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Sends it once more: to the webhook that the form names, or to all that it matched.
pub(crate) async fn resend(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, form } = change;
    let id: EventId = here.id()?;
    let webhook = match form.text("webhook") {
        "" => None,
        named => Some(named.parse::<WebhookId>().map_err(|_| Fault::not_found())?),
    };
    let resent = portal.engine.resend_event(here.environment(), id, webhook).await?;
    let outcome = Outcome::of(&resent);
    Ok(Redirect::to(&here.path(&format!("/events/{id}?{outcome}"))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let event = &self.event;
        let above = html! { a href=(frame.path("/events")) { "Events" } };
        let title = html! { span.mono { (text(&event.event_type)) } };
        let body = String::from_utf8_lossy(&event.body);
        let deliveries = self.why.iter().filter_map(|why| why.delivery.as_ref());
        let paces = deliveries.map(|delivery| Pace::until(delivery.due_at, self.now));
        let pace = paces.min().unwrap_or(Pace::Never);
        let name = format!("{} · Event", event.event_type);
        frame.page(
            Area::Events,
            &name,
            &html! {
                (header(&above, &title, &self.actions(frame)))
                @if let Some(outcome) = self.resent { (outcome.render()) }
                (facts(&html! {
                    @if !self.description.is_empty() {
                        (fact("What happened", &text(&self.description)))
                    }
                    @if let Some(webhook) = self.test_for {
                        (fact("Test event", &html! {
                            p { "a sample, for " a href=(frame.webhook(webhook, "")) { "one webhook" } " only" }
                        }))
                    }
                    (fact("About", &text(&event.resource_type)))
                    (fact("Id", &html! { span.mono { (event.id) } }))
                    (fact("Created", &when(event.created_at, self.now)))
                    (fact("Size", &html! { (event.body.len()) " bytes" }))
                }))
                section aria-labelledby="webhooks" {
                    h2 #webhooks { "Webhooks" }
                    (live(&frame.address, pace, &self.webhooks(frame)))
                }
                section aria-labelledby="body" {
                    h2 #body { "Body" }
                    p.hint { "Laid out for reading; sent and signed without the spaces." }
                    pre.code tabindex="0" { code { (pretty(&body)) } }
                }
            },
        )
    }

    fn actions(&self, frame: &Frame) -> Markup {
        let several = self.why.iter().filter(|why| can_be_resent(why)).count() > 1;
        let all = html! { button.button type="submit" { "Resend to all" } };
        html! {
            @if frame.may_change && several {
                (frame.form(&frame.path(&format!("/events/{}/resend", self.event.id)), "", &all))
            }
        }
    }

    fn webhooks(&self, frame: &Frame) -> Markup {
        if self.why.is_empty() {
            return empty(
                "No webhook had asked for it",
                "A webhook gets the events that happen after it asked for their type.",
                &html! { a.button href=(frame.path("/webhooks")) { "Look at the webhooks" } },
            );
        }
        let head = html! {
            th scope="col" { "State" }
            th scope="col" { "Webhook, and what became of it" }
            th scope="col" { span.visually-hidden { "Details and resending" } }
        };
        let rows = html! { @for why in &self.why { (self.row(frame, why)) } };
        table("What became of this event", &head, &rows)
    }

    fn row(&self, frame: &Frame, why: &Why) -> Markup {
        let rule = why.explanation.rule.as_deref();
        html! {
            tr {
                td {
                    @match &why.delivery {
                        Some(delivery) => (delivery_state(delivery.state)),
                        None => span.badge.calm { "not sent" },
                    }
                }
                td.told {
                    @match &why.url {
                        Some(url) => a href=(frame.webhook(why.webhook, "")) { (text(url)) },
                        None => span.none { "deleted" },
                    }
                    @if let Some(rule) = rule.filter(|_| why.explanation.matched) {
                        span.under { "asked for " span.mono { (text(rule)) } }
                    }
                    p { (text(&why.explanation.explanation)) }
                }
                td.go { (self.ways(frame, why)) }
            }
        }
    }

    fn ways(&self, frame: &Frame, why: &Why) -> Markup {
        let Some(delivery) = &why.delivery else { return html! {} };
        let resend = html! {
            input type="hidden" name="webhook" value=(why.webhook);
            button.link type="submit" aria-label={ "Resend delivery " (delivery.id) } { "Resend" }
        };
        let path = frame.path(&format!("/events/{}/resend", self.event.id));
        html! {
            a href=(frame.path(&format!("/deliveries/{}", delivery.id)))
                aria-label={ "Details of delivery " (delivery.id) } { "Details" }
            @if frame.may_change && can_be_resent(why) { (frame.form(&path, "", &resend)) }
        }
    }
}

/// Whether there is something to resend, and somebody to send it to.
fn can_be_resent(why: &Why) -> bool {
    why.url.is_some() && why.delivery.is_some()
}
