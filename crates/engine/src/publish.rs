//! Publishing: the one way to record a change, so that no event exists without its deliveries.
//! A publisher keeps its resources itself; those of the API ([`crate::resources`]) are written in
//! the same record.
//!
//! The domain says which events a change raises and fixes their bytes; one transaction makes them
//! durable together with their fan-out; then the pending deliveries go to the dispatcher, straight
//! from memory. The answer follows the commit (promise 1).

use std::sync::Arc;

use herald_domain::{
    account::EnvironmentId,
    event::Event,
    id::EventId,
    problem::Problem,
    raise::{Change, raise},
    time::Timestamp,
};
use herald_store::{Idempotency, Receipt, Record, Recorded};

use crate::{
    Engine, EngineError, Metrics, Result,
    accounts::unknown_account,
    dispatch::{Dispatcher, Ticket},
};

/// Longest `Idempotency-Key`, characters.
const KEY_LENGTH: usize = 255;

/// Most changes of one publication.
const MOST_CHANGES: usize = 1_000;

/// Changes that are accepted together, or not at all.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Where they happened.
    pub environment: EnvironmentId,
    /// What happened, in order.
    pub changes: Vec<Change>,
    /// The publisher's own name for this publication, if it gave one.
    pub idempotency: Option<IdempotencyKey>,
    /// Whether a problem is reported as one of a list (`events[3].type`).
    pub batch: bool,
}

/// The publisher's own name for a publication.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of the request's body.
    pub fingerprint: [u8; 32],
}

impl Engine {
    /// Accepts a publication: durable, fanned out and handed to the dispatcher when this returns.
    pub async fn publish(&self, publication: Publication) -> Result<Receipt> {
        let environment = publication.environment;
        let idempotency = publication.idempotency.map(check_key).transpose()?;
        let now = self.clock.now();
        let mut events = Vec::with_capacity(publication.changes.len());
        if publication.changes.len() > MOST_CHANGES {
            let message = format!("'events' should have at most {MOST_CHANGES} entries");
            return Err(Problem::invalid("events", message).into());
        }
        for (index, change) in publication.changes.iter().enumerate() {
            events.extend(self.events_of(change, now).map_err(|problem| {
                if publication.batch {
                    problem.within(&format!("events[{index}]"))
                } else {
                    problem
                }
            })?);
        }
        // A publisher keeps its resources itself.
        let record =
            Record { environment, writes: Vec::new(), events, idempotency, only: None, at: now };
        let recorded = self.record(record).await?;
        match recorded {
            Recorded::Accepted { receipt, .. } | Recorded::Replayed(receipt) => Ok(receipt),
            Recorded::KeyReused => Err(Problem::unprocessable(
                "idempotency_key_reused",
                "this Idempotency-Key was used for another body; use a new key for a new request",
            )
            .into()),
            Recorded::UnknownAccount => Err(unknown_account(environment.account).into()),
            Recorded::Conflict | Recorded::Unwelcome => {
                let defect = "a record without writes, for everybody, is refused";
                Err(EngineError::Internal(defect.to_owned()))
            }
        }
    }

    /// The events that a change raises, their bytes fixed.
    pub(crate) fn events_of(&self, change: &Change, now: Timestamp) -> Result<Vec<Event>, Problem> {
        let raised = raise(&self.catalogue, change)?;
        let event_of = |raised| Event::new(EventId(self.ids.next(now)), &raised, now);
        Ok(raised.into_iter().map(event_of).collect())
    }

    /// Records and dispatches in a task of its own: a client that hangs up between the commit and
    /// the dispatch must not leave claimed deliveries behind.
    pub(crate) async fn record(&self, record: Record) -> Result<Recorded> {
        let (store, recorder) = (self.store.clone(), self.recorder());
        let recording = tokio::spawn(async move {
            let ticket = recorder.dispatcher.ticket();
            let mut recorded = store.record(record).await?;
            recorder.accept(ticket, &mut recorded);
            Ok(recorded)
        });
        recording.await.map_err(|error| EngineError::Internal(error.to_string()))?
    }

    pub(crate) fn recorder(&self) -> Recorder {
        Recorder { dispatcher: self.dispatcher.clone(), metrics: self.metrics.clone() }
    }
}

/// Who goes on with what was recorded.
pub(crate) struct Recorder {
    dispatcher: Arc<Dispatcher>,
    metrics: Arc<Metrics>,
}

impl Recorder {
    /// Counts what was accepted, and hands it to the dispatcher from memory.
    pub(crate) fn accept(&self, ticket: Ticket, recorded: &mut Recorded) {
        if let Recorded::Accepted { receipt, claimed, destinations } = recorded {
            self.metrics.accepted(receipt);
            self.dispatcher.offer(ticket, std::mem::take(claimed), std::mem::take(destinations));
        }
    }
}

fn check_key(key: IdempotencyKey) -> Result<Idempotency, Problem> {
    let usable = !key.key.is_empty()
        && key.key.len() <= KEY_LENGTH
        && key.key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !usable {
        let message =
            format!("'Idempotency-Key' should have 1 to {KEY_LENGTH} printable ASCII characters");
        return Err(Problem::invalid("Idempotency-Key", message));
    }
    Ok(Idempotency { key: key.key, fingerprint: key.fingerprint })
}
