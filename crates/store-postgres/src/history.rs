//! What people ask; `lists` has the lists.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    id::{DeliveryId, EventId, WebhookId},
};
use herald_store::{
    Books, DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, History, Listed,
    NumberedAttempt, Page, Result,
};
use tokio_postgres::Row;

use crate::{
    PostgresStore,
    codec::{self, count, object_id, small},
    failure::Outcome,
    lists::{self, EVENTS},
    transaction::Tx,
};

#[async_trait]
impl History for PostgresStore {
    async fn event(&self, environment: EnvironmentId, id: EventId) -> Result<Option<Event>> {
        self.look_up((self.shared.clone(), environment, id), |tx, given| async move {
            let (shared, environment, id) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else { return Ok(None) };
            let sql = format!("{EVENTS} WHERE e.env = $1 AND e.id = $2");
            let row = tx.query_opt(&sql, &[&env, &&id.as_bytes()[..]]).await?;
            row.as_ref().map(lists::event).transpose()
        })
        .await
    }

    async fn test_event_for(
        &self,
        environment: EnvironmentId,
        id: EventId,
    ) -> Result<Option<WebhookId>> {
        self.look_up((self.shared.clone(), environment, id), |tx, given| async move {
            let (shared, environment, id) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else { return Ok(None) };
            let sql = "SELECT test_for FROM event
                       WHERE env = $1 AND id = $2 AND test_for IS NOT NULL";
            let row = tx.query_opt(sql, &[&env, &&id.as_bytes()[..]]).await?;
            row.map(|row| Ok(WebhookId(object_id(&row, "test_for")?))).transpose()
        })
        .await
    }

    async fn list_events(
        &self,
        environment: EnvironmentId,
        filter: EventFilter,
        page: Page,
    ) -> Result<Listed<Event>> {
        let given = (self.shared.clone(), environment, filter, page);
        self.read(given, |tx, given| async move {
            let (shared, environment, filter, page) = &*given;
            match shared.registry.env(&tx, *environment).await? {
                Some(env) => lists::events(&tx, env, filter, *page).await,
                None => Ok(Listed::empty()),
            }
        })
        .await
    }

    async fn delivery(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Option<DeliveryView>> {
        self.look_up((self.shared.clone(), environment, id), |tx, given| async move {
            let (shared, environment, id) = &*given;
            match shared.registry.env(&tx, *environment).await? {
                Some(env) => lists::view(&tx, env, *id).await,
                None => Ok(None),
            }
        })
        .await
    }

    async fn list_deliveries(
        &self,
        environment: EnvironmentId,
        filter: DeliveryFilter,
        page: Page,
    ) -> Result<Listed<DeliveryView>> {
        let given = (self.shared.clone(), environment, filter, page);
        self.read(given, |tx, given| async move {
            let (shared, environment, filter, page) = &*given;
            match shared.registry.env(&tx, *environment).await? {
                Some(env) => lists::deliveries(&tx, shared, env, (filter, *page)).await,
                None => Ok(Listed::empty()),
            }
        })
        .await
    }

    async fn next_attempts(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        let given = (self.shared.clone(), environment, webhook, limit);
        self.read(given, |tx, given| async move {
            let (shared, environment, webhook, limit) = &*given;
            let env = shared.registry.env(&tx, *environment).await?;
            match shared.registry.webhook(&tx, *webhook).await? {
                Some((of, num)) if Some(of) == env => {
                    lists::next_attempts(&tx, (of, num), *limit).await
                }
                _ => Ok(Vec::new()),
            }
        })
        .await
    }

    async fn delivery_counts(&self, environment: EnvironmentId) -> Result<Vec<DeliveryCounts>> {
        self.look_up((self.shared.clone(), environment), |tx, given| async move {
            let (shared, environment) = &*given;
            match shared.registry.env(&tx, *environment).await? {
                Some(env) => delivery_counts(&tx, env).await,
                None => Ok(Vec::new()),
            }
        })
        .await
    }

    async fn attempts(
        &self,
        environment: EnvironmentId,
        id: DeliveryId,
    ) -> Result<Vec<NumberedAttempt>> {
        self.read((self.shared.clone(), environment, id), |tx, given| async move {
            let (shared, environment, id) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else {
                return Ok(Vec::new());
            };
            let (scheduled, manual) = tokio::try_join!(
                attempts_in(&tx, "attempt", env, *id),
                attempts_in(&tx, "manual_attempt", env, *id),
            )?;
            Ok(NumberedAttempt::merged(scheduled, manual))
        })
        .await
    }

    async fn books(&self, environment: Option<EnvironmentId>) -> Result<Books> {
        self.look_up((self.shared.clone(), environment), |tx, given| async move {
            let (shared, environment) = &*given;
            let env = match environment {
                None => None,
                Some(id) => match shared.registry.env(&tx, *id).await? {
                    None => return Ok(Books::default()),
                    known => known,
                },
            };
            books(&tx, env).await
        })
        .await
    }
}

/// A webhook to which nothing was ever to be delivered is not in the books.
async fn delivery_counts(tx: &Tx, env: i64) -> Outcome<Vec<DeliveryCounts>> {
    let sql = "SELECT w.id, coalesce(sum(t.pending), 0)::bigint AS pending,
                   coalesce(sum(t.delivered - t.removed_delivered), 0)::bigint AS delivered,
                   coalesce(sum(t.exhausted - t.removed_exhausted), 0)::bigint AS exhausted,
                   coalesce(sum(t.held), 0)::bigint AS held,
                   coalesce(sum(t.cancelled - t.removed_cancelled), 0)::bigint AS cancelled
               FROM webhook AS w LEFT JOIN tally AS t ON t.env = w.env AND t.webhook = w.num
               WHERE w.env = $1 AND w.deleted_at IS NULL GROUP BY w.id ORDER BY w.id";
    let rows = tx.query(sql, &[&env]).await?;
    rows.iter().map(counts).collect()
}

fn counts(row: &Row) -> Outcome<DeliveryCounts> {
    let mut found = [0; DeliveryState::ALL.len()];
    for state in DeliveryState::ALL {
        found[state as usize] = count(row, state.as_str())?;
    }
    let webhook = WebhookId(object_id(row, "id")?);
    Ok(DeliveryCounts::of(webhook, |state| found[state as usize]))
}

async fn attempts_in(
    tx: &Tx,
    table: &str,
    env: i64,
    id: DeliveryId,
) -> Outcome<Vec<NumberedAttempt>> {
    let sql = format!(
        "SELECT a.number, a.started_at, a.nanos, a.signed_at, a.status, a.error, a.truncated, a.url,
             a.address, a.signatures, a.detail, a.headers, a.body
         FROM delivery AS d
         JOIN {table} AS a ON a.env = d.env AND a.seq = d.seq AND a.webhook = d.webhook
         WHERE d.env = $1 AND d.id = $2 ORDER BY a.number"
    );
    let manual = table == "manual_attempt";
    let rows = tx.query(&sql, &[&env, &&id.as_bytes()[..]]).await?;
    let numbered = |row: &Row| {
        let (number, attempt) = (small(row, "number")?, codec::attempt(row)?);
        Ok(NumberedAttempt { number, manual, attempt })
    };
    rows.iter().map(numbered).collect()
}

async fn books(tx: &Tx, env: Option<i64>) -> Outcome<Books> {
    let sql = "SELECT coalesce(sum(accepted), 0)::bigint AS accepted,
                   coalesce(sum(pending), 0)::bigint AS pending,
                   coalesce(sum(delivered), 0)::bigint AS delivered,
                   coalesce(sum(exhausted), 0)::bigint AS exhausted,
                   coalesce(sum(held), 0)::bigint AS held,
                   coalesce(sum(cancelled), 0)::bigint AS cancelled
               FROM tally WHERE $1::bigint IS NULL OR env = $1";
    let row = tx.query_one(sql, &[&env]).await?;
    Ok(Books {
        accepted: count(&row, "accepted")?,
        pending: count(&row, "pending")?,
        delivered: count(&row, "delivered")?,
        exhausted: count(&row, "exhausted")?,
        held: count(&row, "held")?,
        cancelled: count(&row, "cancelled")?,
    })
}
