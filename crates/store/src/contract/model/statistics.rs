//! The model's statistics.

use std::collections::{BTreeMap, BTreeSet};

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
        webhook: Option<WebhookId>,
        hours: TimeRange,
    ) -> Result<Vec<HourTally>> {
        let data = self.data();
        let rows = data.webhooks.iter().map(|row| &row.webhook);
        let asked = rows.filter(|row| row.environment == environment);
        let asked = asked.filter(|row| webhook.is_none_or(|webhook| webhook == row.id));
        let asked: BTreeSet<WebhookId> = asked.map(|row| row.id).collect();
        let mut found: BTreeMap<Timestamp, AttemptTally> = BTreeMap::new();
        for ((of, hour, class), (attempts, successes)) in &data.attempts {
            if asked.contains(of) && hours.contains(*hour) {
                let tally = found.entry(*hour).or_default();
                tally.by_duration[*class] += *attempts;
                tally.successes += successes;
            }
        }
        Ok(found.into_iter().map(|(hour, tally)| HourTally { hour, tally }).collect())
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
