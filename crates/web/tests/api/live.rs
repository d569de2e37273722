//! Watching an endpoint, over real connections: each request as it comes, going on after a cut, and
//! how it ends.

use std::{net::SocketAddr, time::Duration};

use axum::body::Body;
use herald_web::{ServerLimits, serve_within};
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};
use tower::ServiceExt;

use crate::{
    endpoints::object,
    support::{Herald, OPERATOR},
};

/// Nothing in these tests takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

struct Scene {
    herald: Herald,
    key: String,
    endpoint: Value,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// A client that watches.
struct Viewer {
    stream: TcpStream,
    read: String,
}

impl Scene {
    /// A server that waits for a head so long, with an endpoint.
    async fn new(head: Duration) -> Self {
        let herald = Herald::new();
        let key = herald.tenant("Acme").await.test;
        let endpoint = herald.endpoint(&key).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = ServerLimits { head, ..ServerLimits::default() };
        let router = herald.router.clone();
        let serving = tokio::spawn(async move {
            serve_within(limits, listener, router, async { drop(stopped.await) }).await;
        });
        Self { herald, key, endpoint, address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Begins to watch; answers when the watching has begun.
    async fn watch(&self, more: &str) -> Viewer {
        let mut stream = self.connect().await;
        let (path, key) = (object(&self.endpoint), &self.key);
        let head =
            format!("GET {path}/live HTTP/1.1\r\nHost: a\r\nAuthorization: {key}\r\n{more}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut viewer = Viewer { stream, read: String::new() };
        let head = viewer.until(": watching\n\n").await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store\r\n"), "{head}");
        viewer
    }

    async fn send(&self, body: &str) {
        self.herald.send_to(&self.endpoint, "POST", body.to_owned()).await.ok();
    }
}

impl Viewer {
    /// Reads up to this text.
    async fn until(&mut self, text: &str) -> String {
        let reading = async {
            loop {
                if let Some(place) = self.read.find(text) {
                    let rest = self.read.split_off(place + text.len());
                    return std::mem::replace(&mut self.read, rest);
                }
                let mut bytes = [0; 4096];
                let count = self.stream.read(&mut bytes).await.unwrap();
                assert!(count > 0, "it ended before {text:?}: {:?}", self.read);
                self.read.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("it comes")
    }

    /// The next event: its id, and its data.
    async fn event(&mut self) -> (u64, Value) {
        self.until("id: ").await;
        let id = self.until("\n").await;
        assert_eq!(self.until("\n").await, "event: request\n");
        self.until("data: ").await;
        let data = self.until("\n\n").await;
        (id.trim().parse().unwrap(), serde_json::from_str(&data).unwrap())
    }

    /// That it ends in order: with the last chunk.
    async fn ends(mut self) {
        self.until("0\r\n\r\n").await;
        assert_eq!(self.read, "");
    }
}

#[tokio::test]
async fn each_request_comes_as_it_is_kept() {
    let scene = Scene::new(PATIENCE).await;
    scene.send("before").await;
    let (mut one, mut two) = (scene.watch("").await, scene.watch("").await);
    for number in 2..=4 {
        scene.send(&format!("{number}")).await;
        for viewer in [&mut one, &mut two] {
            let (id, request) = viewer.event().await;
            assert_eq!((id, &request["number"]), (number, &json!(number)));
            let path = format!("{}/requests", object(&scene.endpoint));
            let kept = scene.herald.get(&path, &scene.key).await.ok();
            assert_eq!(request, kept["items"][0], "it is shown as in the list");
        }
    }
}

#[tokio::test]
async fn who_was_cut_off_goes_on_from_the_last_number_seen() {
    let scene = Scene::new(PATIENCE).await;
    for body in ["a", "b", "c"] {
        scene.send(body).await;
    }
    let mut viewer = scene.watch("Last-Event-ID: 1\r\n").await;
    assert_eq!((viewer.event().await.0, viewer.event().await.0), (2, 3));
    drop(viewer);
    for number in 4..=30 {
        scene.send(&"x".repeat(number)).await;
    }
    let mut viewer = scene.watch("Last-Event-ID: 3\r\n").await;
    for number in 4..=30 {
        assert_eq!(viewer.event().await.0, number);
    }
    for seen in ["99", "soon"] {
        let mut beyond = scene.watch(&format!("Last-Event-ID: {seen}\r\n")).await;
        scene.send("next").await;
        let (number, request) = beyond.event().await;
        assert!(number > 30 && request["body"] == "next", "{request}");
    }
}

#[tokio::test]
async fn nothing_is_missed_by_who_does_not_read_for_a_while() {
    let scene = Scene::new(PATIENCE).await;
    let mut viewer = scene.watch("").await;
    let large = "x".repeat(200_000);
    for _ in 0..40 {
        scene.send(&large).await;
    }
    for number in 1..=40 {
        let (id, request) = viewer.event().await;
        assert_eq!((id, request["body"].as_str().unwrap().len()), (number, large.len()));
    }
}

#[tokio::test]
async fn who_watches_is_not_taken_for_an_idle_client() {
    let scene = Scene::new(Duration::from_millis(100)).await;
    let mut viewer = scene.watch("").await;
    // A connection that says nothing is let go meanwhile.
    let mut idle = scene.connect().await;
    let read = tokio::time::timeout(PATIENCE, idle.read(&mut [0; 16])).await.unwrap();
    assert_eq!(read.unwrap(), 0);
    scene.send("still there").await;
    assert_eq!(viewer.event().await.1["body"], "still there");
}

/// What is answered to who watches an endpoint, without a connection.
async fn response(herald: &Herald, key: &str, endpoint: &Value) -> Response<Body> {
    let request = Request::get(format!("{}/live", object(endpoint))).header("Authorization", key);
    let response = herald.router.clone().oneshot(request.body(Body::empty()).unwrap()).await;
    response.unwrap()
}

/// What is told of an endpoint, without a connection.
async fn pieces(herald: &Herald, key: &str, endpoint: &Value) -> Body {
    response(herald, key, endpoint).await.into_body()
}

#[tokio::test]
async fn an_environment_has_50_viewers_at_most_and_who_leaves_makes_room() {
    let herald = Herald::new();
    let (acme, other) = (herald.tenant("Acme").await, herald.tenant("Other").await);
    let (one, two) = (herald.endpoint(&acme.test).await, herald.endpoint(&acme.test).await);
    let mut viewers = Vec::new();
    for number in 0..50 {
        let endpoint = if number % 2 == 0 { &one } else { &two };
        viewers.push(pieces(&herald, &acme.test, endpoint).await);
    }
    for endpoint in [&one, &two] {
        assert_eq!(response(&herald, &acme.test, endpoint).await.status(), 429);
    }
    // Neither the other environment nor another account is kept out by that.
    for key in [&acme.live, &other.test] {
        let endpoint = herald.endpoint(key).await;
        assert_eq!(response(&herald, key, &endpoint).await.status(), 200);
        // And places are counted only at what is one's own.
        assert_eq!(response(&herald, key, &one).await.status(), 404);
        assert_eq!(response(&herald, &acme.test, &endpoint).await.status(), 404);
    }
    drop(viewers.pop());
    let begun = async {
        while response(&herald, &acme.test, &one).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("there is room again");
}

#[tokio::test]
async fn a_comment_comes_every_15_seconds_while_nothing_else_does() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let mut pieces = pieces(&herald, &key, &herald.endpoint(&key).await).await;
    tokio::time::pause();
    let begun = Instant::now();
    for (piece, seconds) in
        [(": watching\n\n", 0), (": still watching\n\n", 15), (": still watching\n\n", 30)]
    {
        let frame = pieces.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece.as_bytes());
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn it_ends_when_the_endpoint_is_deleted() {
    let scene = Scene::new(PATIENCE).await;
    let viewer = scene.watch("").await;
    let path = object(&scene.endpoint);
    assert_eq!(scene.herald.call("DELETE", &path, &scene.key, "").await.status, 204);
    viewer.ends().await;
}

#[tokio::test]
async fn nothing_more_is_told_once_the_key_is_revoked() {
    let scene = Scene::new(PATIENCE).await;
    let viewer = scene.watch("").await;
    let accounts = scene.herald.get("/operator/v1/accounts", OPERATOR).await.ok();
    let keys =
        format!("/operator/v1/accounts/{}/keys", accounts["items"][0]["id"].as_str().unwrap());
    let listed = scene.herald.get(&keys, OPERATOR).await.ok();
    for key in listed["items"].as_array().unwrap() {
        let path = format!("{keys}/{}", key["id"].as_str().unwrap());
        assert_eq!(scene.herald.call("DELETE", &path, OPERATOR, "").await.status, 204);
    }
    scene.send("after").await;
    viewer.ends().await;
}

#[tokio::test]
async fn it_ends_soon_after_the_endpoint_has_expired() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.post("/v1/endpoints", &key, json!({ "hours": 1 })).await.ok();
    let mut pieces = pieces(&herald, &key, &endpoint).await;
    assert!(pieces.frame().await.is_some());
    // The clock of these tests moves a second with each look.
    for _ in 0..3_600 {
        herald.engine.find_endpoint("no token").await.unwrap();
    }
    tokio::time::pause();
    let comment = pieces.frame().await.unwrap().unwrap();
    assert_eq!(comment.into_data().unwrap(), ": still watching\n\n");
    assert!(pieces.frame().await.is_none());
}

#[tokio::test]
async fn it_ends_when_herald_stops_and_does_not_hold_that_up() {
    let scene = Scene::new(PATIENCE).await;
    let (one, two) = (scene.watch("").await, scene.watch("").await);
    scene.stop.send(()).unwrap();
    let ending = async { tokio::join!(scene.serving, scene.herald.engine.stop()) };
    let (served, ()) = tokio::time::timeout(PATIENCE, ending).await.expect("it stops");
    served.unwrap();
    one.ends().await;
    two.ends().await;
}

#[tokio::test]
async fn who_begins_to_watch_while_herald_stops_is_let_go_at_once() {
    let scene = Scene::new(PATIENCE).await;
    scene.herald.engine.stop().await;
    scene.watch("").await.ends().await;
}
