//! L0's sender: signs and posts, as fast as it can, and does nothing else.
//!
//! It is a process of its own, as Herald and L1 are: in the receiver's process, both ends of a
//! connection would be woken by the same thread, which costs a fraction of what it does between
//! processes. It is told to begin and to stop over HTTP; the answer to the latter is how many
//! events it has posted.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result};
use axum::{Router, extract::State, http::StatusCode, routing::post};
use bytes::Bytes;
use herald_domain::{
    id::{EventId, IdSequence},
    time::Timestamp,
};
use tokio::{net::TcpListener, sync::Mutex, task::JoinSet};

use crate::{
    child::LISTENING,
    event::{Numbered, notification, padded_client},
    poster::{Destination, Poster},
};

/// Connections that post: as many as Herald's attempts in flight to one webhook.
const CONNECTIONS: usize = 64;

/// What all connections share.
struct Sender {
    destination: Destination,
    ids: IdSequence,
    posted: AtomicU64,
    stopping: AtomicBool,
    posting: Mutex<JoinSet<Result<()>>>,
}

/// Serves until it is killed, posting to `url` between `/begin` and `/stop`.
pub(crate) async fn serve(url: &str, authority: Option<PathBuf>) -> Result<()> {
    let sender = Arc::new(Sender {
        destination: Destination::new(url, authority.as_deref())?,
        ids: IdSequence::new(*b"bench"),
        posted: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
        posting: Mutex::default(),
    });
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    crate::report::say(&format!("{LISTENING}{}", listener.local_addr()?));
    let router =
        Router::new().route("/begin", post(begin)).route("/stop", post(stop)).with_state(sender);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn begin(State(sender): State<Arc<Sender>>) {
    let mut posting = sender.posting.lock().await;
    for _ in 0..CONNECTIONS {
        posting.spawn(sender.clone().post_until_told());
    }
}

async fn stop(State(sender): State<Arc<Sender>>) -> (StatusCode, String) {
    sender.stopping.store(true, Ordering::Relaxed);
    while let Some(ended) = sender.posting.lock().await.join_next().await {
        if let Err(error) = ended.context("a connection panicked").flatten() {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"));
        }
    }
    (StatusCode::OK, sender.posted.load(Ordering::Relaxed).to_string())
}

impl Sender {
    async fn post_until_told(self: Arc<Self>) -> Result<()> {
        let mut poster = Poster::connect(&self.destination).await?;
        let event = notification(EventId::from_bytes([0; 12]), &padded_client(0)?)?;
        let mut event = Numbered::new(event.to_vec())?;
        while !self.stopping.load(Ordering::Relaxed) {
            let number = self.posted.fetch_add(1, Ordering::Relaxed);
            let id = EventId(self.ids.next(Timestamp::default()));
            poster.post(id, Bytes::copy_from_slice(event.stamped(number))).await?;
        }
        Ok(())
    }
}
