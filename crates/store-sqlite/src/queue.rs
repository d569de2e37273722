//! Claiming what is due, and settling what came of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt, ErrorClass, Failure},
    id::{DeliveryId, EventId, WebhookId},
    time::Timestamp,
};
use herald_store::{
    After, Claim, Claimed, DeliveryKey, Due, Lease, ManualAttempt, Queue, Result, Settled,
    Settlement,
};
use rusqlite::{OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    claims::{Delivery, Hold},
    codec::{count, maybe_time, object_id, signed, time},
    failure::explain,
    registry::{Hook, hook_by_number},
    settling::Statements,
    writer::Session,
};

#[async_trait]
impl Queue for SqliteStore {
    async fn claim(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> {
        self.writer.write(move |session| session.claim(webhook, now, limit)).await
    }

    async fn release(&self, keys: Vec<DeliveryKey>) -> Result<()> {
        self.writer
            .write(move |session| {
                for key in &keys {
                    session.release(key)?;
                }
                Ok(())
            })
            .await
    }

    fn gathers(&self) -> Duration {
        Duration::ZERO
    }

    async fn settle(&self, settlements: Arc<[Settlement]>) -> Result<Settled> {
        self.writer
            .write(move |session| {
                let mut statements = Statements::prepare(session.connection)?;
                let mut settled = Settled::default();
                for settlement in settlements.iter() {
                    session.settle(&mut statements, settlement, &mut settled)?;
                }
                Ok(settled)
            })
            .await
    }

    async fn settle_manual(&self, manual: ManualAttempt) -> Result<Option<u32>> {
        self.writer.write(move |session| session.settle_manual(&manual)).await
    }

    async fn due(&self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> {
        self.writer.write(move |session| session.due(after, limit)).await
    }
}

/// The oldest due first; the event is read for its bytes, the present schedule's first attempt for
/// its time.
const DUE: &str = "
    SELECT d.seq, d.id, d.due_at, d.attempts, d.restarted, e.id AS event, e.body, a.started_at
    FROM delivery AS d
    LEFT JOIN event AS e ON e.seq = d.seq
    LEFT JOIN attempt AS a
        ON a.env = d.env AND a.seq = d.seq AND a.webhook = d.webhook AND a.number = d.restarted + 1
    WHERE d.webhook = ?1 AND d.state = 0 AND d.due_at <= ?2
    ORDER BY d.due_at, d.seq LIMIT ?3";

const NEXT_DUE: &str = "
    SELECT seq, due_at FROM delivery
    WHERE webhook = ?1 AND state = 0 AND due_at IS NOT NULL
    ORDER BY due_at, seq LIMIT ?2";

impl Session<'_> {
    fn claim(&mut self, id: WebhookId, now: Timestamp, limit: usize) -> Result<Claim> {
        let nothing = |destination| Claim { destination, deliveries: Vec::new(), next_due: None };
        let Some((_, webhook)) = self.registry.webhook(self.connection, id)? else {
            return Ok(nothing(None));
        };
        let Some(hook) = hook_by_number(self.connection, webhook)? else {
            return Ok(nothing(None));
        };
        if !hook.destination.webhook.enabled {
            return Ok(nothing(Some(hook.destination)));
        }
        let deliveries = self.claim_due(&hook, now, limit)?;
        let next_due = self.next_due(webhook)?;
        Ok(Claim { destination: Some(hook.destination), deliveries, next_due })
    }

    fn release(&mut self, key: &DeliveryKey) -> Result<()> {
        let Some((env, webhook)) = self.registry.webhook(self.connection, key.webhook)? else {
            return Ok(());
        };
        let delivery = (webhook, key.sequence);
        if self.claims.hold(delivery) == Some(Hold::Fresh) {
            self.make_due(env, delivery)?;
        }
        self.claims.give_back(delivery);
        Ok(())
    }

    /// Enters a fresh delivery in the index of what is due.
    pub(crate) fn make_due(&self, env: i64, (webhook, sequence): Delivery) -> Result<()> {
        let sql = "UPDATE delivery SET due_at = created_at
                   WHERE env = ?1 AND seq = ?2 AND webhook = ?3 AND state = 0 AND due_at IS NULL";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut update| update.execute([env, sequence.cast_signed(), webhook]))
            .map_err(explain)?;
        Ok(())
    }

    fn claim_due(&mut self, hook: &Hook, now: Timestamp, limit: usize) -> Result<Vec<Claimed>> {
        // Those held come back from the query too: so many more are asked for.
        let most = signed((limit + self.claims.at_most(hook.num)) as u64);
        let mut query = self.connection.prepare_cached(DUE).map_err(explain)?;
        let mut rows = query.query(params![hook.num, now.millis(), most]).map_err(explain)?;
        let mut deliveries = Vec::new();
        while deliveries.len() < limit
            && let Some(row) = rows.next().map_err(explain)?
        {
            let sequence: u64 = count(row, "seq").map_err(explain)?;
            if self.claims.hold((hook.num, sequence)).is_some() {
                continue;
            }
            match claimed(row, hook, sequence) {
                Ok(delivery) => {
                    self.claims.take((hook.num, sequence), Hold::Claimed);
                    deliveries.push(delivery);
                }
                Err(_) => self.give_up(hook, row, now)?,
            }
        }
        Ok(deliveries)
    }

    /// A row that cannot be read must not stop those behind it: this delivery alone is exhausted,
    /// with an attempt that says why.
    fn give_up(&mut self, hook: &Hook, row: &Row<'_>, now: Timestamp) -> Result<()> {
        let webhook = &hook.destination.webhook;
        let sequence = count(row, "seq").map_err(explain)?;
        tracing::error!(webhook = %webhook.id, sequence, "a stored delivery cannot be read");
        let failure = Failure {
            class: ErrorClass::Internal,
            detail: "the stored event cannot be read, so it was not sent".to_owned(),
        };
        let settlement = Settlement {
            key: DeliveryKey {
                environment: webhook.environment,
                sequence,
                webhook: webhook.id,
                delivery: DeliveryId(object_id(row, "id").map_err(explain)?),
                lease: Lease::default(),
            },
            number: 1 + count::<u32>(row, "attempts").map_err(explain)?,
            attempt: Attempt {
                started_at: now,
                duration: Duration::ZERO,
                url: webhook.url.clone(),
                address: None,
                signatures: None,
                answer: Answer::Failure(failure),
            },
            after: After::Exhausted { disable: None },
            warning: None,
            notices: false,
        };
        let mut statements = Statements::prepare(self.connection)?;
        self.settle(&mut statements, &settlement, &mut Settled::default())
    }

    /// When the first unclaimed delivery of a webhook is due.
    fn next_due(&self, webhook: i64) -> Result<Option<Timestamp>> {
        let most = signed(1 + self.claims.at_most(webhook) as u64);
        let mut query = self.connection.prepare_cached(NEXT_DUE).map_err(explain)?;
        let mut rows = query.query(params![webhook, most]).map_err(explain)?;
        while let Some(row) = rows.next().map_err(explain)? {
            let sequence: u64 = count(row, "seq").map_err(explain)?;
            if self.claims.hold((webhook, sequence)).is_none() {
                return maybe_time(row, "due_at").map_err(explain);
            }
        }
        Ok(None)
    }

    /// Steps from webhook to webhook through the index of what is due; reads no other delivery.
    fn due(&mut self, after: Option<WebhookId>, limit: usize) -> Result<Vec<Due>> {
        let mut waiting: HashMap<WebhookId, i64> = HashMap::new();
        let mut last = -1;
        let step = "SELECT webhook FROM delivery
                    WHERE state = 0 AND due_at IS NOT NULL AND webhook > ?1
                    ORDER BY webhook LIMIT 1";
        let mut step = self.connection.prepare_cached(step).map_err(explain)?;
        while let Some(num) =
            step.query_row([last], |row| row.get::<_, i64>(0)).optional().map_err(explain)?
        {
            last = num;
            let Some(hook) = hook_by_number(self.connection, num)? else { continue };
            let webhook = hook.destination.webhook;
            if webhook.enabled && after.is_none_or(|after| webhook.id > after) {
                waiting.insert(webhook.id, num);
            }
        }
        let mut waiting: Vec<_> = waiting.into_iter().collect();
        waiting.sort_unstable();
        let mut due = Vec::new();
        for (webhook, num) in waiting {
            if due.len() == limit {
                break;
            }
            if let Some(at) = self.next_due(num)? {
                due.push(Due { webhook, at });
            }
        }
        Ok(due)
    }
}

fn claimed(row: &Row<'_>, hook: &Hook, sequence: u64) -> rusqlite::Result<Claimed> {
    let webhook = &hook.destination.webhook;
    Ok(Claimed {
        key: DeliveryKey {
            environment: webhook.environment,
            sequence,
            webhook: webhook.id,
            delivery: DeliveryId(object_id(row, "id")?),
            lease: Lease::default(),
        },
        event: EventId(object_id(row, "event")?),
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
        attempts: count(row, "attempts")?,
        restarted: count(row, "restarted")?,
        first_attempt_at: maybe_time(row, "started_at")?,
        due_at: time(row, "due_at")?,
    })
}
