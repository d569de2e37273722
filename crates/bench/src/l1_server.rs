//! L1: the same two hops as Herald's, without storage. What it forgets when it dies is what Herald
//! is for; how much faster it is, is what remembering costs.
//!
//! It takes the same request, raises the same event with the same bytes by the same code, answers
//! 202, and posts it on pooled connections, as many at a time as Herald does for one webhook. What
//! waits is bounded, as in Herald: a publisher gets its answer when there is room.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use axum::{Router, extract::State, routing::post, serve::ListenerExt as _};
use bytes::Bytes;
use herald_domain::{
    catalogue::Catalogue,
    event::Event,
    exact_json::{self, Value},
    id::{EventId, IdSequence},
    raise::{Change, Subject, raise},
    time::Timestamp,
};
use http::StatusCode;
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
    child::LISTENING,
    poster::{Destination, Poster},
};

/// Posts at a time: Herald's `delivery.max_in_flight_per_webhook`.
const IN_FLIGHT: usize = 64;

/// Events waiting or in flight: what Herald keeps in memory for one webhook.
const IN_HAND: usize = 1_024 + IN_FLIGHT;

/// The server and everything it knows.
struct L1 {
    destination: Destination,
    catalogue: Catalogue,
    ids: IdSequence,
    in_hand: Arc<Semaphore>,
    in_flight: Semaphore,
    pool: Mutex<Vec<Poster>>,
}

/// Serves until it is killed, forwarding to the webhook at `url`.
pub(crate) async fn serve(url: &str, authority: Option<PathBuf>) -> Result<()> {
    let l1 = Arc::new(L1 {
        destination: Destination::new(url, authority.as_deref())?,
        catalogue: Catalogue::built_in(),
        ids: IdSequence::new(*b"bench"),
        in_hand: Arc::new(Semaphore::new(IN_HAND)),
        in_flight: Semaphore::new(IN_FLIGHT),
        pool: Mutex::new(Vec::with_capacity(IN_FLIGHT)),
    });
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    crate::report::say(&format!("{LISTENING}{}", listener.local_addr()?));
    let listener = listener.tap_io(|stream| {
        // A connection that does not take it is slow, and still right.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().route("/operator/v1/events", post(accept)).with_state(l1);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn accept(State(l1): State<Arc<L1>>, body: Bytes) -> (StatusCode, String) {
    let event = match l1.event(&body) {
        Ok(event) => event,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()),
    };
    let Ok(room) = l1.in_hand.clone().acquire_owned().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    };
    let answer = format!(
        r#"{{"events":[{{"id":"{}","type":"{}"}}],"deliveries":1}}"#,
        event.id, event.event_type
    );
    tokio::spawn(async move {
        // What cannot be posted is lost: that is the point of comparison. The row then fails.
        if let Err(error) = l1.forward(event.id, event.body).await {
            crate::report::complain(&format!("L1: {error:#}"));
        }
        drop(room);
    });
    (StatusCode::ACCEPTED, answer)
}

impl L1 {
    /// What Herald makes of a request, up to the point where it would be stored.
    fn event(&self, request: &[u8]) -> Result<Event> {
        let Value::Object(mut fields) = exact_json::parse(request)? else {
            anyhow::bail!("a request is a JSON object");
        };
        let (Some(Value::String(event_type)), Some(Value::Object(current))) =
            (fields.remove("type"), fields.remove("resource"))
        else {
            anyhow::bail!("a request has a type and a resource");
        };
        let change = Change { event_type, subject: Subject::Resource { current, previous: None } };
        let raised = raise(&self.catalogue, &change)?;
        let raised = raised.first().context("a created client raises an event")?;
        let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let now = Timestamp::from_millis(i64::try_from(millis)?);
        Ok(Event::new(EventId(self.ids.next(now)), raised, now))
    }

    async fn forward(&self, id: EventId, body: Bytes) -> Result<()> {
        let _turn = self.in_flight.acquire().await?;
        let kept = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut poster = match kept {
            Some(poster) => poster,
            None => Poster::connect(&self.destination).await?,
        };
        poster.post(id, body).await?;
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(poster);
        Ok(())
    }
}
