//! The documentation: complete, self-contained, and with the address that people use.

use herald_web::WebOptions;

use crate::support::{Herald, operations};

#[tokio::test]
async fn the_page_shows_every_operation() {
    let page = Herald::new().get("/docs", "").await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for operation in operations() {
        let id = operation.details["operationId"].as_str().unwrap();
        assert!(page.text.contains(&format!("<article id=\"{id}\">")), "{id}");
        assert!(page.text.contains(&format!("<code>{}</code>", operation.path)), "{id}");
        for parameter in operation.details["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            assert!(page.text.contains(&format!("<code>{name}</code>")), "{id} {name}");
        }
    }
    for field in [
        "disabledReason",
        "attempts[].response.bodyEncoding",
        "events[].type",
        "personDetails.lastName",
        "items[].images[].downloadLink",
        "result.outcome",
    ] {
        assert!(page.text.contains(&format!("<code>{field}</code>")), "{field}");
    }
}

#[tokio::test]
async fn the_page_tells_the_words_that_a_field_may_hold() {
    let page = Herald::new().get("/docs", "").await;
    assert!(page.text.contains("<code>standard_screening_check</code>, <code>extensive"));
    assert!(page.text.contains("One of <code>front</code>, <code>back</code>."));
}

#[tokio::test]
async fn the_page_needs_no_script_and_loads_nothing() {
    let page = Herald::new().get("/docs/", "").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for forbidden in ["<script", "<link", "<img", " style=", " src=", "@import", "url("] {
        assert!(!page.text.contains(forbidden), "{forbidden}");
    }
    assert!(page.text.contains("light dark"));
}

#[tokio::test]
async fn the_published_description_names_the_address_that_people_use() {
    let public_url = Some("https://hooks.example.com".to_owned());
    let herald = Herald::with(WebOptions { public_url });
    let mut published = herald.get("/openapi.json", "").await.ok();
    assert_eq!(published["servers"][0]["url"], "https://hooks.example.com");
    published.as_object_mut().unwrap().shift_remove("servers");
    assert_eq!(published, serde_json::to_value(herald_web::openapi()).unwrap());
    let page = herald.get("/docs", "").await;
    assert!(page.text.contains("<code>https://hooks.example.com</code>"));
}
