//! Who may not: every form of the portal, sent by everybody who must not send it. The list of forms
//! is the router's own, so a new one is tested as soon as it is there.

use axum::body::Body;
use herald_domain::{
    account::{EnvironmentId, Mode},
    id::AccountId,
    session::Role,
};
use herald_web::portal_forms;
use http::Request;

use crate::support::{Answer, Browser, GOOD_FIELDS, Herald, Things, form_path, pages};

/// What concerns nobody but whoever sends it, so that a viewer may.
const OWN: [&str; 2] = ["/portal/sign-out", "/portal/theme"];

/// An account with one of everything.
async fn owner(herald: &Herald) -> (AccountId, Things) {
    let account = herald.account("Owner").await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    (account, herald.things(environment, "plain").await)
}

/// Sends a form as it is, with whatever cookie and token.
async fn submit(herald: &Herald, path: &str, cookie: &str, token: Option<&str>) -> Answer {
    let token = token.map(|token| format!("form={token}&")).unwrap_or_default();
    herald.browse("POST", path, cookie, &format!("{token}{GOOD_FIELDS}")).await
}

#[tokio::test]
async fn no_form_is_taken_without_a_session() {
    let herald = Herald::new();
    let (account, things) = owner(&herald).await;
    let browser = herald.sign_in(account, Role::Manager).await;
    let before = herald.state(account).await;
    for form in portal_forms() {
        let path = form_path(form, Mode::Test, &things);
        for cookie in ["", "herald=", "herald=unknown", "__Host-herald=x"] {
            let answer = submit(&herald, &path, cookie, Some(&browser.form_token)).await;
            assert_eq!(answer.status, 401, "{path} {cookie}");
        }
    }
    assert_eq!(herald.state(account).await, before);
    assert_eq!(browser.get("/portal/test").await.status, 200);
}

#[tokio::test]
async fn no_form_that_changes_the_account_is_taken_from_a_viewer() {
    let herald = Herald::new();
    let (account, things) = owner(&herald).await;
    let viewer = herald.sign_in(account, Role::Viewer).await;
    let before = herald.state(account).await;
    let mut tried = 0;
    for form in portal_forms().into_iter().filter(|form| !OWN.contains(form)) {
        let path = form_path(form, Mode::Test, &things);
        let answer = viewer.post(&path, GOOD_FIELDS).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text.contains("signed in as a viewer"));
        tried += 1;
    }
    assert!(tried >= 6);
    assert_eq!(herald.state(account).await, before);
}

#[tokio::test]
async fn no_form_is_taken_without_the_token_of_the_very_session() {
    let herald = Herald::new();
    let (account, things) = owner(&herald).await;
    let stranger = herald.account("Stranger").await;
    let browser = herald.sign_in(account, Role::Manager).await;
    let colleague = herald.sign_in(account, Role::Manager).await;
    let foreign = herald.sign_in(stranger, Role::Manager).await;
    let before = herald.state(account).await;
    let wrong = [
        None,
        Some(String::new()),
        Some("0".repeat(64)),
        Some(browser.form_token[..63].to_owned()),
        Some(browser.form_token.to_uppercase()),
        Some(format!("{}&form=x", browser.form_token)),
        Some(colleague.form_token),
        Some(foreign.form_token),
    ];
    for form in portal_forms() {
        let path = form_path(form, Mode::Test, &things);
        for token in &wrong {
            let answer = submit(&herald, &path, &browser.cookie, token.as_deref()).await;
            assert_eq!(answer.status, 403, "{path} {token:?}");
        }
    }
    assert_eq!(herald.state(account).await, before);
    assert_eq!(browser.get("/portal/test").await.status, 200);
}

#[tokio::test]
async fn no_form_is_taken_that_another_site_has_sent() {
    let herald = Herald::new();
    let (account, things) = owner(&herald).await;
    let browser = herald.sign_in(account, Role::Manager).await;
    let before = herald.state(account).await;
    for form in portal_forms() {
        let path = form_path(form, Mode::Test, &things);
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:9999"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let request = Request::post(&path)
                .header("host", "127.0.0.1:8400")
                .header("cookie", &browser.cookie)
                .header(name, value);
            let body = format!("form={}&{GOOD_FIELDS}", browser.form_token);
            let answer = herald.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status, 403, "{path} {name}: {value}");
        }
    }
    assert_eq!(herald.state(account).await, before);
    assert_eq!(browser.get("/portal/test").await.status, 200);
}

#[tokio::test]
async fn what_is_another_accounts_or_environments_is_not_there() {
    let herald = Herald::new();
    let (account, things) = owner(&herald).await;
    let stranger = herald.account("Stranger").await;
    let before = herald.state(account).await;
    let foreigners = [
        (herald.sign_in(stranger, Role::Manager).await, Mode::Test),
        (herald.sign_in(stranger, Role::Manager).await, Mode::Live),
        // The owner itself, in its other environment.
        (herald.sign_in(account, Role::Manager).await, Mode::Live),
    ];
    for (browser, mode) in &foreigners {
        let unseen = assert_unseen(browser, *mode, &things).await;
        assert!(unseen >= 6, "{unseen}");
        for form in portal_forms().into_iter().filter(|form| form.contains("{id}")) {
            let path = form_path(form, *mode, &things);
            assert_eq!(browser.post(&path, GOOD_FIELDS).await.status, 404, "{path}");
        }
    }
    assert_eq!(herald.state(account).await, before);
}

/// Nothing of these things is seen by this browser; answers how many pages about one were tried.
async fn assert_unseen(browser: &Browser<'_>, mode: Mode, things: &Things) -> usize {
    let ids = things.ids();
    let mut tried = 0;
    for page in pages(mode, things) {
        let answer = browser.get(&page).await;
        if ids.iter().any(|id| page.contains(id)) {
            assert_eq!(answer.status, 404, "{page}");
            tried += 1;
        } else {
            assert_eq!(answer.status, 200, "{page}");
            assert!(!ids.iter().any(|id| answer.text.contains(id)), "{page}");
        }
    }
    tried
}

#[tokio::test]
async fn a_viewer_is_offered_nothing_that_changes_anything() {
    let herald = Herald::new();
    let (account, things) = owner(&herald).await;
    let viewer = herald.sign_in(account, Role::Viewer).await;
    for page in pages(Mode::Test, &things) {
        let answer = viewer.get(&page).await;
        let leads_to_change =
            ["/new", "/edit", "/test-event", "/rotate-secret", "/recover", "/delete", "/revoke"];
        if leads_to_change.iter().any(|end| page.ends_with(end)) {
            assert_eq!(answer.status, 403, "{page}");
            continue;
        }
        assert_eq!(answer.status, 200, "{page}");
        let forms = answer.text.matches("method=\"post\"").count();
        assert_eq!(forms, OWN.len(), "{page}");
        for end in leads_to_change {
            assert!(!answer.text.contains(&format!("{end}\"")), "{page} {end}");
        }
    }
}
