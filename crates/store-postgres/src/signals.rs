//! What nodes tell each other: a hint by NOTIFY, sent after the commit of what it is about, so that
//! no transaction waits for another's notification. What is missed, because a connection was lost, or
//! a pooler between does not pass notifications on, is found by looking around ([`crate::heartbeat`]).

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::poll_fn};
use herald_domain::id::{EndpointId, EventId, ObjectId, WebhookId};
use herald_store::Signal;
use tokio::sync::{Notify, watch};
use tokio_postgres::AsyncMessage;

use crate::{Shared, connecting::Target, failure::Outcome, transaction::Tx};

/// Between two notifications, so that many become one statement.
const GAP: Duration = Duration::from_millis(5);

/// After a connection was lost.
const REST: Duration = Duration::from_secs(1);

/// What was heard, and what is to be told.
#[derive(Default)]
pub(crate) struct Signals {
    heard: Waiting,
    to_tell: Waiting,
}

/// Signals that somebody waits for: each once, however often it was said.
#[derive(Default)]
struct Waiting {
    signals: Mutex<HashSet<Signal>>,
    there: Notify,
}

impl Signals {
    /// Tells the other nodes, soon.
    pub(crate) fn tell(&self, signal: Signal) {
        self.to_tell.add(signal);
    }

    /// Tells this node.
    pub(crate) fn hear(&self, signal: Signal) {
        self.heard.add(signal);
    }

    /// The next that this node is told.
    pub(crate) async fn next(&self) -> Signal {
        loop {
            let one = self.heard.signals().iter().next().copied();
            match one {
                Some(signal) => {
                    self.heard.signals().remove(&signal);
                    return signal;
                }
                None => self.heard.there.notified().await,
            }
        }
    }
}

impl Waiting {
    fn add(&self, signal: Signal) {
        self.signals().insert(signal);
        self.there.notify_one();
    }

    fn signals(&self) -> MutexGuard<'_, HashSet<Signal>> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the others what there is to tell, for as long as the store is there.
pub(crate) async fn tell(shared: Arc<Shared>, mut ends: watch::Receiver<()>) {
    loop {
        tokio::select! {
            () = shared.signals.to_tell.there.notified() => {}
            _ = ends.changed() => return,
        }
        let signals: Vec<Signal> = shared.signals.to_tell.signals().drain().collect();
        if let Err(failed) = notify(&shared, &signals).await {
            tracing::debug!(error = ?failed, "the other nodes could not be told; they look around");
        }
        tokio::time::sleep(GAP).await;
    }
}

pub(crate) async fn notify(shared: &Shared, signals: &[Signal]) -> Outcome<()> {
    let lease = shared.node.lease();
    let texts: Vec<String> = signals.iter().map(|signal| write(lease, *signal)).collect();
    let tx = Tx::connect(&shared.pools.writes).await?;
    let sql = "SELECT pg_notify('herald', said) FROM unnest($1::text[]) AS said";
    tx.execute(sql, &[&texts]).await.map(drop)
}

/// Hears what the others tell, for as long as the store is there.
pub(crate) async fn listen(shared: Arc<Shared>, target: Target, mut ends: watch::Receiver<()>) {
    loop {
        tokio::select! {
            () = hear_until_lost(&shared, &target) => {}
            _ = ends.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(REST) => {}
            _ = ends.changed() => return,
        }
    }
}

/// A connection that nothing else is done with: it may be dropped at any time.
async fn hear_until_lost(shared: &Arc<Shared>, target: &Target) {
    let (client, mut connection) = match target.connect().await {
        Ok(connected) => connected,
        Err(error) => {
            tracing::debug!(%error, "nothing is heard from other nodes: no connection");
            return;
        }
    };
    let signals = shared.clone();
    let listening = tokio::spawn(async move {
        let listening = client.batch_execute("LISTEN herald").await;
        // For whatever was told while nobody listened.
        signals.signals.hear(Signal::LookAround);
        // The connection lasts as long as its client.
        listening.map(|()| client)
    });
    let mut messages = poll_fn(move |context| connection.poll_message(context));
    while let Some(Ok(message)) = messages.next().await {
        if let AsyncMessage::Notification(said) = message
            && let Some((lease, signal)) = read(said.payload())
            && lease != shared.node.lease()
        {
            shared.signals.hear(signal);
        }
    }
    listening.abort();
}

/// A signal as text, after the lease of who says it.
fn write(lease: i64, signal: Signal) -> String {
    match signal {
        Signal::WebhookChanged(id) => format!("{lease} changed {}", id.0),
        Signal::Due(id) => format!("{lease} due {}", id.0),
        Signal::NoticeWaits => format!("{lease} notice"),
        Signal::RecoveryMade => format!("{lease} recovery"),
        Signal::Delivered(webhook, event) => format!("{lease} delivered {} {}", webhook.0, event.0),
        Signal::RequestKept(id, number) => format!("{lease} kept {} {number}", id.0),
        Signal::EndpointGone(id) => format!("{lease} gone {}", id.0),
        Signal::LookAround => format!("{lease} look"),
    }
}

/// What [`write`] has made; `None` if it is something else, such as a newer node's.
fn read(text: &str) -> Option<(i64, Signal)> {
    let mut words = text.split(' ');
    let lease = words.next()?.parse().ok()?;
    let kind = words.next()?;
    let mut id = || words.next()?.parse::<ObjectId>().ok();
    let signal = match kind {
        "changed" => Signal::WebhookChanged(WebhookId(id()?)),
        "due" => Signal::Due(WebhookId(id()?)),
        "notice" => Signal::NoticeWaits,
        "recovery" => Signal::RecoveryMade,
        "delivered" => Signal::Delivered(WebhookId(id()?), EventId(id()?)),
        "kept" => Signal::RequestKept(EndpointId(id()?), words.next()?.parse().ok()?),
        "gone" => Signal::EndpointGone(EndpointId(id()?)),
        "look" => Signal::LookAround,
        _ => return None,
    };
    Some((lease, signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_heard_as_it_was_told() {
        let (webhook, endpoint) = (WebhookId::from_bytes([1; 12]), EndpointId::from_bytes([2; 12]));
        let event = EventId::from_bytes([3; 12]);
        for signal in [
            Signal::WebhookChanged(webhook),
            Signal::Due(webhook),
            Signal::NoticeWaits,
            Signal::RecoveryMade,
            Signal::Delivered(webhook, event),
            Signal::RequestKept(endpoint, 17),
            Signal::EndpointGone(endpoint),
            Signal::LookAround,
        ] {
            assert_eq!(read(&write(7, signal)), Some((7, signal)));
        }
        assert_eq!(read("7 something newer"), None);
    }
}
