//! The recoveries of an environment, filtered by the address.

use axum::extract::State;
use herald_domain::{id::WebhookId, time::Timestamp};
use herald_store::{Listed, Recovery, RecoveryFilter, RecoveryStatus};
use maud::{Markup, html};

use super::recovery::recovery_rows;
use crate::{
    input::Query,
    portal::{
        Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, Pager, empty, header},
    },
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) recoveries: Vec<Recovery>,
    pub(super) pager: Pager,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(State(portal): State<Portal>, here: Here, query: Query) -> Result<Page> {
    let mut query = query.without_empty();
    let page = Pager::asked(&query)?;
    let filters = ["webhookId", "status"];
    let filters = filters.map(|name| (name, query.text(name).unwrap_or_default())).to_vec();
    let filter = RecoveryFilter {
        webhook: query.parsed::<WebhookId>("webhookId"),
        status: query.parsed::<RecoveryStatus>("status"),
    };
    let listed = if query.is_unanswerable() {
        Listed::empty()
    } else {
        portal.engine.list_recoveries(here.environment(), filter, page).await?
    };
    let path = here.path("/recoveries");
    let pager = Pager { path, filters, number: page.number(), total: listed.total };
    let view = View { recoveries: listed.items, pager, now: portal.engine.now() };
    Ok(Page(view.render(&Frame::of(&here))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let above = html! { a href=(frame.path("/webhooks")) { "Webhooks" } };
        frame.page(
            Area::Webhooks,
            "Recoveries",
            &html! {
                (header(&above, &html! { "Recoveries" }, &html! {}))
                (self.pager.chips(&[("webhookId", "Of the webhook"), ("status", "With the status")]))
                @if self.recoveries.is_empty() {
                    (empty(
                        "No recovery",
                        "On the page of a webhook that has missed events, a recovery sends them.",
                        &html! { a.button href=(frame.path("/webhooks")) { "Look at the webhooks" } },
                    ))
                } @else {
                    (recovery_rows(frame, &self.recoveries, self.now))
                    (self.pager.render())
                }
            },
        )
    }
}
