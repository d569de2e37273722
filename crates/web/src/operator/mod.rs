//! The operator's API: publishing, reporting on checks, and managing accounts and their keys.

mod accounts;
mod checks;
mod events;
mod keys;
mod place;
mod portal_links;

use std::sync::Arc;

use herald_engine::Engine;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::routes::AlsoWithSlash;

/// Every operation of the operator's API.
pub(crate) fn router() -> OpenApiRouter<Arc<Engine>> {
    OpenApiRouter::new()
        .operations(routes!(accounts::create::create_account, accounts::list::list_accounts))
        .operations(routes!(accounts::get::get_account))
        .operations(routes!(accounts::end_sessions::end_sessions))
        .operations(routes!(portal_links::create_portal_link))
        .operations(routes!(keys::create::create_key, keys::list::list_keys))
        .operations(routes!(keys::revoke::revoke_key))
        .operations(routes!(events::publish::publish_event))
        .operations(routes!(events::publish_batch::publish_events))
        .operations(routes!(checks::complete::complete_check))
        .operations(routes!(checks::fail::fail_check))
        .operations(routes!(checks::monitoring_hit::report_monitoring_hit))
}
