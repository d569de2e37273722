//! Deleting a temporary endpoint, after a second thought.

use axum::{extract::State, response::Redirect};
use herald_domain::id::EndpointId;
use herald_engine::OpenEndpoint;
use maud::{Markup, html};

use super::endpoints::name;
use crate::portal::{
    Change, Here, Portal,
    fault::Result,
    layout::{Area, Frame},
    parts::{Page, alert, header, text},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) open: OpenEndpoint,
}

/// The question.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    here.to_change()?;
    let open = portal.engine.endpoint(here.environment(), here.id()?).await?;
    Ok(Page(View { open }.render(&Frame::of(&here))))
}

/// The deed.
pub(crate) async fn delete(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, .. } = change;
    let id: EndpointId = here.id()?;
    portal.engine.delete_endpoint(here.environment(), id).await?;
    Ok(Redirect::to(&here.path("/endpoints?done=deleted")))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let OpenEndpoint { endpoint, url } = &self.open;
        let path = frame.path(&format!("/endpoints/{}", endpoint.id));
        let above = html! {
            a href=(frame.path("/endpoints")) { "Temporary endpoints" }
            a href=(path) { (name(endpoint.description.as_deref())) }
        };
        let buttons = html! {
            div.buttons {
                button.button.danger type="submit" { "Delete endpoint" }
                a.button href=(path) { "Keep it" }
            }
        };
        frame.page(
            Area::Endpoints,
            "Delete endpoint",
            &html! {
                (header(&above, &html! { "Delete this endpoint?" }, &html! {}))
                div.panel.stack {
                    p.mono.whole { (text(url)) }
                    (alert("bad", "This cannot be undone", &html! {
                        p {
                            "What it keeps goes with it, and a webhook that has its URL is answered \
                             404 from now on."
                        }
                    }))
                    (frame.form(&format!("{path}/delete"), "", &buttons))
                }
            },
        )
    }
}
