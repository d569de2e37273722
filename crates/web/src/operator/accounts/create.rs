//! `POST /operator/v1/accounts`: makes an account and shows its first keys, once.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{id::AccountId, problem::Problem, time::Timestamp};
use herald_engine::{Engine, NewAccountKeys};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::Result,
    input::{Body, Fields, OperatorKey, SMALL, TEXT},
};

/// What it takes to make an account.
#[derive(ToSchema)]
#[schema(as = NewAccount)]
pub(crate) struct Request {
    /// What to call it; 1 to 200 characters.
    #[schema(example = "Acme")]
    name: String,
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        Ok(Self { name: Fields::parse(body)?.required("name", TEXT)? })
    }
}

/// An account with its first keys.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountWithKeys {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035ea0")]
    id: AccountId,
    /// What the operator calls it.
    #[schema(example = "Acme")]
    name: String,
    /// Shown only here.
    keys: FirstKeys,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
}

/// One key for each environment.
#[derive(Serialize, ToSchema)]
pub(crate) struct FirstKeys {
    /// Opens the test environment.
    #[schema(example = "test_wyYuOLs3J5nGRZKFS8jEiPKcgbqYvT1d")]
    test: String,
    /// Opens the live environment.
    #[schema(example = "live_T1dwyYuOLs3J5nGRZKFS8jEiPKcgbqYv")]
    live: String,
}

impl From<NewAccountKeys> for AccountWithKeys {
    fn from(NewAccountKeys { account, test, live }: NewAccountKeys) -> Self {
        let keys = FirstKeys { test, live };
        Self { id: account.id, name: account.name, keys, created_at: account.created_at }
    }
}

/// Create an account
///
/// The answer is the only one that shows its keys.
#[utoipa::path(
    post,
    path = "/operator/v1/accounts",
    tag = "Accounts",
    security(("operatorKey" = [])),
    request_body = Request,
    responses((status = 200, description = "The account, with its keys", body = AccountWithKeys)),
)]
pub(crate) async fn create_account(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    Body(body): Body<SMALL>,
) -> Result<Json<AccountWithKeys>> {
    let Request { name } = Request::read(&body)?;
    Ok(Json(engine.create_account(&name).await?.into()))
}
