//! Recovering what a webhook missed: since when, and of what; how many that are; and the start.

use std::{collections::BTreeSet, time::Duration};

use axum::{extract::State, response::Redirect};
use herald_domain::{
    delivery::DeliveryState, id::WebhookId, problem::Problem, time::Timestamp, webhook::Webhook,
};
use herald_engine::RECOVERABLE;
use herald_store::{Recovery, RecoveryFilter, RecoveryStatus};
use maud::{Markup, html};

use super::first;
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, alert, header},
    },
};

/// How far back one looks if nothing is said.
const USUAL: Duration = Duration::from_secs(7 * 86_400);

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) webhook: Webhook,
    /// One that goes on already.
    pub(super) running: Option<Recovery>,
    pub(super) since: Timestamp,
    pub(super) states: BTreeSet<DeliveryState>,
    /// How many there are; none if they cannot be recovered.
    pub(super) count: Option<u64>,
}

/// The choice, and how many deliveries that are.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    here.to_change()?;
    let (engine, environment) = (&portal.engine, here.environment());
    let webhook = engine.webhook(environment, here.id()?).await?;
    let filter =
        RecoveryFilter { webhook: Some(webhook.id), status: Some(RecoveryStatus::Running) };
    let running = engine.list_recoveries(environment, filter, first(1)).await?.items.pop();
    let since = match query.text("since") {
        Some(text) if !text.is_empty() => time(&text)?,
        _ => engine.now().before(USUAL),
    };
    let states = match query.text("of") {
        Some(word) => states(&word)?,
        None => RECOVERABLE.into(),
    };
    let count = if webhook.enabled {
        Some(engine.count_missed(environment, webhook.id, since, states.clone()).await?)
    } else {
        None
    };
    let view = View { webhook, running, since, states, count };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Begins, and goes to where its progress is seen.
pub(crate) async fn begin(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, form } = change;
    let id: WebhookId = here.id()?;
    let (since, states) = (time(form.text("since"))?, states(form.text("of"))?);
    let begun = portal.engine.recover(here.environment(), id, since, states).await?;
    Ok(Redirect::to(&here.path(&format!("/recoveries/{}", begun.id))))
}

fn time(text: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|_| {
        Problem::invalid("since", "'Since' should be a date and a time, such as 2026-01-31T09:30")
    })
}

fn states(word: &str) -> Result<BTreeSet<DeliveryState>, Problem> {
    let one = || RECOVERABLE.into_iter().find(|state| state.as_str() == word);
    match word {
        "both" => Ok(RECOVERABLE.into()),
        _ => one().map(|state| [state].into()).ok_or_else(|| {
            Problem::invalid("of", "choose what to recover: what is held, exhausted, or both")
        }),
    }
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let path = frame.webhook(self.webhook.id, "");
        let above = frame.below_webhook(&self.webhook);
        frame.page(
            Area::Webhooks,
            "Recover missed events",
            &html! {
                (header(&above, &html! { "Recover missed events" }, &html! {}))
                p.lead {
                    "What is held or exhausted becomes pending again, each delivery with a fresh \
                     schedule, and is sent in the background, gently."
                }
                @if let Some(running) = &self.running {
                    (alert("warn", "A recovery of this webhook is running", &html! {
                        p {
                            a href=(frame.path(&format!("/recoveries/{}", running.id))) { "Look at its progress" }
                            ", wait for it, or cancel it there."
                        }
                    }))
                } @else if let Some(count) = self.count {
                    (self.choice(&format!("{path}/recover")))
                    (self.offer(frame, &format!("{path}/recover"), count))
                } @else {
                    (alert("warn", "This webhook is disabled", &html! {
                        p { "Mend the receiver, then " a href=(path) { "enable the webhook" } " first." }
                    }))
                }
            },
        )
    }

    /// The states by the word that the address has for them.
    fn of(&self) -> &'static str {
        match self.states.iter().collect::<Vec<_>>().as_slice() {
            [one] => one.as_str(),
            _ => "both",
        }
    }

    /// The browser's field takes no seconds; what was made in this minute counts.
    fn minute(&self) -> String {
        self.since.to_string().chars().take(16).collect()
    }

    fn choice(&self, path: &str) -> Markup {
        html! {
            form.filters method="get" action=(path) hx-get=(path) hx-trigger="change"
                hx-select="#offer" hx-target="#offer" hx-swap="outerHTML"
            {
                div {
                    label for="since" { "Since (UTC)" }
                    input #since type="datetime-local" name="since" value=(self.minute()) required;
                }
                div {
                    label for="of" { "What" }
                    select #of name="of" {
                        @for (word, name) in [
                            ("both", "Held and exhausted"),
                            (DeliveryState::Held.as_str(), "Held"),
                            (DeliveryState::Exhausted.as_str(), "Exhausted"),
                        ] {
                            option value=(word) selected[word == self.of()] { (name) }
                        }
                    }
                }
                div.filter-buttons { button.button type="submit" { "Count" } }
            }
        }
    }

    fn offer(&self, frame: &Frame, path: &str, count: u64) -> Markup {
        let begin = html! {
            input type="hidden" name="since" value=(self.minute());
            input type="hidden" name="of" value=(self.of());
            button.button.primary type="submit" {
                @if count == 1 { "Recover one delivery" } @else { "Recover " (count) " deliveries" }
            }
        };
        html! {
            div.panel.stack #offer aria-live="polite" {
                p {
                    @match count {
                        0 => "Nothing was missed since then.",
                        1 => { strong { "1" } " delivery was missed since then." },
                        many => { strong { (many) } " deliveries were missed since then." },
                    }
                }
                @if count > 0 { (frame.form(path, "", &begin)) }
            }
        }
    }
}
