//! Who asks for a page or sends a form, and whether they may.
//!
//! The order is the same everywhere: a session first, so that nobody without one learns anything;
//! then where the request comes from; then the role; then the form's token. Only what has passed
//! all of them gets at the fields.

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use herald_domain::account::{Account, EnvironmentId, Mode};
use herald_engine::{Engine, SignedIn};
use http::{HeaderMap, request::Parts};

use super::{
    Portal,
    fault::{Fault, Result},
    form::{Form, SIZE, TOKEN, is_from_here},
    theme::Theme,
};
use crate::input::Body;

/// The header by which htmx marks its requests.
const BY_SCRIPT: &str = "hx-request";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) signed_in: SignedIn,
    pub(super) theme: Theme,
}

impl Visitor {
    async fn of(headers: &HeaderMap, portal: &Portal) -> Result<Self> {
        let token = portal.session_token(headers).ok_or_else(Fault::signed_out)?;
        // What a page asks for by itself is no use of the session.
        let signed_in = if headers.contains_key(BY_SCRIPT) {
            portal.engine.still_signed_in(&token).await?
        } else {
            portal.engine.signed_in(&token).await?
        };
        let signed_in = signed_in.ok_or_else(Fault::signed_out)?;
        Ok(Self { signed_in, theme: Theme::of(headers) })
    }

    /// Whether they may change anything.
    pub(super) fn may_change(&self) -> bool {
        self.signed_in.session.role.may_change()
    }
}

impl FromRequestParts<Portal> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self> {
        Self::of(&parts.headers, portal).await
    }
}

/// Somebody who is signed in, in one environment of their account.
#[derive(Clone, Debug)]
pub(super) struct Here {
    pub(super) visitor: Visitor,
    pub(super) account: Account,
    pub(super) mode: Mode,
    /// The `id` in the path.
    id: String,
    /// The path and the query.
    pub(super) address: String,
}

impl Here {
    /// The environment.
    pub(super) fn environment(&self) -> EnvironmentId {
        self.visitor.signed_in.session.environment(self.mode)
    }

    /// The id in the path. A malformed one is answered like an unknown one.
    pub(super) fn id<T: FromStr>(&self) -> Result<T> {
        self.id.parse().map_err(|_| Fault::not_found())
    }

    /// The address of something of this environment.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/portal/{}{rest}", self.mode)
    }

    /// For pages that lead to a form: refuses who may not send it.
    pub(super) fn to_change(&self) -> Result<()> {
        if self.visitor.may_change() { Ok(()) } else { Err(Fault::viewer()) }
    }
}

impl FromRequestParts<Portal> for Here {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self> {
        let visitor = Visitor::of(&parts.headers, portal).await?;
        let params = RawPathParams::from_request_parts(parts, portal).await.ok();
        let param = |place: &str| {
            let found = params.as_ref()?.iter().find(|(name, _)| *name == place)?.1;
            Some(found.to_owned())
        };
        let mode = param("mode").and_then(|mode| mode.parse().ok()).ok_or_else(Fault::not_found)?;
        let account = account(&portal.engine, &visitor).await?;
        let address = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        Ok(Self { visitor, account, mode, id: param("id").unwrap_or_default(), address })
    }
}

async fn account(engine: &Engine, visitor: &Visitor) -> Result<Account> {
    Ok(engine.account(visitor.signed_in.session.account).await?)
}

/// A form of a manager's, which changes something in an environment.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) here: Here,
    pub(super) form: Form,
}

impl FromRequest<Portal> for Change {
    type Rejection = Fault;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let here = Here::from_request_parts(&mut parts, portal).await?;
        let request = Request::from_parts(parts, body);
        if !is_from_here(portal, request.headers()) {
            return Err(Fault::forged());
        }
        here.to_change()?;
        let form = owned_form(request, portal, &here.visitor).await?;
        Ok(Self { here, form })
    }
}

/// A form that concerns nobody but whoever sends it, such as signing out.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) visitor: Visitor,
    pub(super) form: Form,
    pub(super) headers: HeaderMap,
}

impl FromRequest<Portal> for Own {
    type Rejection = Fault;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self> {
        let headers = request.headers().clone();
        let visitor = Visitor::of(&headers, portal).await?;
        if !is_from_here(portal, &headers) {
            return Err(Fault::forged());
        }
        let form = owned_form(request, portal, &visitor).await?;
        Ok(Self { visitor, form, headers })
    }
}

/// The form, if it was on a page of this session.
async fn owned_form(request: Request, portal: &Portal, visitor: &Visitor) -> Result<Form> {
    let Body(body) = Body::<SIZE>::from_request(request, portal).await?;
    let form = Form::parse(&body)?;
    let token = form.all(TOKEN);
    match token.as_slice() {
        [token] if visitor.signed_in.owns_form(token) => Ok(form),
        _ => Err(Fault::forged()),
    }
}
