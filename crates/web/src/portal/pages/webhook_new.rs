//! A new webhook: its form, and the page that shows its secret, once.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use herald_domain::{
    id::WebhookId,
    problem::{Problem, ProblemKind},
};
use herald_engine::{EngineError, NewWebhook};
use http::StatusCode;
use maud::{Markup, html};

use super::webhook_form::{Entries, WebhookForm, Wrong, groups};
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, alert, copied, header},
    },
};

/// The form's page.
#[derive(Debug)]
pub(super) struct View {
    pub(super) form: WebhookForm,
}

/// The page that shows a secret.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) webhook: WebhookId,
    pub(super) url: String,
    pub(super) secret: String,
}

/// The form, empty but for the URL that another page has offered.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    here.to_change()?;
    let url = query.text("url").unwrap_or_default();
    let entries = Entries { url, enabled: true, ..Entries::default() };
    Ok(Page(View { form: form(&portal, &here, entries, None) }.render(&Frame::of(&here))))
}

/// Makes it, and shows its secret; or shows the form again, with what is wrong.
pub(crate) async fn create(State(portal): State<Portal>, change: Change) -> Result<Response> {
    let Change { here, form: sent } = change;
    let entries = Entries::of(&sent);
    let new = NewWebhook {
        description: (!entries.description.is_empty()).then(|| entries.description.clone()),
        url: entries.url.clone(),
        enabled: entries.enabled,
        events: entries.events.clone(),
    };
    match portal.engine.create_webhook(here.environment(), new).await {
        Ok((webhook, secret)) => {
            let secret = secret.reveal().to_owned();
            let made = Made { webhook: webhook.id, url: webhook.url, secret };
            Ok(Page(made.render(&Frame::of(&here).once())).into_response())
        }
        Err(error) => {
            let wrong = wrong(error)?;
            let view = View { form: form(&portal, &here, entries, Some(wrong)) };
            let page = Page(view.render(&Frame::of(&here)));
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
    }
}

/// What was wrong with the entries; every other failure is a page of its own.
pub(super) fn wrong(error: EngineError) -> Result<Wrong> {
    match error {
        EngineError::Refused(Problem { kind: ProblemKind::InvalidRequest, message, param }) => {
            Ok(Wrong { field: param, message })
        }
        other => Err(other.into()),
    }
}

fn form(portal: &Portal, here: &Here, entries: Entries, wrong: Option<Wrong>) -> WebhookForm {
    WebhookForm {
        entries,
        wrong,
        groups: groups(portal.engine.catalogue()),
        action: here.path("/webhooks"),
        button: "Add webhook",
        back: here.path("/webhooks"),
    }
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/webhooks")) { "Webhooks" } };
        frame.page(
            Area::Webhooks,
            "Add a webhook",
            &html! {
                (header(&above, &html! { "Add a webhook" }, &html! {}))
                (self.form.render(frame))
            },
        )
    }
}

impl Made {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/webhooks")) { "Webhooks" } };
        let path = frame.webhook(self.webhook, "");
        frame.page(
            Area::Webhooks,
            "Webhook added",
            &html! {
                (header(&above, &html! { "Webhook added" }, &html! {}))
                div.panel.stack {
                    (alert("warn", "Copy the signing secret now", &html! {
                        p { "It is shown only this once. Your receiver needs it to verify that a notification is Herald's." }
                    }))
                    (copied("Signing secret", "secret", &self.secret))
                    (copied("URL", "url", &self.url))
                    p.hint {
                        "Verify " code { "Complycube-Signature" } " with the official SDK, or "
                        code { "Webhook-Signature" } " with a Standard Webhooks library: the same secret fits both."
                    }
                    div.buttons { a.button.primary href=(path) { "I have copied it" } }
                }
            },
        )
    }
}
