//! A webhook's form. What is scheduled stays scheduled, and uses the new address.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use herald_domain::id::WebhookId;
use herald_engine::WebhookChanges;
use http::StatusCode;
use maud::{Markup, html};

use super::{
    webhook_form::{Entries, WebhookForm, Wrong, groups},
    webhook_new::wrong,
};
use crate::portal::{
    Change, Here, Portal,
    fault::Result,
    layout::{Area, Frame},
    parts::{Page, header, text},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) id: WebhookId,
    pub(super) url: String,
    pub(super) form: WebhookForm,
}

/// The form with what is there.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    here.to_change()?;
    let webhook = portal.engine.webhook(here.environment(), here.id()?).await?;
    let entries = Entries {
        url: webhook.url.clone(),
        description: webhook.description.unwrap_or_default(),
        enabled: webhook.enabled,
        events: webhook.events.names().to_vec(),
    };
    let form = form(&portal, &here, webhook.id, entries, None);
    let view = View { id: webhook.id, url: webhook.url, form };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Changes it, and goes to its page; or shows the form again, with what is wrong.
pub(crate) async fn update(State(portal): State<Portal>, change: Change) -> Result<Response> {
    let Change { here, form: sent } = change;
    let id: WebhookId = here.id()?;
    let before = portal.engine.webhook(here.environment(), id).await?;
    let entries = Entries::of(&sent);
    let description = (!entries.description.is_empty()).then(|| entries.description.clone());
    let changes = WebhookChanges {
        description: Some(description),
        url: Some(entries.url.clone()),
        enabled: Some(entries.enabled).filter(|enabled| *enabled != before.enabled),
        events: Some(entries.events.clone()),
    };
    match portal.engine.update_webhook(here.environment(), id, changes).await {
        Ok(_) => {
            Ok(Redirect::to(&here.path(&format!("/webhooks/{id}?done=saved"))).into_response())
        }
        Err(error) => {
            let form = form(&portal, &here, id, entries, Some(wrong(error)?));
            let view = View { id, url: before.url, form };
            let page = Page(view.render(&Frame::of(&here)));
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
    }
}

fn form(
    portal: &Portal,
    here: &Here,
    id: WebhookId,
    entries: Entries,
    wrong: Option<Wrong>,
) -> WebhookForm {
    WebhookForm {
        entries,
        wrong,
        groups: groups(portal.engine.catalogue()),
        action: here.path(&format!("/webhooks/{id}/edit")),
        button: "Save changes",
        back: here.path(&format!("/webhooks/{id}")),
    }
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! {
            a href=(frame.path("/webhooks")) { "Webhooks" }
            a href=(frame.webhook(self.id, "")) { (text(&self.url)) }
        };
        frame.page(
            Area::Webhooks,
            "Edit webhook",
            &html! {
                (header(&above, &html! { "Edit webhook" }, &html! {}))
                (self.form.render(frame))
            },
        )
    }
}
