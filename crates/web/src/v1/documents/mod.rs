//! Documents: what proves something about a client, with an image of each side.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod delete_image;
pub(crate) mod download;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;
pub(crate) mod upload;

use herald_domain::resource::{
    Kind,
    document::{DOCUMENT, IMAGE},
};
use serde_json::{Value, json};

use crate::resource::{
    filters::filters,
    schema::{answer, described, request, update},
};

described! {
    /// A document.
    Document: answer(&DOCUMENT), json!({
        "id": "5eb04fcd0f3e360008035eb5",
        "clientId": "5eb04fcd0f3e360008035eb1",
        "type": "passport",
        "classification": "proof_of_identity",
        "issuingCountry": "GB",
        "images": [image()],
        "createdAt": "2026-01-31T09:30:00.000Z",
        "updatedAt": "2026-01-31T09:31:00.000Z",
    })
}

described! {
    /// What it takes to make a document. Other fields are ignored.
    NewDocument: request(&DOCUMENT), json!({
        "clientId": "5eb04fcd0f3e360008035eb1",
        "type": "passport",
        "classification": "proof_of_identity",
        "issuingCountry": "GB",
    })
}

described! {
    /// What to change; what is absent stays. Other fields are ignored, so a whole document can be
    /// sent back.
    DocumentUpdate: update(&DOCUMENT), json!({ "issuingCountry": "FR" })
}

described! {
    /// An image of a document's side.
    Image: answer(&IMAGE), image()
}

filters!(DocumentFilters: Kind::Document);

fn image() -> Value {
    json!({
        "id": "5eb04fcd0f3e360008035eb7",
        "fileName": "front.jpg",
        "documentSide": "front",
        "downloadLink":
            "https://hooks.example.com/v1/documents/5eb04fcd0f3e360008035eb5/download/front",
        "contentType": "image/jpg",
        "size": 123_456,
        "createdAt": "2026-01-31T09:31:00.000Z",
        "updatedAt": "2026-01-31T09:31:00.000Z",
    })
}
