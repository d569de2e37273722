//! One event type: when it happens, and what it looks like.

use axum::extract::State;
use maud::{Markup, html};

use super::event_types::events_of;
use crate::portal::{
    Here, Portal,
    fault::{Fault, Result},
    layout::{Area, Frame},
    parts::{Page, fact, facts, header, pretty, text},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) resource: String,
    pub(super) description: String,
    /// An event of this type, as it would be sent.
    pub(super) sample: String,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Result<Page> {
    let name: String = here.id()?;
    let engine = &portal.engine;
    let event_type = engine.catalogue().get(&name).ok_or_else(Fault::not_found)?;
    let view = View {
        name,
        resource: event_type.resource.clone(),
        description: event_type.description.clone(),
        sample: String::from_utf8_lossy(&engine.sample(event_type).body).into_owned(),
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/event-types")) { "Event types" } };
        let title = html! { span.mono { (text(&self.name)) } };
        let actions = html! {
            a.button href=(frame.path(&events_of(&self.name))) { "Events of this type" }
        };
        frame.page(
            Area::EventTypes,
            "Event type",
            &html! {
                (header(&above, &title, &actions))
                (facts(&html! {
                    (fact("When", &text(&self.description)))
                    (fact("About", &text(&self.resource)))
                }))
                section aria-labelledby="sample" {
                    h2 #sample { "Sample" }
                    p.hint {
                        "What is POSTed, laid out for reading. To get one, send a test event from the \
                         page of a webhook."
                    }
                    pre.code tabindex="0" { code { (pretty(&self.sample)) } }
                }
            },
        )
    }
}
