//! One delivery: every attempt with what was sent and what came back, and what is due next.
//!
//! What came back is bytes of a stranger's. It is shown as text where it is text, as base64 where
//! it is not, and never as what it says it is.

use axum::{extract::State, response::Redirect};
use herald_domain::{delivery::DeliveryState, id::DeliveryId, time::Timestamp};
use herald_store::{DeliveryView, NumberedAttempt};
use indexmap::IndexMap;
use maud::{Markup, html};

use super::resent::Outcome;
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{
            Pace, Page, block, body, delivery_state, duration, fact, facts, header, live, moment,
            pretty, text, when,
        },
    },
    v1::deliveries::attempt::{ReceivedResponse, message, received, sent},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) delivery: DeliveryView,
    /// The webhook's URL, if it is still there.
    pub(super) webhook: Option<String>,
    /// The first one first.
    pub(super) attempts: Vec<Shown>,
    /// What became of it, or what it waits for, in a sentence.
    pub(super) why: String,
    /// The event's bytes, which every attempt has sent.
    pub(super) body: String,
    pub(super) resent: Option<Outcome>,
    pub(super) now: Timestamp,
}

/// An attempt, and the headers of its request.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) attempt: NumberedAttempt,
    /// None if nothing was sent.
    pub(super) request: Option<IndexMap<String, String>>,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let (engine, environment) = (&portal.engine, here.environment());
    let (delivery, attempts) = engine.delivery(environment, here.id()?).await?;
    let event = engine.event(environment, delivery.event).await?;
    let webhook = engine.webhook(environment, delivery.webhook).await.ok();
    let why = engine.explain(&event, webhook.as_ref(), &delivery);
    let shown = |attempt: NumberedAttempt| {
        let NumberedAttempt { attempt: inner, .. } = &attempt;
        let request = inner.signatures.as_ref().map(|s| sent(&inner.url, &event, s).headers);
        Shown { attempt, request }
    };
    let view = View {
        delivery,
        webhook: webhook.map(|webhook| webhook.url),
        attempts: attempts.into_iter().map(shown).collect(),
        why: why.explanation,
        body: String::from_utf8_lossy(&event.body).into_owned(),
        resent: Outcome::told(&mut query),
        now: engine.now(),
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Makes an attempt now, whatever the state.
pub(crate) async fn resend(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, .. } = change;
    let id: DeliveryId = here.id()?;
    let resent = portal.engine.resend(here.environment(), id).await?;
    let outcome = Outcome::of(&[resent]);
    Ok(Redirect::to(&here.path(&format!("/deliveries/{id}?{outcome}"))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let delivery = &self.delivery;
        let event = frame.path(&format!("/events/{}", delivery.event));
        let above = html! {
            a href=(frame.path("/deliveries")) { "Deliveries" }
            a href=(event) { (text(&delivery.event_type)) }
        };
        let title = html! { "Delivery " (delivery_state(delivery.state)) };
        let resend = html! { button.button type="submit" { "Resend now" } };
        let actions = html! {
            @if frame.may_change && self.webhook.is_some() {
                (frame.form(&frame.path(&format!("/deliveries/{}/resend", delivery.id)), "", &resend))
            }
        };
        let content = html! {
                (header(&above, &title, &actions))
                @if let Some(outcome) = self.resent { (outcome.render()) }
                p.lead role="status" { (text(&self.why)) }
                (facts(&html! {
                    (fact("Event", &html! { a.mono href=(event) { (text(&delivery.event_type)) } }))
                    (fact("Webhook", &self.webhook(frame)))
                    (fact("Id", &html! { span.mono { (delivery.id) } }))
                    (fact("Created", &when(delivery.created_at, self.now)))
                    (fact("Attempts", &html! { (delivery.attempts) }))
                }))
                section aria-labelledby="timeline" {
                    h2 #timeline { "Timeline" }
                    (self.timeline())
                }
        };
        let title = format!("{} · Delivery", delivery.event_type);
        let pace = Pace::until(delivery.due_at, self.now);
        frame.page(Area::Deliveries, &title, &live(&frame.address, pace, &content))
    }

    fn webhook(&self, frame: &Frame) -> Markup {
        html! {
            @match &self.webhook {
                Some(url) => {
                    a.mono href=(frame.webhook(self.delivery.webhook, "")) { (text(url)) }
                },
                None => span.quiet { "deleted" },
            }
        }
    }

    fn timeline(&self) -> Markup {
        html! {
            ol.timeline {
                li {
                    div.step { span.strong { "Accepted" } (when(self.delivery.created_at, self.now)) }
                }
                @for shown in &self.attempts { (shown.render(self)) }
                (self.outlook())
            }
        }
    }

    /// What comes after the last attempt.
    fn outlook(&self) -> Markup {
        let what = match self.delivery.state {
            DeliveryState::Pending => html! {
                span.strong { "Next attempt" }
                @if let Some(at) = self.delivery.due_at { (when(at, self.now)) }
            },
            DeliveryState::Delivered => html! { span.strong { "Delivered" } },
            DeliveryState::Exhausted => html! {
                span.strong { "Exhausted" } span.quiet { "every retry of the schedule has failed" }
            },
            DeliveryState::Held => html! {
                span.strong { "Held" } span.quiet { "the webhook was disabled; it is sent only on request" }
            },
            DeliveryState::Cancelled => html! {
                span.strong { "Cancelled" } span.quiet { "the webhook was deleted" }
            },
        };
        html! { li class={ "end " (self.delivery.state) } { div.step { (what) } } }
    }
}

impl Shown {
    fn render(&self, View { now, body, .. }: &View) -> Markup {
        let NumberedAttempt { number, manual, attempt } = &self.attempt;
        let answer = match &attempt.answer {
            herald_domain::attempt::Answer::Response(response) => Some(received(response)),
            herald_domain::attempt::Answer::Failure(_) => None,
        };
        let class = if attempt.answer.is_success() { "good" } else { "bad" };
        html! {
            li class=(class) {
                div.step {
                    span.strong { @if *manual { "Resend " } @else { "Attempt " } (number) }
                    (when(attempt.started_at, *now))
                    span.outcome.mono { (self.outcome()) }
                    span.quiet { (duration(attempt.duration)) }
                }
                @if let Some(reason) = self.reason() { p.reason { (text(&reason)) } }
                details {
                    summary { "Request" @if answer.is_some() { " and response" } }
                    (self.request(body))
                    @if let Some(answer) = &answer { (response(answer)) }
                }
            }
        }
    }

    fn outcome(&self) -> Markup {
        let answer = &self.attempt.attempt.answer;
        html! {
            @match (answer.status(), answer.error_class()) {
                (Some(status), _) => (status),
                (None, Some(class)) => (class),
                (None, None) => "no answer",
            }
        }
    }

    /// Why it failed, in words, if it did.
    fn reason(&self) -> Option<String> {
        use herald_domain::attempt::Answer;
        let answer = &self.attempt.attempt.answer;
        answer.error_class()?;
        let failure = match answer {
            Answer::Failure(failure) => Some(failure.clone()),
            Answer::Response(_) => None,
        };
        Some(message(failure, answer.status()))
    }

    fn request(&self, body: &str) -> Markup {
        let attempt = &self.attempt.attempt;
        html! {
            h3 { "Request" }
            (facts(&html! {
                (fact("URL", &html! { span.mono { (text(&attempt.url)) } }))
                @if let Some(address) = attempt.address {
                    (fact("Address", &html! { span.mono { (address) } }))
                }
                (fact("Began", &moment(attempt.started_at)))
            }))
            @match &self.request {
                Some(request) => {
                    (headers("Headers that were sent", request))
                    (block(&html! { "Body, laid out for reading" }, &pretty(body)))
                },
                None => p.quiet { "Nothing was sent: it failed before that." },
            }
        }
    }
}

fn response(answer: &ReceivedResponse) -> Markup {
    html! {
        h3 { "Response " (answer.status) }
        (headers("Headers that came back", &answer.headers))
        (body(&answer.body, answer.body_encoding, answer.truncated.then_some("its first 16 KiB")))
    }
}

pub(super) fn headers(caption: &str, headers: &IndexMap<String, String>) -> Markup {
    html! {
        div.table.headers {
            table {
                caption.visually-hidden { (caption) }
                thead.visually-hidden { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
                tbody {
                    @for (name, value) in headers {
                        tr { th.mono scope="row" { (text(name)) } td.mono { (text(value)) } }
                    }
                }
            }
        }
    }
}
