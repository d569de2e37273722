//! A Herald that says what the test says: for what a command asks, and how it takes each answer.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    body::{Body, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{mpsc::UnboundedReceiver, watch},
    task::{JoinHandle, JoinSet},
};

use super::{PATIENCE, program::herald};

/// A request that a command has made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET /v1/webhooks?page=2`
    pub(crate) what: String,
    pub(crate) key: String,
    pub(crate) last_event_id: Option<String>,
    /// `Null`, if there is none.
    pub(crate) body: Value,
}

/// An answer.
pub(crate) enum Say {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Server-sent events, as the test sends them, until it drops the sender.
    Live(UnboundedReceiver<Bytes>),
}

type Script = dyn FnMut(&Asked) -> Say + Send;

/// A Herald that says what the test says. It is gone when this is dropped, with every connection.
pub(crate) struct FakeApi {
    pub(crate) address: SocketAddr,
    asked: Arc<watch::Sender<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FakeApi {
    pub(crate) async fn start(script: impl FnMut(&Asked) -> Say + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
        let address = listener.local_addr().expect("it listens");
        let asked = Arc::new(watch::Sender::new(Vec::new()));
        let log = asked.clone();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(script));
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                let service =
                    service_fn(move |request| answer(request, script.clone(), log.clone()));
                connections
                    .spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, asked, serving }
    }

    /// A command that uses it.
    pub(crate) fn herald(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = herald(arguments);
        command.env("HERALD_URL", format!("http://{}", self.address));
        command.env("HERALD_API_KEY", "test_the-key");
        command
    }

    /// Waits until this was asked so many times.
    pub(crate) async fn wait_for(&self, what: &str, times: usize) {
        let mut asked = self.asked.subscribe();
        let enough = asked
            .wait_for(|asked| asked.iter().filter(|asked| asked.what == what).count() >= times);
        let enough = tokio::time::timeout(PATIENCE, enough).await.map(|_| ());
        enough.unwrap_or_else(|_| panic!("{what} was asked too seldom: {:?}", self.asked()));
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// What was asked, without what came with it.
    pub(crate) fn questions(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Mutex<Script>>,
    log: Arc<watch::Sender<Vec<Asked>>>,
) -> Result<Response<Either<Full<Bytes>, Live>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let header = |name: &str| Some(head.headers.get(name)?.to_str().ok()?.to_owned());
    let asked = Asked {
        what: format!("{} {}", head.method, head.uri),
        key: header("authorization").unwrap_or_default(),
        last_event_id: header("last-event-id"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    log.send_modify(|log| log.push(asked.clone()));
    let said = (script.lock().expect("no test panics in its script"))(&asked);
    let (status, content_type, body) = match said {
        Say::Json(status, value) => {
            (status, "application/json", Either::Left(Full::new(value.to_string().into())))
        }
        Say::Text(status, text) => (status, "text/html", Either::Left(Full::new(text.into()))),
        Say::Live(events) => (200, "text/event-stream", Either::Right(Live(events))),
    };
    let response = Response::builder().status(status).header("content-type", content_type);
    Ok(response.body(body).expect("it is a response"))
}

/// A body that the test sends piece by piece.
pub(crate) struct Live(UnboundedReceiver<Bytes>);

impl Body for Live {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
