//! Signing in: a link works once and for its minutes, a session ends in every way it should, and
//! the cookie is as strict as the connection allows.

use std::time::Duration;

use axum::body::Body;
use herald_domain::session::Role;
use http::Request;

use crate::support::Herald;

#[tokio::test]
async fn a_link_signs_in_once_and_looking_at_it_does_not_use_it_up() {
    let herald = Herald::new();
    let link = herald.link(herald.account("Acme").await, Role::Manager).await;
    for method in ["GET", "HEAD", "GET"] {
        let page = herald.browse(method, &link, "", "").await;
        assert_eq!((page.status.as_u16(), page.cookie()), (200, ""));
    }
    let first = herald.browse("POST", &link, "", "").await;
    assert_eq!((first.status.as_u16(), first.location()), (303, "/portal/test"));
    for method in ["POST", "GET"] {
        let again = herald.browse(method, &link, "", "").await;
        assert_eq!((again.status.as_u16(), again.cookie()), (410, ""), "{method}");
    }
}

#[tokio::test]
async fn a_link_opens_nothing_once_its_minutes_are_over() {
    let herald = Herald::new();
    let link = herald.link(herald.account("Acme").await, Role::Manager).await;
    herald.clock.advance(Duration::from_millis(599_999));
    assert_eq!(herald.browse("GET", &link, "", "").await.status, 200);
    herald.clock.advance(Duration::from_millis(1));
    for method in ["GET", "POST"] {
        assert_eq!(herald.browse(method, &link, "", "").await.status, 410);
    }
    assert_eq!(herald.browse("POST", "/portal/link/never-was", "", "").await.status, 410);
}

#[tokio::test]
async fn another_site_cannot_sign_somebody_in() {
    let herald = Herald::new();
    let link = herald.link(herald.account("Acme").await, Role::Manager).await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = Request::post(&link).header("host", "127.0.0.1:8400").header(name, value);
        let answer = herald.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.cookie()), (403, ""));
    }
    assert_eq!(herald.browse("POST", &link, "", "").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_after_an_hour_of_rest_and_lasts_while_it_is_used() {
    let herald = Herald::new();
    let browser = herald.sign_in(herald.account("Acme").await, Role::Viewer).await;
    for _ in 0..3 {
        herald.clock.advance(Duration::from_secs(59 * 60));
        assert_eq!(browser.get("/portal/test").await.status, 200);
    }
    herald.clock.advance(Duration::from_secs(3600));
    let page = browser.get("/portal/test").await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("You are signed out"));
}

#[tokio::test]
async fn what_an_open_page_asks_for_by_itself_keeps_no_session_alive() {
    let herald = Herald::new();
    let browser = herald.sign_in(herald.account("Acme").await, Role::Viewer).await;
    let refresh = async || {
        let request = Request::get("/portal/test")
            .header("host", "127.0.0.1:8400")
            .header("cookie", &browser.cookie)
            .header("hx-request", "true");
        herald.send(request.body(Body::empty()).unwrap()).await.status
    };
    for _ in 0..5 {
        herald.clock.advance(Duration::from_secs(10 * 60));
        assert_eq!(refresh().await, 200);
    }
    herald.clock.advance(Duration::from_secs(10 * 60));
    assert_eq!(refresh().await, 401);
    assert_eq!(browser.get("/portal/test").await.status, 401);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
    let herald = Herald::new();
    let browser = herald.sign_in(herald.account("Acme").await, Role::Viewer).await;
    for _ in 0..23 {
        herald.clock.advance(Duration::from_secs(30 * 60));
        assert_eq!(browser.get("/portal/test").await.status, 200);
    }
    herald.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(browser.get("/portal/test").await.status, 401);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let browser = herald.sign_in(account, Role::Viewer).await;
    let other = herald.sign_in(account, Role::Viewer).await;
    let answer = browser.post("/portal/sign-out", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.cookie().starts_with("herald=;") && answer.cookie().contains("Max-Age=0"));
    assert_eq!(browser.get("/portal/test").await.status, 401);
    assert_eq!(other.get("/portal/test").await.status, 200);
}

#[tokio::test]
async fn signing_in_again_ends_the_session_whose_cookie_it_replaces() {
    let herald = Herald::new();
    let (account, other) = (herald.account("Acme").await, herald.account("Other").await);
    let before = herald.sign_in(account, Role::Manager).await;
    let elsewhere = herald.sign_in(account, Role::Manager).await;
    let link = herald.link(other, Role::Viewer).await;
    assert_eq!(herald.browse("GET", &link, &before.cookie, "").await.status, 200);
    assert_eq!(before.get("/portal/test").await.status, 200, "looking at a link ends nothing");
    let answer = herald.browse("POST", &link, &before.cookie, "").await;
    assert_eq!(answer.status, 303);
    let (after, _) = answer.cookie().split_once(';').unwrap();
    assert_eq!(before.get("/portal/test").await.status, 401);
    assert_eq!(herald.browse("GET", "/portal/test", after, "").await.status, 200);
    assert_eq!(herald.browse("POST", &link, after, "").await.status, 410);
    assert_eq!(herald.browse("GET", "/portal/test", after, "").await.status, 200);
    assert_eq!(elsewhere.get("/portal/test").await.status, 200);
}

#[tokio::test]
async fn the_operator_ends_every_session_and_unused_link_of_an_account() {
    let herald = Herald::new();
    let (account, neighbour) = (herald.account("Acme").await, herald.account("Other").await);
    let browsers =
        [herald.sign_in(account, Role::Viewer).await, herald.sign_in(account, Role::Manager).await];
    let link = herald.link(account, Role::Manager).await;
    let stays = herald.sign_in(neighbour, Role::Viewer).await;
    let request = Request::delete(format!("/operator/v1/accounts/{account}/sessions"))
        .header("authorization", "the-operators-key");
    assert_eq!(herald.send(request.body(Body::empty()).unwrap()).await.status, 204);
    for browser in browsers {
        assert_eq!(browser.get("/portal/test").await.status, 401);
        assert_eq!(browser.post("/portal/test/keys", "").await.status, 401);
    }
    assert_eq!(herald.browse("POST", &link, "", "").await.status, 410);
    assert_eq!(stays.get("/portal/test").await.status, 200);
}

#[tokio::test]
async fn the_cookie_is_a_host_cookie_except_over_plain_http_on_loopback() {
    let strict = "; Path=/; HttpOnly; SameSite=Lax; Secure";
    for (public_url, host, name, rest) in [
        (Some("https://hooks.example.com"), "hooks.example.com", "__Host-herald", strict),
        (Some("https://hooks.example.com"), "127.0.0.1:8400", "__Host-herald", strict),
        (None, "hooks.example.com", "__Host-herald", strict),
        (Some("http://hooks.example.com"), "hooks.example.com", "__Host-herald", strict),
        (None, "127.0.0.1:8400", "herald", "; Path=/; HttpOnly; SameSite=Lax"),
        (None, "localhost:8400", "herald", "; Path=/; HttpOnly; SameSite=Lax"),
    ] {
        let herald = Herald::reached_at(public_url);
        let link = herald.link(herald.account("Acme").await, Role::Viewer).await;
        let request = Request::post(&link).header("host", host);
        let answer = herald.send(request.body(Body::empty()).unwrap()).await;
        let (cookie, attributes) = answer.cookie().split_at(answer.cookie().find(';').unwrap());
        let (given, token) = cookie.split_once('=').unwrap();
        assert_eq!((given, attributes), (name, rest), "{public_url:?} {host}");
        // The other name opens nothing.
        for (name, status) in
            [("__Host-herald", given == "__Host-herald"), ("herald", given == "herald")]
        {
            let request = Request::get("/portal/test")
                .header("host", host)
                .header("cookie", format!("{name}={token}"));
            let page = herald.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(page.status == 200, status, "{name} {host}");
        }
    }
}

#[tokio::test]
async fn a_link_is_no_session_and_a_key_of_the_api_opens_no_page() {
    let herald = Herald::new();
    let account = herald.engine.create_account("Acme").await.unwrap();
    let link = herald.link(account.account.id, Role::Manager).await;
    let token = link.rsplit('/').next().unwrap();
    for value in [token, account.test.as_str(), "", "x"] {
        let cookie = format!("herald={value}");
        assert_eq!(herald.browse("GET", "/portal/test", &cookie, "").await.status, 401);
    }
}
