//! What went wrong, as a page: what it was, and what to do. The log is told by the same code that
//! answers the API ([`Refusal`]).

use axum::{
    extract::{FromRequestParts as _, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use herald_domain::problem::Problem;
use herald_engine::EngineError;
use http::StatusCode;
use maud::{Markup, html};

use super::{
    Portal,
    layout::{self, Area, Frame},
    parts::{Page, header, text},
    visitor::Here,
};
use crate::error::Refusal;

/// A page's answer.
pub(super) type Result<T, E = Fault> = std::result::Result<T, E>;

/// Why there is no page.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    status: StatusCode,
    title: &'static str,
    message: String,
}

impl Fault {
    fn new(status: StatusCode, title: &'static str, message: impl Into<String>) -> Self {
        Self { status, title, message: message.into() }
    }

    /// 401: there is no session, or it has ended.
    pub(super) fn signed_out() -> Self {
        let message = "Your session has ended, or you have not signed in yet. Open the portal from \
                       your platform again, or ask whoever runs Herald for a new link.";
        Self::new(StatusCode::UNAUTHORIZED, "You are signed out", message)
    }

    /// 410: the link was used, is too old, or never was.
    pub(super) fn used_link() -> Self {
        let message = "A sign-in link works once and for a few minutes. Open the portal from your \
                       platform again, or ask whoever runs Herald for a new link.";
        Self::new(StatusCode::GONE, "This link no longer works", message)
    }

    /// 403: signed in, but only to look.
    pub(super) fn viewer() -> Self {
        let message = "You are signed in as a viewer. Ask for a link with the role manager to \
                       change things.";
        Self::new(StatusCode::FORBIDDEN, "You can look, but not change this", message)
    }

    /// 403: the form was not on a page of this session.
    pub(super) fn forged() -> Self {
        let message = "This form does not belong to your session, so nothing was changed. Go back, \
                       reload the page and try again.";
        Self::new(StatusCode::FORBIDDEN, "Nothing was changed", message)
    }

    /// 404: no such page, or no such object here.
    pub(super) fn not_found() -> Self {
        let message = "It may have been deleted, be too old to be kept, or be in the other \
                       environment: test and live share nothing.";
        Self::new(StatusCode::NOT_FOUND, "There is nothing here", message)
    }

    /// 405: the address of a form, opened like a page, or the other way round.
    pub(super) fn no_method() -> Self {
        let message = "A form is sent to this address, or it only shows something. Go back, and \
                       use the buttons and links of the page.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "This is no page to open", message)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = refusal.told();
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            status if status.is_server_error() => Self::new(
                status,
                "That did not work",
                "Something is wrong on our side. Try again in a moment.",
            ),
            status => Self::new(status, "That cannot be done", message),
        }
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Refusal::from(problem).into()
    }
}

impl IntoResponse for Fault {
    /// For somebody who may not be signed in; [`frame`] has more for who is.
    fn into_response(self) -> Response {
        let may_go_on = !matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::GONE);
        let content = html! {
            (layout::notice(self.title, &self.message))
            @if may_go_on { div.buttons { a.button href="/portal" { "Go to the overview" } } }
        };
        let mut response = (self.status, Page(layout::alone(self.title, &content))).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Fault {
    fn render(&self, frame: &Frame, area: Area) -> Markup {
        frame.page(
            area,
            self.title,
            &html! {
                (header(&html! {}, &html! { (self.title) }, &html! {}))
                p.lead { (text(&self.message)) }
                div.buttons {
                    a.button href=(frame.path(area.path())) { "Go to " (area.name()) }
                }
            },
        )
    }
}

/// Shows faults within the frame to who is signed in, so that they can go on.
pub(super) async fn frame(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let response = next.run(Request::from_parts(parts.clone(), body)).await;
    let Some(fault) = response.extensions().get::<Fault>() else { return response };
    let Ok(here) = Here::from_request_parts(&mut parts, &portal).await else { return response };
    let area = Area::of(&here.address);
    let frame = Frame::of(&here).at(area);
    (fault.status, Page(fault.render(&frame, area))).into_response()
}
