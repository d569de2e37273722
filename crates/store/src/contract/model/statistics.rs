//! The model's statistics.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId, id::WebhookId, statistics::AttemptTally, time::Timestamp,
};

use super::Model;
use crate::{HourTally, Result, Statistics, TimeRange};

#[async_trait]
impl Statistics for Model {
    async fn statistics(
        &self,
        environment: EnvironmentId,
        webhook: WebhookId,
        hours: TimeRange,
    ) -> Result<Vec<HourTally>> {
        let data = self.data();
        let mut rows = data.webhooks.iter().map(|row| &row.webhook);
        if !rows.any(|row| row.id == webhook && row.environment == environment) {
            return Ok(Vec::new());
        }
        let mut found: Vec<HourTally> = Vec::new();
        for ((of, hour, class), (attempts, successes)) in &data.attempts {
            if *of != webhook || !hours.contains(*hour) {
                continue;
            }
            if found.last().is_none_or(|last| last.hour != *hour) {
                found.push(HourTally { hour: *hour, tally: AttemptTally::default() });
            }
            if let Some(HourTally { tally, .. }) = found.last_mut() {
                tally.by_duration[*class] = *attempts;
                tally.successes += successes;
            }
        }
        Ok(found)
    }

    async fn expire_statistics(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut data = self.data();
        let old = data.attempts.keys().filter(|(_, hour, _)| *hour < before);
        let expiring: Vec<_> = old.take(limit).copied().collect();
        for key in &expiring {
            data.attempts.remove(key);
        }
        Ok(expiring.len())
    }
}
