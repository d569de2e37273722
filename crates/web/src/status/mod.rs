//! How Herald is, for whoever keeps it up: no key needed, and nothing here belongs to a tenant.

mod health;
mod metrics;
mod ready;

use std::sync::Arc;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use herald_engine::{Engine, Health};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::routes::AlsoWithSlash;

/// Every operation for whoever keeps Herald up.
pub(crate) fn router() -> OpenApiRouter<Arc<Engine>> {
    OpenApiRouter::new()
        .operations(routes!(health::get_health))
        .operations(routes!(ready::get_readiness))
        .operations(routes!(metrics::get_metrics))
}

/// How Herald is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// `ok` or `failing`.
    #[schema(example = "ok")]
    status: &'static str,
    /// What is found wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    troubles: Vec<Trouble>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trouble {
    /// Which part.
    #[schema(example = "store")]
    part: &'static str,
    /// What is wrong with it.
    #[schema(example = "does not commit")]
    problem: String,
}

/// 200 if all is well, else 503 with what is not.
fn answer(health: Health) -> Response {
    let (code, status) = if health.is_good() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "failing")
    };
    let shown = |t: herald_engine::Trouble| Trouble { part: t.part, problem: t.problem };
    let troubles = health.troubles.into_iter().map(shown).collect();
    (code, Json(Status { status, troubles })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_a_503_and_health_a_200() {
        assert_eq!(answer(Health::default()).status(), 200);
        let trouble = herald_engine::Trouble { part: "store", problem: "does not commit".into() };
        assert_eq!(answer(Health { troubles: vec![trouble] }).status(), 503);
    }
}
