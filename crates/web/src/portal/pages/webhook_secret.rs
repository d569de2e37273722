//! Rotating a webhook's secret: the choice, the new secret, once, and the switch to it.

use std::time::Duration;

use axum::{extract::State, response::Redirect};
use herald_domain::{id::WebhookId, problem::Problem, webhook::Webhook};
use herald_engine::SecretRotation;
use maud::{Markup, html};

use crate::portal::{
    Change, Here, Portal,
    fault::Result,
    layout::{Area, Frame},
    parts::{Page, alert, copied, header, moment},
};

/// For how long the secret before may count, seconds.
const OVERLAPS: [(u64, &str); 5] = [
    (0, "Not at all: somebody else may know it"),
    (3_600, "An hour"),
    (86_400, "A day"),
    (259_200, "Three days"),
    (604_800, "A week"),
];

/// The form's page.
#[derive(Debug)]
pub(super) struct View {
    pub(super) webhook: Webhook,
}

/// The page that shows the new secret.
#[derive(Debug)]
pub(super) struct Rotated {
    pub(super) webhook: Webhook,
    pub(super) secret: String,
}

/// The form.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    here.to_change()?;
    let webhook = portal.engine.webhook(here.environment(), here.id()?).await?;
    Ok(Page(View { webhook }.render(&Frame::of(&here))))
}

/// Makes another secret, and shows it.
pub(crate) async fn rotate(State(portal): State<Portal>, change: Change) -> Result<Page> {
    let Change { here, form } = change;
    let id: WebhookId = here.id()?;
    let overlap: u64 = form.text("overlap").parse().map_err(|_| {
        Problem::invalid("overlap", "choose for how long the old secret counts beside the new one")
    })?;
    let rotation = SecretRotation {
        overlap: Duration::from_secs(overlap),
        switched: form.text("switch") == "now",
    };
    let (webhook, secret) = portal.engine.rotate_secret(here.environment(), id, rotation).await?;
    let rotated = Rotated { webhook, secret: secret.reveal().to_owned() };
    Ok(Page(rotated.render(&Frame::of(&here).once())))
}

/// ComplyCube's header goes over to the new secret.
pub(crate) async fn switch(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, .. } = change;
    let id: WebhookId = here.id()?;
    portal.engine.switch_secret(here.environment(), id).await?;
    Ok(Redirect::to(&here.path(&format!("/webhooks/{id}?done=switched"))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let path = frame.webhook(self.webhook.id, "");
        let above = frame.below_webhook(&self.webhook);
        frame.page(
            Area::Webhooks,
            "Rotate the signing secret",
            &html! {
                (header(&above, &html! { "Rotate the signing secret" }, &html! {}))
                @if let Some(rotation) = &self.webhook.rotation {
                    (alert("warn", "A rotation is running", &html! {
                        p { "The previous secret is valid until " (moment(rotation.until)) ". Rotate again after that." }
                        p { a href=(path) { "Back to the webhook" } }
                    }))
                } @else {
                    (frame.form(&format!("{path}/rotate-secret"), "panel stack", &fields(&path)))
                }
            },
        )
    }
}

impl Rotated {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let path = frame.webhook(self.webhook.id, "");
        let above = frame.below_webhook(&self.webhook);
        let next = match &self.webhook.rotation {
            None => {
                html! { "Everything is signed with it from now on. The previous one is forgotten." }
            }
            Some(rotation) if rotation.switched => html! {
                "Everything is signed with it from now on. In " code { "Webhook-Signature" }
                " the previous one stays valid until " (moment(rotation.until)) "."
            },
            Some(rotation) => html! {
                "Install it in your receiver, then switch to it on the webhook's page. The \
                 previous one stays valid until " (moment(rotation.until)) "."
            },
        };
        frame.page(
            Area::Webhooks,
            "Secret rotated",
            &html! {
                (header(&above, &html! { "Secret rotated" }, &html! {}))
                div.panel.stack {
                    (alert("warn", "Copy the new signing secret now", &html! {
                        p { "It is shown only this once." }
                    }))
                    (copied("New signing secret", "secret", &self.secret))
                    p.hint { (next) }
                    div.buttons { a.button.primary href=(path) { "I have copied it" } }
                }
            },
        )
    }
}

fn fields(path: &str) -> Markup {
    html! {
        p {
            "There will be a new secret, shown once. The previous one can stay valid for a while, so \
             that your receiver is never without a right one."
        }
        div.field {
            label for="overlap" { "How long the previous secret stays valid" }
            select #overlap name="overlap" {
                @for (seconds, name) in OVERLAPS {
                    option value=(seconds) selected[seconds == 86_400] { (name) }
                }
            }
            p.hint {
                "During this time " code { "Webhook-Signature" } " carries a signature with each."
            }
        }
        fieldset.field {
            legend { code { "Complycube-Signature" } " can carry only one" }
            (choice("later", true, "Keep it on the previous secret until I say so",
                "Install the new secret in your receiver, then switch. It switches by itself when the time is over."))
            (choice("now", false, "Use the new secret at once",
                "For receivers that look at Webhook-Signature, or can be changed within moments."))
        }
        div.buttons {
            button.button.primary type="submit" { "Make a new secret" }
            a.button href=(path) { "Cancel" }
        }
    }
}

fn choice(value: &str, chosen: bool, name: &str, hint: &str) -> Markup {
    html! {
        label.tick {
            input type="radio" name="switch" value=(value) checked[chosen];
            span { span.strong { (name) } span.hint { (hint) } }
        }
    }
}
