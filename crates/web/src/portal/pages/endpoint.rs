//! One temporary endpoint: its URL, what it answers, and what has come, told as it comes.
//!
//! The list is whole without script. With it, a stream tells each new request as the very markup
//! that the list has for it, and htmx puts it at the list's beginning.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{Redirect, Response},
};
use herald_domain::{id::EndpointId, problem::Problem, time::Timestamp};
use herald_engine::{EndpointChanges, Engine, Examined, OpenEndpoint, Token};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use url::form_urlencoded::Serializer;

use super::{endpoint_request::item, endpoints::name};
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::{Fault, Result},
        layout::{Area, Frame},
        parts::{Page, Pager, copied, empty, fact, facts, header, text, when},
    },
    watching::{Viewer, last_seen, stream},
};

/// What a receiver may be made to answer.
const STATUSES: [u16; 9] = [200, 202, 400, 401, 404, 410, 429, 500, 503];

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) open: OpenEndpoint,
    /// The newest first.
    pub(super) requests: Vec<Examined>,
    pub(super) pager: Pager,
    pub(super) was_saved: bool,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let (engine, environment) = (&portal.engine, here.environment());
    let (id, page): (EndpointId, _) = (here.id()?, Pager::asked(&query)?);
    let open = engine.endpoint(environment, id).await?;
    let listed = engine.list_requests(environment, id, page).await?;
    let pager = Pager {
        path: here.path(&format!("/endpoints/{id}")),
        filters: Vec::new(),
        number: page.number(),
        total: listed.total,
    };
    let was_saved = query.text("done").is_some_and(|done| done == "saved");
    let view = View { open, requests: listed.items, pager, was_saved, now: engine.now() };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Changes what it answers.
pub(crate) async fn update(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, form } = change;
    let id: EndpointId = here.id()?;
    let wrong = |_| Problem::invalid("respondWith", "'respondWith' should be a status");
    let status = form.text("respondWith").parse().map_err(wrong)?;
    let changes = EndpointChanges { respond_with: Some(status), ..EndpointChanges::default() };
    portal.engine.update_endpoint(here.environment(), id, changes).await?;
    Ok(Redirect::to(&here.path(&format!("/endpoints/{id}?done=saved"))))
}

/// Tells what comes after the request with the number `after`.
pub(crate) async fn live(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response> {
    let after = last_seen(&headers).or_else(|| query.parsed("after"));
    let token = portal.session_token(&headers).ok_or_else(Fault::signed_out)?;
    let viewing = portal.engine.watch_endpoint(here.environment(), here.id()?, after).await?;
    Ok(stream(viewing, Watcher { engine: portal.engine, token, frame: Frame::of(&here) }))
}

/// A page that watches, for as long as its session lives.
struct Watcher {
    engine: Arc<Engine>,
    token: Token,
    frame: Frame,
}

impl Viewer for Watcher {
    fn lines(&self, examined: Examined) -> String {
        let markup = item(&self.frame, &examined).into_string();
        let lines: Vec<_> =
            markup.split(['\r', '\n']).map(|line| format!("data: {line}")).collect();
        lines.join("\n")
    }

    async fn may_watch(&self) -> bool {
        // If that cannot be told right now, the page asks again.
        matches!(self.engine.still_signed_in(&self.token).await, Ok(Some(_)))
    }
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let endpoint = &self.open.endpoint;
        let above = html! { a href=(frame.path("/endpoints")) { "Temporary endpoints" } };
        let actions = html! {
            @if frame.may_change { a.button.danger-quiet href={ (self.pager.path) "/delete" } { "Delete" } }
        };
        frame.page(
            Area::Endpoints,
            "Temporary endpoint",
            &html! {
                (header(&above, &name(endpoint.description.as_deref()), &actions))
                @if self.was_saved { p.done role="status" { "Saved." } }
                (self.place(frame))
                div.split {
                    section aria-labelledby="about" {
                        h2 #about { "About" }
                        (self.about())
                    }
                    section aria-labelledby="answers" {
                        h2 #answers { "What it answers" }
                        (self.answers(frame))
                    }
                }
                (self.kept(frame))
            },
        )
    }

    /// Where it is, and what to do with that.
    fn place(&self, frame: &Frame) -> Markup {
        let url = &self.open.url;
        let query = Serializer::new(String::new()).append_pair("url", url).finish();
        html! {
            div.panel.place {
                (copied("URL", "url", url))
                p.hint {
                    "Whoever knows it can send to it, by any method. As a webhook's URL it gets that \
                     webhook's notifications, even where the internet does not reach Herald."
                }
                @if frame.may_change {
                    div.buttons {
                        a.button.primary href=(frame.path(&format!("/webhooks/new?{query}"))) { "Add a webhook with it" }
                    }
                }
            }
        }
    }

    fn about(&self) -> Markup {
        let endpoint = &self.open.endpoint;
        facts(&html! {
            (fact("Expires", &html! {
                (when(endpoint.expires_at, self.now)) span.quiet { ", with all that it keeps" }
            }))
            (fact("Keeps", &html! { "the last 500 requests, at most 16 MiB of them" }))
            (fact("Created", &when(endpoint.created_at, self.now)))
            (fact("Id", &html! { span.mono { (endpoint.id) } }))
        })
    }

    fn answers(&self, frame: &Frame) -> Markup {
        let now = self.open.endpoint.respond_with;
        if !frame.may_change {
            return html! { p.mono { (status_line(now)) } };
        }
        let other = (!STATUSES.contains(&now)).then_some(now);
        let fields = html! {
            div.wide {
                label for="respond-with" { "Status" }
                select #respond-with name="respondWith" aria-describedby="respond-with-hint" {
                    @for status in other.into_iter().chain(STATUSES) {
                        option value=(status) selected[status == now] { (status_line(status)) }
                    }
                }
            }
            button.button type="submit" { "Change" }
        };
        html! {
            (frame.form(&self.pager.path, "filters", &fields))
            p.hint #respond-with-hint {
                "Break the receiver, see what Herald does about it, and mend it again: all but 2xx is \
                 a failure."
            }
        }
    }

    fn kept(&self, frame: &Frame) -> Markup {
        // Only the first page begins with what comes next.
        let newest = self.requests.first().map_or(0, |examined| examined.request.number);
        let path = format!("{}/live?after={newest}", self.pager.path);
        let live = (self.pager.number == 1).then_some(path);
        html! {
            section aria-labelledby="requests" {
                div.section-head {
                    h2 #requests { "Requests" }
                    @if live.is_some() { (connection()) }
                }
                ol.requests aria-live="polite" hx-sse:connect=[live] hx-swap="afterbegin" {
                    @for examined in &self.requests { (item(frame, examined)) }
                }
                (self.nothing(frame))
                @if self.pager.total > self.requests.len() as u64 { (self.pager.render()) }
            }
        }
    }

    /// What there is to do while nothing has come; hidden as soon as something is in the list.
    fn nothing(&self, frame: &Frame) -> Markup {
        if self.pager.total > 0 {
            return html! {};
        }
        let how = html! {
            pre.code tabindex="0" {
                code { "curl -d '{\"hello\":\"there\"}' " (text(&self.open.url)) }
            }
            p.hint {
                "Or have Herald send to it: add a webhook with this URL"
                @if frame.may_change { ", and send a test event or publish one" }
                ". Signatures are checked with that webhook's secret."
            }
        };
        empty("Nothing has come yet", "Send it something, such as from a terminal:", &how)
    }
}

/// Whether the list is told what comes; the script says which of them it is.
fn connection() -> Markup {
    html! {
        p.connection role="status" {
            span.off { "Reload the page to see what has come since." }
            span.on { "Live" }
            span.lost { "Connection lost, trying again" }
        }
    }
}

fn status_line(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{status} {}", reason.unwrap_or_default())
}
