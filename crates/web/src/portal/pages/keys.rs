//! The API keys of an environment: listed by their first characters, made and shown once, revoked.

use axum::{extract::State, response::Redirect};
use herald_domain::{account::ApiKey, id::KeyId, time::Timestamp};
use maud::{Markup, html};

use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::{Fault, Result},
        layout::{Area, Frame},
        parts::{Page, alert, copied, empty, header, plain, table, text, when},
    },
};

/// The list.
#[derive(Debug)]
pub(super) struct View {
    pub(super) keys: Vec<ApiKey>,
    pub(super) was_revoked: bool,
    pub(super) now: Timestamp,
}

/// A key that was just made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) text: String,
}

/// The question before a key is revoked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) key: ApiKey,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let view = View {
        keys: keys(&portal, &here).await?,
        was_revoked: query.text("done").is_some_and(|done| done == "revoked"),
        now: portal.engine.now(),
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Makes a key, and shows it.
pub(crate) async fn create(State(portal): State<Portal>, change: Change) -> Result<Page> {
    let Change { here, .. } = change;
    let (_, text) = portal.engine.create_key(here.account.id, here.mode).await?;
    Ok(Page(Made { text }.render(&Frame::of(&here).once())))
}

/// The question.
pub(crate) async fn confirm(State(portal): State<Portal>, here: Here) -> Result<Page> {
    here.to_change()?;
    let key = key(&portal, &here).await?;
    Ok(Page(Question { key, now: portal.engine.now() }.render(&Frame::of(&here))))
}

/// The deed.
pub(crate) async fn revoke(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, .. } = change;
    let key = key(&portal, &here).await?;
    portal.engine.revoke_key(here.account.id, key.id).await?;
    Ok(Redirect::to(&here.path("/keys?done=revoked")))
}

/// The keys of this environment; the other one's are shown there.
async fn keys(portal: &Portal, here: &Here) -> Result<Vec<ApiKey>> {
    let mut keys = portal.engine.list_keys(here.account.id).await?;
    keys.retain(|key| key.environment.mode == here.mode);
    Ok(keys)
}

async fn key(portal: &Portal, here: &Here) -> Result<ApiKey> {
    let id: KeyId = here.id()?;
    let keys = keys(portal, here).await?;
    keys.into_iter().find(|key| key.id == id).ok_or_else(Fault::not_found)
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let make = html! { button.button.primary type="submit" { "Create a key" } };
        let actions = html! {
            @if frame.may_change { (frame.form(&frame.path("/keys"), "", &make)) }
        };
        frame.page(
            Area::Keys,
            "API keys",
            &html! {
                (header(&html! {}, &html! { "API keys" }, &actions))
                p.lead { "A key opens the API of the " strong { (frame.mode) } " environment. It is shown once, when it is made." }
                @if self.was_revoked { p.done role="status" { "The key was revoked; it opens nothing any more." } }
                @if self.keys.is_empty() {
                    (empty("There is no key", "Create one to call the API of this environment.", &html! {}))
                } @else {
                    (self.table(frame))
                }
            },
        )
    }

    fn table(&self, frame: &Frame) -> Markup {
        let head = html! {
            th scope="col" { "Key" }
            th scope="col" { "State" }
            th scope="col" { "Created" }
            th scope="col" { span.visually-hidden { "Revoke" } }
        };
        let rows = html! { @for key in &self.keys { (self.row(frame, key)) } };
        table("API keys", &head, &rows)
    }

    fn row(&self, frame: &Frame, key: &ApiKey) -> Markup {
        html! {
            tr {
                td.mono { (text(&key.hint)) "…" }
                td {
                    @match key.revoked_at {
                        None => span.badge.good { "active" },
                        Some(at) => { span.badge.calm { "revoked" } " " (when(at, self.now)) },
                    }
                }
                td { (when(key.created_at, self.now)) }
                td.go {
                    @if frame.may_change && key.revoked_at.is_none() {
                        a href=(frame.path(&format!("/keys/{}/revoke", key.id)))
                            aria-label={ "Revoke the key " (plain(&key.hint)) "…" }
                        { "Revoke" }
                    }
                }
            }
        }
    }
}

impl Made {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/keys")) { "API keys" } };
        frame.page(
            Area::Keys,
            "Key created",
            &html! {
                (header(&above, &html! { "Key created" }, &html! {}))
                div.panel.stack {
                    (alert("warn", "Copy the key now", &html! {
                        p { "It is shown only this once; Herald keeps nothing from which it could be shown again." }
                    }))
                    (copied("API key", "key", &self.text))
                    p.hint { "Send it in the header " code { "Authorization" } "." }
                    div.buttons { a.button.primary href=(frame.path("/keys")) { "I have copied it" } }
                }
            },
        )
    }
}

impl Question {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/keys")) { "API keys" } };
        let path = frame.path(&format!("/keys/{}/revoke", self.key.id));
        let buttons = html! {
            div.buttons {
                button.button.danger type="submit" { "Revoke key" }
                a.button href=(frame.path("/keys")) { "Keep it" }
            }
        };
        frame.page(
            Area::Keys,
            "Revoke key",
            &html! {
                (header(&above, &html! { "Revoke this key?" }, &html! {}))
                div.panel.stack {
                    p { span.mono { (text(&self.key.hint)) "…" } ", created " (when(self.key.created_at, self.now)) }
                    (alert("bad", "This cannot be undone", &html! {
                        p { "Every program that still uses it is refused from now on. Create another key first, and switch to it." }
                    }))
                    (frame.form(&path, "", &buttons))
                }
            },
        )
    }
}
