//! `POST /operator/v1/portalLinks`: makes a link that signs somebody in to the portal, once.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use herald_domain::{
    account::{EnvironmentId, Mode},
    id::AccountId,
    problem::Problem,
    session::Role,
    time::Timestamp,
};
use herald_engine::{Engine, NewLink};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::Result,
    input::{Body, Fields, Kind, MODE, OperatorKey, SMALL, TEXT, clipped},
};

/// Minutes that a link is good for, unless the request says otherwise.
const USUAL_MINUTES: u64 = 10;

const ROLE: Kind<Role> = Kind::new("'viewer' or 'manager'", |value| value.as_str()?.parse().ok());

/// A whole number of minutes, up to an hour.
const MINUTES: Kind<u64> = Kind::new("a whole number from 1 to 60", |value| {
    let text = String::from_utf8(value.to_bytes()).ok()?;
    text.parse().ok().filter(|minutes| (1..=60).contains(minutes) && value.as_number().is_some())
});

/// What it takes to make a link.
#[derive(ToSchema)]
#[schema(as = NewPortalLink)]
pub(crate) struct Request {
    /// Whose portal it opens.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035ea0")]
    #[schema(rename = "accountId")]
    account: AccountId,
    /// `viewer` sees everything, `manager` changes things too.
    #[schema(value_type = String, example = "manager")]
    role: Role,
    /// On which environment it lands: `test` (the usual) or `live`. The session sees both.
    #[schema(value_type = Option<String>, example = "test")]
    environment: Mode,
    /// For how many minutes it is good: 1 to 60, usually 10.
    #[schema(value_type = Option<u64>, example = 10)]
    minutes: u64,
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::parse(body)?;
        let account = fields.required("accountId", TEXT)?;
        Ok(Self {
            account: account
                .parse()
                .map_err(|_| Problem::not_found("account", clipped(&account)))?,
            role: fields.required("role", ROLE)?,
            environment: fields.optional("environment", MODE)?.unwrap_or(Mode::Test),
            minutes: fields.optional("minutes", MINUTES)?.unwrap_or(USUAL_MINUTES),
        })
    }
}

/// A link into the portal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortalLink {
    /// Where to send the person. It signs in whoever uses it first.
    #[schema(example = "https://hooks.example.com/portal/link/wyYuOLs3J5nGRZKFS8jEiPKcgbqYvT1d")]
    url: String,
    /// When it stops working, used or not.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:40:00.000Z")]
    expires_at: Timestamp,
}

impl From<NewLink> for PortalLink {
    fn from(NewLink { url, expires_at }: NewLink) -> Self {
        Self { url, expires_at }
    }
}

/// Create a link into the portal
///
/// It works once, for the person whom you send there; the session that follows ends after an hour
/// without use, and after 12 hours at the latest.
#[utoipa::path(
    post,
    path = "/operator/v1/portalLinks",
    tag = "Accounts",
    security(("operatorKey" = [])),
    request_body = Request,
    responses((status = 200, description = "The link", body = PortalLink)),
)]
pub(crate) async fn create_portal_link(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    Body(body): Body<SMALL>,
) -> Result<Json<PortalLink>> {
    let Request { account, role, environment: mode, minutes } = Request::read(&body)?;
    let environment = EnvironmentId { account, mode };
    let life = Duration::from_secs(60 * minutes);
    Ok(Json(engine.create_portal_link(environment, role, life).await?.into()))
}
