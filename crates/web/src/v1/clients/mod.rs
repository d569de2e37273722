//! Clients: whom an account deals with, a person or a company.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use herald_domain::resource::{Kind, client::CLIENT};
use serde_json::json;

use crate::resource::{
    filters::filters,
    schema::{answer, described, request, update},
};

described! {
    /// A client.
    Client: answer(&CLIENT), json!({
        "id": "5eb04fcd0f3e360008035eb1",
        "type": "person",
        "entityName": "Jane Marie Doe",
        "email": "jane.doe@example.com",
        "externalId": "customer-42",
        "joinedDate": "2026-01-30",
        "personDetails": {
            "firstName": "Jane",
            "middleName": "Marie",
            "lastName": "Doe",
            "dob": "1990-12-31",
            "nationality": "GB",
        },
        "metadata": { "plan": "gold" },
        "createdAt": "2026-01-31T09:30:00.000Z",
        "updatedAt": "2026-01-31T09:30:00.000Z",
    })
}

described! {
    /// What it takes to make a client: the details of its type are required, those of the other
    /// are ignored, and so are other fields.
    NewClient: request(&CLIENT), json!({
        "type": "person",
        "email": "jane.doe@example.com",
        "externalId": "customer-42",
        "joinedDate": "2026-01-30",
        "personDetails": {
            "firstName": "Jane",
            "middleName": "Marie",
            "lastName": "Doe",
            "dob": "1990-12-31",
            "nationality": "GB",
        },
        "metadata": { "plan": "gold" },
    })
}

described! {
    /// What to change; what is absent stays. Other fields are ignored, so a whole client can be
    /// sent back.
    ClientUpdate: update(&CLIENT), json!({
        "telephone": "+442071234567",
        "personDetails": { "lastName": "Roe" },
        "metadata": { "plan": "platinum" },
    })
}

filters!(ClientFilters: Kind::Client);
