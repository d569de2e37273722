//! Temporary endpoints: made and changed by forms, and what comes in at them, told to who watches.

use axum::body::Body;
use herald_domain::{
    account::{EnvironmentId, Mode},
    id::EndpointId,
    session::Role,
};
use http::{Request, Response, header};
use http_body_util::BodyExt;

use crate::support::{Browser, Herald};

const HOSTILE: &str = "</li><script>alert(1)</script>\"'><img src=x>\r\n\r\nid: 9\rdata: \u{202e}";

async fn with_an_endpoint(herald: &Herald) -> (EnvironmentId, EndpointId) {
    let environment = EnvironmentId { account: herald.account("Acme").await, mode: Mode::Test };
    (environment, herald.endpoint(environment, "Mine").await)
}

/// What is answered to a browser that watches from here on.
async fn watch(browser: &Browser<'_>, path: &str, last_event: Option<&str>) -> Response<Body> {
    let request = Request::get(path).header("host", "127.0.0.1:8400");
    let request = request.header("cookie", &browser.cookie);
    let request = match last_event {
        Some(number) => request.header("last-event-id", number),
        None => request,
    };
    browser.herald.respond(request.body(Body::empty()).unwrap()).await
}

/// The next piece of a stream; empty at its end.
async fn piece(stream: &mut Body) -> String {
    match stream.frame().await {
        Some(frame) => String::from_utf8(frame.unwrap().into_data().unwrap().into()).unwrap(),
        None => String::new(),
    }
}

#[tokio::test]
async fn an_endpoint_is_made_told_what_to_answer_and_deleted() {
    let herald = Herald::reached_at(Some("http://127.0.0.1:8400"));
    let account = herald.account("Acme").await;
    let browser = herald.sign_in(account, Role::Manager).await;
    let made = browser.post("/portal/test/endpoints", "description=&hours=168").await;
    assert_eq!(made.status, 303);
    let path = made.location();
    let page = browser.get(path).await.text;
    let url = page.split_once("id=\"url\" type=\"text\" value=\"").unwrap().1;
    let url = url.split_once('"').unwrap().0;
    assert!(url.starts_with("http://127.0.0.1:8400/e/"), "{url}");
    assert!(page.contains("Nothing has come yet") && page.contains("in 7 days"), "{page}");
    // The button leads to a form with the URL in it.
    let button = page.split_once("href=\"/portal/test/webhooks/new?").unwrap().1;
    let button = button.split_once('"').unwrap().0;
    let form = browser.get(&format!("/portal/test/webhooks/new?{button}")).await.text;
    assert!(form.contains(&format!("value=\"{url}\"")), "{form}");

    let changed = browser.post(path, "respondWith=503").await;
    assert_eq!(changed.location(), format!("{path}?done=saved"));
    let page = browser.get(changed.location()).await.text;
    assert!(page.contains("<option value=\"503\" selected>503 Service Unavailable"), "{page}");
    assert!(browser.get("/portal/test/endpoints").await.text.contains(url));

    let deleted = browser.post(&format!("{path}/delete"), "").await;
    assert_eq!(deleted.location(), "/portal/test/endpoints?done=deleted");
    assert_eq!(browser.get(path).await.status, 404);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_is_refused() {
    let herald = Herald::new();
    let (environment, endpoint) = with_an_endpoint(&herald).await;
    let browser = herald.sign_in(environment.account, Role::Manager).await;
    let path = format!("/portal/test/endpoints/{endpoint}");
    for (path, fields) in [
        ("/portal/test/endpoints", "hours=0"),
        ("/portal/test/endpoints", "hours=169"),
        ("/portal/test/endpoints", "hours=soon"),
        ("/portal/test/endpoints", ""),
        (&path, "respondWith=100"),
        (&path, "respondWith="),
    ] {
        assert_eq!(browser.post(path, fields).await.status, 400, "{path} {fields}");
    }
    assert_eq!(browser.get("/portal/test/endpoints").await.text.matches("/e/").count(), 1);
}

#[tokio::test]
async fn what_comes_is_told_as_the_very_markup_of_the_list() {
    let herald = Herald::new();
    let (environment, endpoint) = with_an_endpoint(&herald).await;
    let browser = herald.sign_in(environment.account, Role::Viewer).await;
    let path = format!("/portal/test/endpoints/{endpoint}");
    let empty = browser.get(&path).await.text;
    assert!(empty.contains(&format!("hx-sse:connect=\"{path}/live?after=0\"")), "{empty}");

    let response = watch(&browser, &format!("{path}/live?after=0"), None).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    let mut stream = response.into_body();
    assert_eq!(piece(&mut stream).await, ": watching\n\n");
    herald.receive(endpoint, HOSTILE).await;
    let event = piece(&mut stream).await;
    let lines = event.strip_prefix("id: 1\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    let markup = lines.replace("\ndata: ", "\n");
    assert!(markup.starts_with("<li") && markup.ends_with("</li>"), "{markup}");
    assert!(markup.contains("&lt;script&gt;") && !markup.contains("<script"), "{markup}");
    assert!(!markup.contains(['\r', '\u{202e}']) && !markup.contains("<img"), "{markup}");
    // Every line of it is data: none could be taken for an id, or for the event's end.
    assert!(event.lines().skip(1).all(|line| line.is_empty() || line.starts_with("data: ")));
    assert_eq!(event.matches("\n\n").count(), 1);

    let page = browser.get(&path).await.text;
    assert!(page.contains(&markup), "{page}");
    assert!(page.contains("live?after=1\"") && !page.contains("Nothing has come yet"), "{page}");
}

#[tokio::test]
async fn a_page_that_was_cut_off_goes_on_after_the_last_request_that_it_has() {
    let herald = Herald::new();
    let (environment, endpoint) = with_an_endpoint(&herald).await;
    let browser = herald.sign_in(environment.account, Role::Viewer).await;
    for _ in 0..30 {
        herald.receive(endpoint, "plain").await;
    }
    let path = format!("/portal/test/endpoints/{endpoint}");
    for (after, last_event, expected) in [
        ("?after=28", None, "id: 29\n"),
        ("?after=28", Some("29"), "id: 30\n"),
        ("?after=x", Some("27"), "id: 28\n"),
    ] {
        let live = format!("{path}/live{after}");
        let mut stream = watch(&browser, &live, last_event).await.into_body();
        piece(&mut stream).await;
        let event = piece(&mut stream).await;
        assert!(event.starts_with(expected), "{after} {event}");
    }
    // Older ones are on pages that nothing is put on top of.
    let older = browser.get(&format!("{path}?page=2")).await.text;
    assert!(older.contains(">#5<") && !older.contains(">#6<"), "{older}");
    assert!(!older.contains("hx-sse:connect"));
}

#[tokio::test]
async fn nobody_watches_without_a_session_or_what_is_not_theirs() {
    let herald = Herald::new();
    let (environment, endpoint) = with_an_endpoint(&herald).await;
    let stranger = herald.account("Stranger").await;
    let owner = herald.sign_in(environment.account, Role::Manager).await;
    let stranger = herald.sign_in(stranger, Role::Manager).await;
    let nobody = Browser { cookie: "herald=unknown".to_owned(), ..owner.clone() };
    let path = format!("endpoints/{endpoint}/live?after=0");
    for (browser, mode, status) in [
        (&nobody, "test", 401),
        (&stranger, "test", 404),
        (&stranger, "live", 404),
        (&owner, "live", 404),
        (&owner, "test", 200),
    ] {
        let response = watch(browser, &format!("/portal/{mode}/{path}"), None).await;
        assert_eq!(response.status(), status, "{mode}");
    }
}

#[tokio::test]
async fn who_is_signed_out_is_told_nothing_more() {
    let herald = Herald::new();
    let (environment, endpoint) = with_an_endpoint(&herald).await;
    let path = format!("/portal/test/endpoints/{endpoint}/live");
    let one = herald.sign_in(environment.account, Role::Viewer).await;
    let two = herald.sign_in(environment.account, Role::Viewer).await;
    let mut stream = watch(&one, &path, None).await.into_body();
    let mut stays = watch(&two, &path, None).await.into_body();
    for stream in [&mut stream, &mut stays] {
        assert_eq!(piece(stream).await, ": watching\n\n");
    }
    one.post("/portal/sign-out", "").await;
    herald.receive(endpoint, "plain").await;
    assert_eq!(piece(&mut stream).await, "");
    assert!(piece(&mut stays).await.starts_with("id: 1\n"));

    // Watching does not count as using a session, however long somebody does.
    herald.clock.advance(herald_domain::session::SESSION_IDLE);
    herald.receive(endpoint, "plain").await;
    assert_eq!(piece(&mut stays).await, "");
}
