//! The events of an environment, filtered by the address.

use axum::extract::State;
use herald_domain::{event::Event, time::Timestamp};
use herald_store::{EventFilter, Listed};
use maud::{Markup, html};

use super::webhook_form::{Group, groups};
use crate::{
    input::Query,
    portal::{
        Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, Pager, empty, header, plain, table, text, when},
    },
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) events: Vec<Event>,
    /// What can be filtered by.
    pub(super) groups: Vec<Group>,
    pub(super) pager: Pager,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here, query: Query) -> Result<Page> {
    // An empty field of the form is no filter.
    let mut query = query.without_empty();
    let page = Pager::asked(&query)?;
    let filters = ["type", "resourceType", "createdAfter", "createdBefore"];
    let filters = filters.map(|name| (name, query.text(name).unwrap_or_default())).to_vec();
    let filter = EventFilter {
        event_type: query.text("type"),
        resource_type: query.text("resourceType"),
        created: query.created(),
    };
    let listed = if query.is_unanswerable() {
        Listed::empty()
    } else {
        portal.engine.list_events(here.environment(), filter, page).await?
    };
    let path = here.path("/events");
    let view = View {
        events: listed.items,
        groups: groups(portal.engine.catalogue()),
        pager: Pager { path, filters, number: page.number(), total: listed.total },
        now: portal.engine.now(),
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        frame.page(
            Area::Events,
            "Events",
            &html! {
                (header(&html! {}, &html! { "Events" }, &html! {}))
                (self.filters())
                @if !self.events.is_empty() {
                    (event_rows(frame, &self.events, "Events", self.now))
                    (self.pager.render())
                } @else if self.pager.is_filtered() || self.pager.total > 0 {
                    (empty("No event is like that", "Widen the filters, or show all events.", &html! {
                        a.button href=(self.pager.path) { "Show all" }
                    }))
                } @else {
                    (empty(
                        "Nothing has happened yet",
                        "Events appear here as soon as a client, address, document or check changes, \
                         or your platform publishes one.",
                        &html! { a.button href="/docs" { "Read the API documentation" } },
                    ))
                }
            },
        )
    }

    fn filters(&self) -> Markup {
        html! {
            search {
                form.filters method="get" action=(self.pager.path) {
                    div {
                        label for="type" { "Type" }
                        (self.types())
                    }
                    div {
                        label for="resource" { "About" }
                        select #resource name="resourceType" {
                            option value="" { "Anything" }
                            @for group in &self.groups {
                                option value=(group.resource)
                                    selected[self.pager.filter("resourceType") == group.resource]
                                { (plain(&group.resource)) }
                            }
                        }
                    }
                    (self.pager.days())
                    (self.pager.buttons())
                }
            }
        }
    }

    /// Whether the type that is filtered by is in the catalogue, or none is.
    fn chosen_is_known(&self) -> bool {
        let chosen = self.pager.filter("type");
        let mut types = self.groups.iter().flat_map(|group| &group.types);
        chosen.is_empty() || types.any(|(name, _)| name == chosen)
    }

    fn types(&self) -> Markup {
        html! {
            select #type name="type" {
                option value="" { "All types" }
                @if !self.chosen_is_known() {
                    option value=(self.pager.filter("type")) selected { (plain(self.pager.filter("type"))) }
                }
                @for group in &self.groups {
                    optgroup label=(plain(&group.resource)) {
                        @for (name, _) in &group.types {
                            option value=(name) selected[self.pager.filter("type") == name] { (plain(name)) }
                        }
                    }
                }
            }
        }
    }
}

/// Events in a table.
pub(super) fn event_rows(frame: &Frame, events: &[Event], caption: &str, now: Timestamp) -> Markup {
    let head = html! {
        th scope="col" { "Type" }
        th scope="col" { "About" }
        th scope="col" { "Id" }
        th scope="col" { "Created" }
    };
    let rows = html! {
        @for event in events {
            tr {
                td {
                    a.strong.mono href=(frame.path(&format!("/events/{}", event.id))) {
                        (text(&event.event_type))
                    }
                }
                td { (text(&event.resource_type)) }
                td.mono.dim { (event.id) }
                td { (when(event.created_at, now)) }
            }
        }
    };
    table(caption, &head, &rows)
}
