//! Statistics of attempts: read from their counts, which `tally` keeps.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    statistics::{AttemptTally, CLASSES},
    time::Timestamp,
};
use herald_store::{HourTally, Result, Statistics, StoreError, TimeRange};
use rusqlite::{Connection, params};

use crate::{
    SqliteStore,
    codec::{count, signed, time},
    failure::explain,
    registry::known_env,
};

#[async_trait]
impl Statistics for SqliteStore {
    async fn statistics(
        &self,
        environment: EnvironmentId,
        webhook: Option<WebhookId>,
        hours: TimeRange,
    ) -> Result<Vec<HourTally>> {
        self.readers
            .read(move |connection| match known_env(connection, environment)? {
                Some(env) => read(connection, env, webhook, hours),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn expire_statistics(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let sql = "DELETE FROM attempt_tally WHERE (webhook, hour, class) IN
                       (SELECT webhook, hour, class FROM attempt_tally WHERE hour < ?1 LIMIT ?2)";
        self.writer
            .write(move |session| {
                let limit = signed(limit as u64);
                session.connection.execute(sql, params![before.millis(), limit]).map_err(explain)
            })
            .await
    }
}

fn read(
    connection: &Connection,
    env: i64,
    webhook: Option<WebhookId>,
    hours: TimeRange,
) -> Result<Vec<HourTally>> {
    let sql = match webhook {
        Some(_) => {
            "SELECT hour, class, attempts, successes FROM attempt_tally
             WHERE webhook = (SELECT num FROM webhook WHERE env = ?1 AND id = ?2)
                 AND hour > ?3 AND hour < ?4
             ORDER BY hour"
        }
        // Each webhook has its books, those that were deleted too.
        None => {
            "SELECT hour, class, sum(attempts) AS attempts, sum(successes) AS successes
             FROM attempt_tally
             WHERE webhook IN (SELECT webhook FROM tally WHERE env = ?1 AND ?2 IS NULL)
                 AND hour > ?3 AND hour < ?4
             GROUP BY hour, class ORDER BY hour"
        }
    };
    let webhook = webhook.as_ref().map(WebhookId::as_bytes);
    let after = hours.after.map_or(i64::MIN, Timestamp::millis);
    let before = hours.before.map_or(i64::MAX, Timestamp::millis);
    let mut query = connection.prepare_cached(sql).map_err(explain)?;
    let mut rows = query.query(params![env, webhook, after, before]).map_err(explain)?;
    let mut found: Vec<HourTally> = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        let hour = time(row, "hour").map_err(explain)?;
        if found.last().is_none_or(|last| last.hour != hour) {
            found.push(HourTally { hour, tally: AttemptTally::default() });
        }
        let class: usize = count(row, "class").map_err(explain)?;
        if class >= CLASSES {
            return Err(StoreError::Corrupt(format!("class {class} of an hour's attempts")));
        }
        if let Some(HourTally { tally, .. }) = found.last_mut() {
            tally.by_duration[class] = count(row, "attempts").map_err(explain)?;
            tally.successes += count::<u64>(row, "successes").map_err(explain)?;
        }
    }
    Ok(found)
}
