//! Addresses: where a client is, or was.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use herald_domain::resource::{Kind, address::ADDRESS};
use serde_json::json;

use crate::resource::{
    filters::filters,
    schema::{answer, described, request, update},
};

described! {
    /// An address.
    Address: answer(&ADDRESS), json!({
        "id": "5eb04fcd0f3e360008035eb4",
        "clientId": "5eb04fcd0f3e360008035eb1",
        "type": "main",
        "propertyNumber": "221B",
        "line": "Baker Street",
        "city": "London",
        "postalCode": "NW1 6XE",
        "country": "GB",
        "fromDate": "2020-02-29",
        "createdAt": "2026-01-31T09:30:00.000Z",
        "updatedAt": "2026-01-31T09:30:00.000Z",
    })
}

described! {
    /// What it takes to make an address. Other fields are ignored.
    NewAddress: request(&ADDRESS), json!({
        "clientId": "5eb04fcd0f3e360008035eb1",
        "type": "main",
        "propertyNumber": "221B",
        "line": "Baker Street",
        "city": "London",
        "postalCode": "NW1 6XE",
        "country": "GB",
        "fromDate": "2020-02-29",
    })
}

described! {
    /// What to change; what is absent stays. Other fields are ignored, so a whole address can be
    /// sent back.
    AddressUpdate: update(&ADDRESS), json!({
        "type": "alternative",
        "toDate": "2026-01-31",
    })
}

filters!(AddressFilters: Kind::Address);
