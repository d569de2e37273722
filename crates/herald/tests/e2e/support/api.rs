//! A client of Herald's API: a request at a time, each on a connection of its own, so that
//! nothing of one test's past can hide in a pool.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// The API, opened by one key.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    address: SocketAddr,
    key: String,
    /// The `Idempotency-Key` of every request.
    idempotency: Option<String>,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Null`, if there is no body.
    pub(crate) body: Value,
}

impl Answer {
    /// The body of a success.
    pub(crate) fn good(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }
}

impl Api {
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        Self { address, key: key.into(), idempotency: None }
    }

    /// The same, but every request has this `Idempotency-Key`.
    pub(crate) fn under_key(&self, idempotency: &str) -> Self {
        Self { idempotency: Some(idempotency.into()), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.must(Method::GET, path, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.must(Method::POST, path, body.to_string()).await
    }

    /// Posts a body as it is.
    pub(crate) async fn post_text(&self, path: &str, body: &str) -> Answer {
        self.must(Method::POST, path, body.into()).await
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.must(Method::DELETE, path, String::new()).await.good();
    }

    async fn must(&self, method: Method, path: &str, body: String) -> Answer {
        let what = format!("{method} {path}");
        self.send(method, path, body).await.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// The answer, if one came: the server may be killed meanwhile.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // It ends when the sender is dropped, or with the server; what counts is the answer.
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("authorization", &self.key);
        let request = match &self.idempotency {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        let request = request.body(Full::new(Bytes::from(body)))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        drop(sender);
        let _ended = connection.await;
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? };
        Ok(Answer { status: head.status, body })
    }

    /// Makes a webhook for everything; answers its id and its secret.
    pub(crate) async fn create_webhook(&self, url: &str) -> (String, String) {
        let new = json!({ "url": url, "enabled": true, "events": ["*"] });
        let webhook = self.post("/v1/webhooks", &new).await.good();
        (text(&webhook["id"]), text(&webhook["secret"]))
    }

    /// Makes a webhook for one type of event; answers its id.
    pub(crate) async fn create_webhook_for(&self, url: &str, event: &str, enabled: bool) -> String {
        let new = json!({ "url": url, "enabled": enabled, "events": [event] });
        text(&self.post("/v1/webhooks", &new).await.good()["id"])
    }

    pub(crate) async fn webhook(&self, id: &str) -> Value {
        self.get(&format!("/v1/webhooks/{id}")).await.good()
    }

    pub(crate) async fn update_webhook(&self, id: &str, changes: &Value) -> Value {
        self.post(&format!("/v1/webhooks/{id}"), changes).await.good()
    }

    /// How many deliveries there are in this state.
    pub(crate) async fn count(&self, state: &str) -> u64 {
        let list = self.get(&format!("/v1/deliveries?pageSize=1&state={state}")).await.good();
        list["totalItems"].as_u64().expect("a list says how long it is")
    }

    /// The only delivery there is.
    pub(crate) async fn only_delivery(&self) -> Value {
        let list = self.get("/v1/deliveries").await.good();
        assert_eq!(list["totalItems"], 1, "{list}");
        list["items"][0].clone()
    }
}

/// The JSON text in `value`.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} should be a text")).to_owned()
}
