//! One webhook: whether notifications flow and why not, what it asked for, what comes next, what
//! came last.

use axum::{extract::State, response::Redirect};
use herald_domain::{
    delivery::DeliveryState,
    id::WebhookId,
    time::Timestamp,
    webhook::{Failing, Webhook},
};
use herald_engine::WebhookChanges;
use herald_store::{DeliveryFilter, DeliveryView, Recovery, RecoveryFilter};
use maud::{Markup, html};

use super::{counts, delivery_table::DeliveryTable, first, recovery::recovery_rows};
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{
            Page, Performance, Period, alert, empty, fact, facts, header, text, webhook_state, when,
        },
    },
};

/// So many of the next retries, and of the last deliveries, are shown.
const ROWS: u32 = 8;

/// So many of the last recoveries are shown.
const RECOVERIES: u32 = 3;

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) webhook: Webhook,
    /// How many deliveries are in each state.
    pub(super) counts: Vec<(DeliveryState, u64)>,
    /// Names and descriptions of what it asked for; a type that is no longer in the catalogue has
    /// none.
    pub(super) events: Vec<(String, String)>,
    /// The soonest first.
    pub(super) next: Vec<DeliveryView>,
    /// The latest first.
    pub(super) last: Vec<DeliveryView>,
    pub(super) performance: Performance,
    /// The latest first.
    pub(super) recoveries: Vec<Recovery>,
    /// What was done on the page before.
    pub(super) done: &'static str,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let (engine, environment) = (&portal.engine, here.environment());
    let webhook = engine.webhook(environment, here.id()?).await?;
    let counts = counts(engine, environment).await?;
    let counts = DeliveryState::ALL.map(|state| (state, counts.of(webhook.id, state))).to_vec();
    let of_it = DeliveryFilter { webhook: Some(webhook.id), ..DeliveryFilter::default() };
    let next = engine.next_attempts(environment, webhook.id, ROWS as usize).await?;
    let described = |name: &String| {
        let known = engine.catalogue().get(name).map(|known| known.description.clone());
        (name.clone(), known.unwrap_or_default())
    };
    let of_it_too = RecoveryFilter { webhook: Some(webhook.id), status: None };
    let recoveries = engine.list_recoveries(environment, of_it_too, first(RECOVERIES)).await?.items;
    let period = Period::asked(&mut query);
    let asked = period.query(engine.now());
    let statistics = engine.webhook_statistics(environment, webhook.id, asked).await?;
    let view = View {
        counts,
        events: webhook.events.names().iter().map(described).collect(),
        next,
        last: engine.list_deliveries(environment, of_it, first(ROWS)).await?.items,
        performance: Performance { period, statistics },
        recoveries,
        done: match query.text("done").as_deref() {
            Some("saved") => "Saved.",
            Some("switched") => "Both headers are signed with the new secret from now on.",
            _ => "",
        },
        now: engine.now(),
        webhook,
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Starts or stops the flow.
pub(crate) async fn enable(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, form } = change;
    let id: WebhookId = here.id()?;
    let enabled = Some(form.text("enabled") == "true");
    let changes = WebhookChanges { enabled, ..WebhookChanges::default() };
    portal.engine.update_webhook(here.environment(), id, changes).await?;
    Ok(Redirect::to(&here.path(&format!("/webhooks/{id}?done=saved"))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/webhooks")) { "Webhooks" } };
        let title = html! {
            span.mono { (text(&self.webhook.url)) }
            (webhook_state(&self.webhook))
        };
        frame.page(
            Area::Webhooks,
            &format!("{} · Webhook", self.webhook.url),
            &html! {
                (header(&above, &title, &self.actions(frame)))
                @if !self.done.is_empty() { p.done role="status" { (self.done) } }
                (self.trouble(frame))
                @if let Some(failing) = &self.webhook.failing { (self.failing(failing, frame)) }
                (self.books(frame))
                (self.details(frame))
                (self.performance.render(&frame.webhook(self.webhook.id, "")))
                (self.recovered(frame))
                section aria-labelledby="next" {
                    h2 #next { "Next attempts" }
                    (self.next(frame))
                }
                section aria-labelledby="last" {
                    div.section-head {
                        h2 #last { "Last deliveries" }
                        a href=(self.deliveries(frame, "")) { "All deliveries" }
                    }
                    (self.last(frame))
                }
            },
        )
    }

    fn deliveries(&self, frame: &Frame, more: &str) -> String {
        frame.path(&format!("/deliveries?webhookId={}{more}", self.webhook.id))
    }

    fn actions(&self, frame: &Frame) -> Markup {
        if !frame.may_change {
            return html! {};
        }
        let path = frame.webhook(self.webhook.id, "");
        let enabled = self.webhook.enabled;
        let flow = html! {
            input type="hidden" name="enabled" value=(if enabled { "false" } else { "true" });
            button.button.primary[!enabled] type="submit" {
                @if enabled { "Disable" } @else { "Enable" }
            }
        };
        html! {
            @if enabled { a.button.primary href={ (path) "/test-event" } { "Send a test event" } }
            a.button href={ (path) "/edit" } { "Edit" }
            (frame.form(&format!("{path}/enabled"), "", &flow))
            a.button.danger-quiet href={ (path) "/delete" } { "Delete" }
        }
    }

    /// How many deliveries are in a state.
    fn count(&self, wanted: DeliveryState) -> u64 {
        let found = self.counts.iter().find(|(state, _)| *state == wanted);
        found.map_or(0, |(_, count)| *count)
    }

    /// Why nothing flows, and what to do.
    fn trouble(&self, frame: &Frame) -> Markup {
        let missed = (self.count(DeliveryState::Held), self.count(DeliveryState::Exhausted));
        match (&self.webhook.disabled, self.webhook.enabled) {
            (Some(disabled), _) => alert(
                "bad",
                "Herald has disabled this webhook",
                &html! {
                    p { (text(&disabled.reason)) " (" (when(disabled.at, self.now)) ")." }
                    p {
                        "Mend the receiver, then enable the webhook: what is pending goes on with its \
                         schedule, and new events flow again. Events that happen meanwhile are held."
                    }
                },
            ),
            (None, false) => alert(
                "calm",
                "This webhook is disabled",
                &html! {
                    p { "Events that match are held: kept, and sent only on request. Enable it, then recover what was held." }
                },
            ),
            (None, true) if missed != (0, 0) => alert(
                "warn",
                "It has missed events",
                &html! {
                    p {
                        @if missed.0 > 0 { (missed.0) " matched while it was disabled, and are held. " }
                        @if missed.1 > 0 { (missed.1) " are exhausted: every retry has failed. " }
                    }
                    @if frame.may_change {
                        p { a href=(frame.webhook(self.webhook.id, "/recover")) { "Recover what it missed" } }
                    }
                },
            ),
            (None, true) => html! {},
        }
    }

    /// Until when somebody has to have mended it.
    fn failing(&self, failing: &Failing, frame: &Frame) -> Markup {
        let delivery = frame.path(&format!("/deliveries/{}", failing.delivery));
        alert(
            "bad",
            "This webhook is close to being disabled",
            &html! {
                p {
                    "It began to fail " (when(failing.since, self.now)) ". Of "
                    a href=(delivery) { "one delivery" } " "
                    @if failing.attempts_left == 1 { "the last attempt is left" }
                    @else { (failing.attempts_left) " attempts are left" }
                    ". If the last one fails too, at the earliest " (when(failing.last_attempt_at, self.now))
                    ", Herald disables the webhook, and new events are held."
                }
                p {
                    "Mend the receiver: the next attempt comes by itself. To see at once whether it "
                    "works, resend the delivery; a success ends this."
                }
            },
        )
    }

    fn books(&self, frame: &Frame) -> Markup {
        html! {
            ul.counts.small aria-label="Deliveries" {
                @for (state, count) in &self.counts {
                    li {
                        a class={ "count " (state) }
                            href=(self.deliveries(frame, &format!("&state={state}")))
                        {
                            span.count-name { (state) }
                            span.count-number { (count) }
                        }
                    }
                }
            }
        }
    }

    fn details(&self, frame: &Frame) -> Markup {
        let webhook = &self.webhook;
        html! {
            div.split {
                section aria-labelledby="about" {
                    h2 #about { "About" }
                    (facts(&html! {
                        @if let Some(description) = &webhook.description {
                            (fact("Description", &text(description)))
                        }
                        (fact("Id", &html! { span.mono { (webhook.id) } }))
                        (fact("Signing secret", &self.secret(frame)))
                        (fact("Added", &when(webhook.created_at, self.now)))
                        (fact("Changed", &when(webhook.updated_at, self.now)))
                    }))
                }
                section aria-labelledby="asked" {
                    h2 #asked { "Events" }
                    ul.types { @for (name, description) in &self.events { (asked(name, description)) } }
                }
            }
        }
    }

    /// Which secret signs, and what can be done about it.
    fn secret(&self, frame: &Frame) -> Markup {
        let Some(rotation) = &self.webhook.rotation else {
            return html! {
                span.quiet { "Shown once. " }
                @if frame.may_change {
                    a.button.small href=(frame.webhook(self.webhook.id, "/rotate-secret")) { "Rotate" }
                }
            };
        };
        let switch = html! { button.button.small type="submit" { "Switch to the new secret" } };
        html! {
            p { "Being rotated. The previous secret stays valid, and is forgotten " (when(rotation.until, self.now)) "." }
            @if rotation.switched {
                p.hint { code { "Complycube-Signature" } " is made with the new secret." }
            } @else {
                p.hint { code { "Complycube-Signature" } " is still made with the previous one." }
                @if frame.may_change {
                    (frame.form(&frame.webhook(self.webhook.id, "/switch-secret"), "inline", &switch))
                }
            }
        }
    }

    fn recovered(&self, frame: &Frame) -> Markup {
        html! {
            @if !self.recoveries.is_empty() {
                section aria-labelledby="recoveries" {
                    div.section-head {
                        h2 #recoveries { "Recoveries" }
                        a href=(frame.path(&format!("/recoveries?webhookId={}", self.webhook.id))) { "All recoveries" }
                    }
                    (recovery_rows(frame, &self.recoveries, self.now))
                }
            }
        }
    }

    fn next(&self, frame: &Frame) -> Markup {
        if self.next.is_empty() {
            return html! { p.quiet { "Nothing is waiting to be sent." } };
        }
        let paused = !self.webhook.enabled;
        html! {
            @if paused { p.quiet { "While the webhook is disabled, these wait; once it is enabled, they go on." } }
            (table(&self.next).render(frame, "Next attempts", self.now))
        }
    }

    fn last(&self, frame: &Frame) -> Markup {
        if self.last.is_empty() {
            return empty(
                "Nothing has been sent to it yet",
                "The next event that it asked for appears here, with every attempt and every answer.",
                &html! {},
            );
        }
        table(&self.last).render(frame, "Last deliveries", self.now)
    }
}

fn table(rows: &[DeliveryView]) -> DeliveryTable {
    DeliveryTable { rows: rows.to_vec(), names_events: true, ..DeliveryTable::default() }
}

fn asked(name: &str, description: &str) -> Markup {
    html! {
        li {
            @if name == "*" {
                span.mono { "*" } span.hint { "All events, including types that are added later" }
            } @else {
                span.mono { (text(name)) }
                @if description.is_empty() { span.hint { "no longer in the catalogue" } }
                @else { span.hint { (text(description)) } }
            }
        }
    }
}
