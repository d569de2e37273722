//! Signing in by a link, and out again.
//!
//! A link's page only offers to sign in: mail scanners and previews that look at it do not use it
//! up. The button does.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use herald_domain::{account::Mode, session::Role};
use herald_engine::Token;
use http::{HeaderMap, header};
use maud::{Markup, html};

use super::{
    Portal,
    fault::{Fault, Result},
    form::is_from_here,
    layout,
    parts::{Page, text},
    visitor::{Own, Visitor},
};

/// Where a signed-in visitor who named no page goes.
pub(super) async fn home(_: Visitor) -> Redirect {
    Redirect::to(&landing(Mode::Test))
}

fn landing(mode: Mode) -> String {
    format!("/portal/{mode}")
}

/// What a link offers.
pub(super) struct Offer<'a> {
    pub(super) account: &'a str,
    pub(super) role: Role,
    pub(super) mode: Mode,
}

impl Offer<'_> {
    /// The page with the button.
    pub(super) fn render(&self) -> Markup {
        let may = if self.role.may_change() {
            "You will be able to see and change webhooks and keys."
        } else {
            "You will be able to see everything, and to change nothing."
        };
        layout::alone(
            "Sign in",
            &html! {
                h1 { "Sign in to " (text(self.account)) }
                p.lead { (may) }
                // Sent to the page's own address, which has the token.
                form method="post" {
                    button.button.primary.wide type="submit" { "Continue" }
                }
                p.hint {
                    "You land in the " strong { (self.mode) } " environment. This link works once."
                }
            },
        )
    }
}

/// The page of a link that nobody has used yet.
pub(super) async fn offer(State(portal): State<Portal>, Path(token): Path<String>) -> Result<Page> {
    let link = portal.engine.portal_link(&Token::presented(&token)).await?;
    let link = link.ok_or_else(Fault::used_link)?;
    let account = portal.engine.account(link.environment.account).await?;
    let offer = Offer { account: &account.name, role: link.role, mode: link.environment.mode };
    Ok(Page(offer.render()))
}

/// Uses the link.
pub(super) async fn accept(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    if !is_from_here(&portal, &headers) {
        return Err(Fault::forged());
    }
    let token = Token::presented(&token);
    portal.engine.portal_link(&token).await?.ok_or_else(Fault::used_link)?;
    end_replaced(&portal, &headers).await?;
    let used = portal.engine.sign_in(&token).await?;
    let (session, link) = used.ok_or_else(Fault::used_link)?;
    let cookie = portal.keep_session(&headers, &session);
    let go = Redirect::to(&landing(link.environment.mode));
    Ok(([(header::SET_COOKIE, cookie)], go).into_response())
}

/// Ends the session whose cookie the new one replaces: its browser could not sign it out any more.
/// Before the link is used, so that a failure here leaves a link that works.
async fn end_replaced(portal: &Portal, headers: &HeaderMap) -> Result<()> {
    let Some(token) = portal.session_token(headers) else { return Ok(()) };
    if let Some(signed_in) = portal.engine.signed_in(&token).await? {
        portal.engine.sign_out(&signed_in.session).await?;
    }
    Ok(())
}

/// Ends the session, here and in the browser.
pub(super) async fn sign_out(State(portal): State<Portal>, own: Own) -> Result<Response> {
    portal.engine.sign_out(&own.visitor.signed_in.session).await?;
    let cookie = portal.forget_session(&own.headers);
    let message = "To come back, open the portal from your platform again, or ask whoever runs \
                   Herald for a new link.";
    let page = layout::alone("Signed out", &layout::notice("You have signed out", message));
    Ok(([(header::SET_COOKIE, cookie)], Page(page)).into_response())
}
