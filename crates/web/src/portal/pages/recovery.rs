//! A recovery: how far it has come, while it goes on.

use axum::{extract::State, response::Redirect};
use herald_domain::{id::RecoveryId, time::Timestamp};
use herald_store::{Recovery, RecoveryStatus};
use maud::{Markup, html};

use crate::portal::{
    Change, Here, Portal,
    fault::Result,
    layout::{Area, Frame},
    parts::{Pace, Page, fact, facts, grouped, header, live, recovery_state, table, text, when},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) recovery: Recovery,
    /// The webhook's URL, if it is still there.
    pub(super) webhook: Option<String>,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    let (engine, environment) = (&portal.engine, here.environment());
    let recovery = engine.recovery(environment, here.id()?).await?;
    let webhook = engine.webhook(environment, recovery.missed.webhook).await.ok();
    let view = View { recovery, webhook: webhook.map(|webhook| webhook.url), now: engine.now() };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Stops it.
pub(crate) async fn cancel(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, .. } = change;
    let id: RecoveryId = here.id()?;
    portal.engine.cancel_recovery(here.environment(), id).await?;
    Ok(Redirect::to(&here.path(&format!("/recoveries/{id}"))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let recovery = &self.recovery;
        let webhook = frame.webhook(recovery.missed.webhook, "");
        let above = html! {
            a href=(frame.path("/webhooks")) { "Webhooks" }
            @if let Some(url) = &self.webhook { a href=(webhook) { (text(url)) } }
        };
        let title = html! { "Recovery " (recovery_state(recovery.status)) };
        let is_running = recovery.status == RecoveryStatus::Running;
        let cancel = html! { button.button.danger-quiet type="submit" { "Cancel" } };
        let actions = html! {
            @if is_running && frame.may_change {
                (frame.form(&frame.path(&format!("/recoveries/{}/cancel", recovery.id)), "", &cancel))
            }
        };
        let content = html! {
            (header(&above, &title, &actions))
            (self.progress())
            (facts(&html! {
                (fact("Of", &states(recovery)))
                (fact("Since", &when(recovery.missed.since, self.now)))
                (fact("Began", &when(recovery.created_at, self.now)))
                (fact("Last step", &when(recovery.updated_at, self.now)))
                (fact("Id", &html! { span.mono { (recovery.id) } }))
            }))
            p.quiet {
                "What is due again is sent as fast as the webhook takes it: "
                a href=(frame.path(&format!("/deliveries?webhookId={}&state=pending", recovery.missed.webhook))) {
                    "what is pending"
                }
                "."
            }
        };
        let pace = if is_running { Pace::Often } else { Pace::Never };
        frame.page(Area::Webhooks, "Recovery", &live(&frame.address, pace, &content))
    }

    fn progress(&self) -> Markup {
        let Recovery { total, recovered, .. } = self.recovery;
        html! {
            div.panel.progress {
                label for="progress" { strong { (grouped(recovered)) } " of " (grouped(total)) " are due again" }
                progress #progress max=(total.max(1)) value=(if total == 0 { 1 } else { recovered }) {}
            }
        }
    }
}

/// What it is of, in words.
fn states(recovery: &Recovery) -> Markup {
    let words: Vec<_> = recovery.missed.states.iter().map(|state| state.as_str()).collect();
    html! { "deliveries that were " (words.join(" or ")) }
}

/// Recoveries in a table.
pub(super) fn recovery_rows(frame: &Frame, recoveries: &[Recovery], now: Timestamp) -> Markup {
    let head = html! {
        th scope="col" { "State" }
        th scope="col" { "Of" }
        th.number scope="col" { "Due again" }
        th scope="col" { "Began" }
        th scope="col" { span.visually-hidden { "Details" } }
    };
    let rows = html! {
        @for recovery in recoveries {
            tr {
                td { (recovery_state(recovery.status)) }
                td { (states(recovery)) ", since " (when(recovery.missed.since, now)) }
                td.number { (recovery.recovered) " of " (recovery.total) }
                td { (when(recovery.created_at, now)) }
                td.go {
                    a href=(frame.path(&format!("/recoveries/{}", recovery.id)))
                        aria-label={ "Details of recovery " (recovery.id) } { "Details" }
                }
            }
        }
    };
    table("Recoveries", &head, &rows)
}
