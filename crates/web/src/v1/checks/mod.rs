//! Checks: what is to be found out about a client, and what was found.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;
pub(crate) mod validate;

use herald_domain::resource::{Kind, check::CHECK};
use serde_json::json;

use crate::resource::{
    filters::filters,
    schema::{answer, described, request, update_of},
};

described! {
    /// A check.
    Check: answer(&CHECK), json!({
        "id": "5eb04fcd0f3e360008035eb6",
        "clientId": "5eb04fcd0f3e360008035eb1",
        "entityName": "Jane Marie Doe",
        "type": "standard_screening_check",
        "status": "complete",
        "enableMonitoring": true,
        "result": {
            "outcome": "attention",
            "breakdown": {
                "summary": {
                    "politicalExposure": "attention",
                    "watchlist": "clear",
                    "adverseMedia": "not_processed",
                },
                "matches": [
                    { "id": "5eb04fcd0f3e360008035eb8", "entityName": "Jane M. Doe", "score": 92 },
                ],
            },
        },
        "createdAt": "2026-01-31T09:30:00.000Z",
        "updatedAt": "2026-01-31T09:30:01.000Z",
    })
}

described! {
    /// What it takes to make a check: its client, and for the types that look at a document, the
    /// document. Other fields are ignored.
    NewCheck: request(&CHECK), json!({
        "clientId": "5eb04fcd0f3e360008035eb1",
        "type": "standard_screening_check",
        "enableMonitoring": true,
    })
}

described! {
    /// What to change. A whole check can be sent back, but only this may differ.
    CheckUpdate: update_of(&CHECK, &["enableMonitoring"]), json!({ "enableMonitoring": false })
}

filters!(CheckFilters: Kind::Check);
