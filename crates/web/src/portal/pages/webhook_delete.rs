//! Deleting a webhook, after a second thought.

use axum::{extract::State, response::Redirect};
use herald_domain::{delivery::DeliveryState, id::WebhookId, webhook::Webhook};
use maud::{Markup, html};

use super::counts;
use crate::portal::{
    Change, Here, Portal,
    fault::Result,
    layout::{Area, Frame},
    parts::{Page, alert, header, text},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) webhook: Webhook,
    /// What would be cancelled.
    pub(super) unsent: u64,
}

/// The question.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    here.to_change()?;
    let (engine, environment) = (&portal.engine, here.environment());
    let webhook = engine.webhook(environment, here.id()?).await?;
    let counts = counts(engine, environment).await?;
    let unsent =
        counts.of(webhook.id, DeliveryState::Pending) + counts.of(webhook.id, DeliveryState::Held);
    Ok(Page(View { webhook, unsent }.render(&Frame::of(&here))))
}

/// The deed.
pub(crate) async fn delete(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, .. } = change;
    let id: WebhookId = here.id()?;
    portal.engine.delete_webhook(here.environment(), id).await?;
    Ok(Redirect::to(&here.path("/webhooks?done=deleted")))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let path = frame.webhook(self.webhook.id, "");
        let above = frame.below_webhook(&self.webhook);
        let buttons = html! {
            div.buttons {
                button.button.danger type="submit" { "Delete webhook" }
                a.button href=(path) { "Keep it" }
            }
        };
        frame.page(
            Area::Webhooks,
            "Delete webhook",
            &html! {
                (header(&above, &html! { "Delete this webhook?" }, &html! {}))
                div.panel.stack {
                    p.mono { (text(&self.webhook.url)) }
                    (alert("bad", "This cannot be undone", &html! {
                        p {
                            "Nothing is sent to it any more. "
                            @match self.unsent {
                                0 => "No delivery is waiting.",
                                1 => "One delivery that is pending or held is cancelled.",
                                many => { (many) " deliveries that are pending or held are cancelled." },
                            }
                            " What was sent stays visible."
                        }
                    }))
                    (frame.form(&format!("{path}/delete"), "", &buttons))
                }
            },
        )
    }
}
