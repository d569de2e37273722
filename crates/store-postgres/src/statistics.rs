//! Statistics of attempts: read from their counts, which `tally` keeps.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    statistics::{AttemptTally, CLASSES},
    time::Timestamp,
};
use herald_store::{HourTally, Result, Statistics, TimeRange};
use tokio_postgres::Row;

use crate::{
    PostgresStore,
    codec::{code, count, limit as at_most, time},
    conditions::Conditions,
    failure::{Failed, Outcome},
    transaction::Tx,
};

#[async_trait]
impl Statistics for PostgresStore {
    async fn statistics(
        &self,
        environment: EnvironmentId,
        webhook: Option<WebhookId>,
        hours: TimeRange,
    ) -> Result<Vec<HourTally>> {
        self.look_up(self.shared.clone(), move |tx, shared| async move {
            match shared.registry.env(&tx, environment).await? {
                Some(env) => read(&tx, env, webhook, hours).await,
                None => Ok(Vec::new()),
            }
        })
        .await
    }

    async fn expire_statistics(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write((), move |tx, _| async move {
            let sql = "DELETE FROM attempt_tally WHERE ctid = ANY (ARRAY
                           (SELECT ctid FROM attempt_tally WHERE hour < $1
                            LIMIT $2 FOR UPDATE SKIP LOCKED))";
            let gone = tx.execute(sql, &[&before.millis(), &at_most(limit)]).await?;
            Ok(usize::try_from(gone).unwrap_or(usize::MAX))
        })
        .await
    }
}

async fn read(
    tx: &Tx,
    env: i64,
    webhook: Option<WebhookId>,
    hours: TimeRange,
) -> Outcome<Vec<HourTally>> {
    let mut conditions = Conditions::default();
    conditions.add("env = ?", env);
    if let Some(id) = webhook {
        let one = "webhook = (SELECT num FROM webhook AS w WHERE w.env = $1 AND w.id = ?)";
        conditions.add(one, id.as_bytes().to_vec());
    }
    conditions.within(hours, "hour");
    let sql = format!(
        "SELECT hour, class, sum(attempts)::bigint AS attempts, sum(successes)::bigint AS successes
         FROM attempt_tally{} GROUP BY hour, class ORDER BY hour",
        conditions.clause()
    );
    by_hour(&tx.query(&sql, &conditions.values()).await?)
}

/// Rows in the order of their hours.
fn by_hour(rows: &[Row]) -> Outcome<Vec<HourTally>> {
    let mut found: Vec<HourTally> = Vec::new();
    for row in rows {
        let hour = time(row, "hour")?;
        if found.last().is_none_or(|last| last.hour != hour) {
            found.push(HourTally { hour, tally: AttemptTally::default() });
        }
        let class = usize::from(code(row, "class")?);
        if class >= CLASSES {
            return Err(Failed::corrupt(format!("class {class} of an hour's attempts")));
        }
        if let Some(HourTally { tally, .. }) = found.last_mut() {
            tally.by_duration[class] = count(row, "attempts")?;
            tally.successes += count::<u64>(row, "successes")?;
        }
    }
    Ok(found)
}
