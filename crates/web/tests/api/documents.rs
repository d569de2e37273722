//! Documents and their images: made, shown, changed, deleted, uploaded, downloaded.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use crate::{
    made::{SMALLEST, at, has_null, is_time, keys, new_document, new_image, picture, with},
    support::{Answer, Herald, Operation, Tenant, operations},
};

/// The largest image there may be, bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// A document without images, and its path.
async fn document(herald: &Herald, tenant: &Tenant) -> (Value, String) {
    let client = herald.client(&tenant.test).await;
    let document = herald.document(&tenant.test, &client).await;
    let path = at("documents", &document);
    (document, path)
}

#[tokio::test]
async fn a_document_is_answered_in_the_documented_order_and_without_images_at_first() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let body = json!({
        "images": [{ "documentSide": "front" }],
        "issuingCountry": "GB",
        "classification": "proof_of_identity",
        "type": "passport",
        "clientId": client["id"],
    });
    let made = herald.post("/v1/documents", &tenant.test, body).await;
    let path = at("documents", &made.json());
    assert_eq!(herald.get(&path, &tenant.test).await.text, made.text);
    let made = made.ok();
    let documented =
        ["id", "clientId", "type", "classification", "issuingCountry", "createdAt", "updatedAt"];
    assert_eq!(keys(&made), documented);
    assert!(is_time(&made["createdAt"]) && !has_null(&made));
}

#[tokio::test]
async fn a_document_that_cannot_be_is_refused_by_the_field_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    let client = json!({ "id": made["clientId"] });
    for (changes, param) in [
        (json!({ "type": null }), "type"),
        (json!({ "type": "library_card" }), "type"),
        (json!({ "type": "Passport" }), "type"),
        (json!({ "type": ["passport"] }), "type"),
        (json!({ "classification": "proof" }), "classification"),
        (json!({ "classification": 1 }), "classification"),
        (json!({ "issuingCountry": "England" }), "issuingCountry"),
        (json!({ "issuingCountry": "gb" }), "issuingCountry"),
        (json!({ "issuingCountry": "UK" }), "issuingCountry"),
    ] {
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        let body = with(new_document(&client), &changes);
        let answer = herald.post("/v1/documents", &tenant.test, body).await;
        assert_eq!(answer.refusal(), expected, "{changes}");
        let answer = herald.post(&path, &tenant.test, changes.clone()).await;
        assert_eq!(answer.refusal(), expected, "{changes}");
    }
    assert_eq!(herald.get("/v1/documents", &tenant.test).await.ok()["items"], json!([made]));
}

#[tokio::test]
async fn a_document_is_of_a_client_that_exists() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for id in ["5eb04fcd0f3e360008035eb2", "jane"] {
        let body = new_document(&json!({ "id": id }));
        let answer = herald.post("/v1/documents", &tenant.test, body).await;
        let expected = (404, "resource_not_found".into(), Some("clientId".into()));
        assert_eq!(answer.refusal(), expected);
        assert_eq!(answer.message(), format!("Invalid client id '{id}'"));
    }
    let body = new_document(&json!({ "id": null }));
    let answer = herald.post("/v1/documents", &tenant.test, body).await;
    assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some("clientId".into())));
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_leaves_client_and_images_alone() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    herald.image(&tenant.test, &made, "front").await;
    let other = herald.client(&tenant.test).await;
    let shown = herald.get(&path, &tenant.test).await.ok();
    let changes = json!({
        "clientId": other["id"],
        "type": "visa",
        "classification": "other",
        "issuingCountry": null,
        "images": [],
    });
    let updated = herald.post(&path, &tenant.test, changes).await.ok();
    let expected = json!({
        "id": made["id"],
        "clientId": made["clientId"],
        "type": "visa",
        "classification": "other",
        "images": shown["images"],
        "createdAt": made["createdAt"],
        "updatedAt": updated["updatedAt"],
    });
    assert_eq!(updated.to_string(), expected.to_string());
}

#[tokio::test]
async fn a_whole_document_can_be_sent_back() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    herald.image(&tenant.test, &made, "back").await;
    let shown = herald.get(&path, &tenant.test).await.ok();
    let back = herald.post(&path, &tenant.test, shown.clone()).await.ok();
    assert_eq!(back.to_string(), shown.to_string());
}

#[tokio::test]
async fn an_upload_answers_the_image_and_the_document_shows_the_same() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    let body = new_image("my passport.png", &picture(1, 40_000));
    let image = herald.post(&format!("{path}/upload/front"), &tenant.test, body).await;
    let shown = herald.get(&path, &tenant.test).await;
    assert!(shown.text.contains(&format!("\"images\":[{}]", image.text)), "{}", shown.text);
    let (image, shown) = (image.ok(), shown.ok());
    let documented = [
        "id",
        "fileName",
        "documentSide",
        "downloadLink",
        "contentType",
        "size",
        "createdAt",
        "updatedAt",
    ];
    assert_eq!(keys(&image), documented);
    assert_eq!(image["fileName"], "my passport.png");
    assert_eq!(image["documentSide"], "front");
    assert_eq!(image["contentType"], "image/png");
    assert_eq!(image["size"], 40_000);
    assert!(image["downloadLink"].as_str().unwrap().ends_with(&format!("{path}/download/front")));
    assert!(is_time(&image["createdAt"]) && image["createdAt"] == image["updatedAt"]);
    assert_eq!(image["id"].as_str().unwrap().len(), 24);
    let documented =
        ["id", "clientId", "type", "issuingCountry", "images", "createdAt", "updatedAt"];
    assert_eq!(keys(&shown), documented);
    assert_eq!(shown["updatedAt"], image["updatedAt"]);
    assert_eq!(shown["createdAt"], made["createdAt"]);
}

#[tokio::test]
async fn the_download_link_leads_to_the_image() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, _) = document(&herald, &tenant).await;
    let image = herald.image(&tenant.test, &made, "back").await;
    let link = image["downloadLink"].as_str().unwrap();
    assert_eq!(herald.get(link, &tenant.test).await.ok()["id"], image["id"]);
    assert_eq!(herald.get(link, "").await.status, 401);
}

#[tokio::test]
async fn an_image_has_34_kb_to_4_mb() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (_, path) = document(&herald, &tenant).await;
    let upload = format!("{path}/upload/front");
    for size in [0, 1, SMALLEST - 1, LARGEST + 1] {
        let body = new_image("a.jpg", &picture(1, size));
        let answer = herald.post(&upload, &tenant.test, body).await;
        let expected = (400, "invalid_request".into(), Some("data".into()));
        assert_eq!(answer.refusal(), expected, "{size}");
        assert!(answer.message().contains("34 KB to 4 MB"), "{answer:?}");
    }
    assert_eq!(herald.get(&path, &tenant.test).await.ok().get("images"), None);
    for size in [SMALLEST, LARGEST] {
        let bytes = picture(2, size);
        let body = new_image("a.jpg", &bytes);
        let image = herald.post(&upload, &tenant.test, body).await.ok();
        assert_eq!(image["size"], size);
        let download = herald.get(&format!("{path}/download/front"), &tenant.test).await.ok();
        assert_eq!(download["data"], BASE64.encode(&bytes), "{size}");
    }
}

#[tokio::test]
async fn an_image_of_4_mb_may_come_with_a_line_break_behind_each_64_characters() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (_, path) = document(&herald, &tenant).await;
    let bytes = picture(3, LARGEST);
    let data = BASE64.encode(&bytes);
    let lines: Vec<_> = data.as_bytes().chunks(64).map(|l| str::from_utf8(l).unwrap()).collect();
    let body = json!({ "fileName": "a.pdf", "data": lines.join("\r\n") });
    herald.post(&format!("{path}/upload/front"), &tenant.test, body).await.ok();
    let download = herald.get(&format!("{path}/download/front"), &tenant.test).await.ok();
    assert_eq!(download["data"], data);
}

#[tokio::test]
async fn the_ending_of_the_name_says_what_is_inside() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (_, path) = document(&herald, &tenant).await;
    for (name, content_type) in [
        ("a.jpg", "image/jpg"),
        ("a.jpeg", "image/jpeg"),
        ("a.png", "image/png"),
        ("a.pdf", "application/pdf"),
        ("A.JPG", "image/jpg"),
        ("a.exe.Pdf", "application/pdf"),
        ("Zoë's <scan>.png", "image/png"),
    ] {
        let body = new_image(name, &picture(1, SMALLEST));
        let image = herald.post(&format!("{path}/upload/front"), &tenant.test, body).await.ok();
        assert_eq!(
            (&image["fileName"], &image["contentType"]),
            (&json!(name), &json!(content_type))
        );
    }
}

#[tokio::test]
async fn an_upload_that_cannot_be_is_refused_by_the_field_to_blame_and_changes_nothing() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    let data = BASE64.encode(picture(1, SMALLEST));
    let long = format!("{}.jpg", "n".repeat(252));
    let mut bodies = vec![
        (json!({}), "fileName"),
        (json!({ "data": data }), "fileName"),
        (json!({ "fileName": "a.jpg" }), "data"),
        (json!({ "fileName": "a.jpg", "data": null }), "data"),
        (json!({ "fileName": "a.jpg", "data": 7 }), "data"),
    ];
    for name in [
        "",
        "a",
        "a.gif",
        "ajpg",
        "a.jpg.exe",
        "../a.jpg",
        "a\\b.jpg",
        "a\r\nb.jpg",
        "a\0.jpg",
        &long,
    ] {
        bodies.push((json!({ "fileName": name, "data": data }), "fileName"));
    }
    for spoilt in [
        format!("{data}!"),
        format!("data:image/jpeg;base64,{data}"),
        data[1..].to_owned(),
        data.replace('A', "-"),
    ] {
        bodies.push((json!({ "fileName": "a.jpg", "data": spoilt }), "data"));
    }
    for (body, param) in bodies {
        let answer = herald.post(&format!("{path}/upload/front"), &tenant.test, body).await;
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        assert_eq!(answer.refusal(), expected);
        assert!(answer.text.len() < 1_000);
    }
    assert_eq!(herald.get(&path, &tenant.test).await.ok(), made);
}

#[tokio::test]
async fn an_upload_to_a_side_that_does_not_exist_is_refused() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    for side in ["top", "Front", "front%20", "%00", &"%C3%A9".repeat(500)] {
        let body = new_image("a.jpg", &picture(1, SMALLEST));
        let answer = herald.post(&format!("{path}/upload/{side}"), &tenant.test, body).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some("documentSide".into())));
    }
    assert_eq!(herald.get(&path, &tenant.test).await.ok(), made);
}

#[tokio::test]
async fn a_second_upload_to_a_side_replaces_the_first_and_the_front_is_shown_first() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    let back = herald.image(&tenant.test, &made, "back").await;
    let first = herald.image(&tenant.test, &made, "front").await;
    let shown = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(shown["images"], json!([first, back]));
    let bytes = picture(9, SMALLEST + 1);
    let body = new_image("new.png", &bytes);
    let second = herald.post(&format!("{path}/upload/front"), &tenant.test, body).await.ok();
    assert_ne!(second["id"], first["id"]);
    let shown = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(shown["images"], json!([second, back]));
    let download = herald.get(&format!("{path}/download/front"), &tenant.test).await.ok();
    assert_eq!(download["data"], BASE64.encode(bytes));
}

#[tokio::test]
async fn a_download_is_the_image_with_its_data_and_of_an_unknown_side_the_front() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    let (front, back) = (picture(4, SMALLEST), picture(5, SMALLEST));
    for (side, bytes) in [("front", &front), ("back", &back)] {
        let body = new_image("a.jpg", bytes);
        herald.post(&format!("{path}/upload/{side}"), &tenant.test, body).await.ok();
    }
    let shown = herald.get(&at("documents", &made), &tenant.test).await.ok();
    for (side, bytes, place) in [
        ("front", &front, 0),
        ("back", &back, 1),
        ("top", &front, 0),
        ("BACK", &front, 0),
        ("%00", &front, 0),
    ] {
        let download = herald.get(&format!("{path}/download/{side}"), &tenant.test).await;
        assert_eq!(download.headers["content-type"], "application/json");
        let mut expected = shown["images"][place].clone();
        expected["data"] = BASE64.encode(bytes).into();
        assert_eq!(download.text, expected.to_string(), "{side}");
    }
}

#[tokio::test]
async fn an_image_that_is_not_there_is_not_found() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    let missing = async |method, path: String| {
        let answer: Answer = herald.call(method, &path, &tenant.test, "").await;
        assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None), "{path}");
        assert!(answer.text.len() < 1_000, "{path}");
    };
    for side in ["front", "back", "top"] {
        missing("GET", format!("{path}/download/{side}")).await;
        missing("DELETE", format!("{path}/{side}")).await;
    }
    herald.image(&tenant.test, &made, "front").await;
    missing("GET", format!("{path}/download/back")).await;
    for side in ["back", "top", "upload", "download", "%00", "%ff", &"x".repeat(5_000)] {
        missing("DELETE", format!("{path}/{side}")).await;
    }
    herald.image(&tenant.test, &made, "back").await;
    let shown = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(shown["images"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deleted_image_is_gone_and_images_are_absent_rather_than_empty() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    herald.image(&tenant.test, &made, "front").await;
    let back = herald.image(&tenant.test, &made, "back").await;
    let deleted = herald.call("DELETE", &format!("{path}/front"), &tenant.test, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert_eq!(herald.get(&format!("{path}/download/front"), &tenant.test).await.status, 404);
    assert_eq!(herald.get(&path, &tenant.test).await.ok()["images"], json!([back]));
    let deleted = herald.call("DELETE", &format!("{path}/back/"), &tenant.test, "").await;
    assert_eq!(deleted.status, 204);
    let shown = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(shown, with(made, &json!({ "updatedAt": shown["updatedAt"] })));
}

#[tokio::test]
async fn getting_what_is_there_to_be_deleted_is_a_404_and_deletes_nothing() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    herald.image(&tenant.test, &made, "front").await;
    let shown = herald.get(&path, &tenant.test).await.text;
    for path in [format!("{path}/front"), format!("{path}/front/")] {
        let answer = herald.get(&path, &tenant.test).await;
        assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None));
    }
    assert_eq!(herald.get(&path, &tenant.test).await.text, shown);
    assert_eq!(herald.get(&format!("{path}/download/front"), &tenant.test).await.status, 200);
    let described = |o: &&Operation| o.path == "/v1/documents/{id}/{side}";
    let methods: Vec<_> = operations().iter().filter(described).map(|o| o.method.clone()).collect();
    assert_eq!(methods, ["DELETE"]);
}

#[tokio::test]
async fn a_deleted_document_is_gone_with_its_images() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (made, path) = document(&herald, &tenant).await;
    herald.image(&tenant.test, &made, "front").await;
    let deleted = herald.call("DELETE", &path, &tenant.test, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    let id = made["id"].as_str().unwrap();
    for (method, path) in [
        ("GET", path.clone()),
        ("POST", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/download/front")),
        ("POST", format!("{path}/upload/front")),
        ("DELETE", format!("{path}/front")),
    ] {
        let gone = herald.call(method, &path, &tenant.test, "{}").await;
        assert_eq!(gone.refusal(), (404, "resource_not_found".into(), None), "{method} {path}");
        assert_eq!(gone.message(), format!("Invalid document id '{id}'"), "{method} {path}");
    }
}
