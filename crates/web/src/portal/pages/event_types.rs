//! The catalogue: which event types there are.

use axum::extract::State;
use maud::{Markup, html};

use super::webhook_form::{Group, groups};
use crate::portal::{
    Here, Portal,
    layout::{Area, Frame},
    parts::{Page, header, plain, table_fixed, text},
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) groups: Vec<Group>,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here) -> Page {
    let view = View { groups: groups(portal.engine.catalogue()) };
    Page(view.render(&Frame::of(&here)))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        frame.page(
            Area::EventTypes,
            "Event types",
            &html! {
                (header(&html! {}, &html! { "Event types" }, &html! {}))
                p.lead { "What a webhook can ask for. A webhook that asks for " code { "*" } " gets all of them." }
                @for group in &self.groups {
                    section {
                        h2.noun { (text(&group.resource)) }
                        (table(frame, group))
                    }
                }
            },
        )
    }
}

fn table(frame: &Frame, group: &Group) -> Markup {
    let caption = format!("Event types: {}", plain(&group.resource));
    let head = html! {
        th scope="col" { "Type" }
        th scope="col" { "When it happens" }
        th scope="col" { span.visually-hidden { "Events" } }
    };
    let rows = html! {
        @for (name, description) in &group.types {
            tr {
                td.mono {
                    a href=(frame.path(&format!("/event-types/{name}"))) { (text(name)) }
                }
                td { (text(description)) }
                td.go {
                    a href=(frame.path(&events_of(name)))
                        aria-label={ "Events of type " (plain(name)) }
                    { "Events" }
                }
            }
        }
    };
    table_fixed(&caption, &head, &rows)
}

/// The list of events of one type.
pub(super) fn events_of(name: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("type", name).finish();
    format!("/events?{query}")
}
