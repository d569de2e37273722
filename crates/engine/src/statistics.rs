//! Statistics of a webhook, or of all webhooks of an environment: how they do, over time.

use herald_domain::{
    account::EnvironmentId,
    id::WebhookId,
    problem::Problem,
    statistics::{AttemptTally, hour_of},
    time::Timestamp,
};
use herald_store::{HourTally, TimeRange};

use crate::{Engine, Result};

/// An hour, milliseconds.
const HOUR: i64 = 3_600_000;

/// Most points of one answer.
const MOST_POINTS: i64 = 1_000;

/// Which statistics are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatisticsQuery {
    /// From the hour of this time; by default, a day before `to`.
    pub from: Option<Timestamp>,
    /// Up to this time, which is excluded; by default, now.
    pub to: Option<Timestamp>,
    /// Whether points are days (UTC) instead of hours.
    pub by_day: bool,
}

/// How deliveries went.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryStatistics {
    /// When the first point begins.
    pub from: Timestamp,
    /// When the last point ends.
    pub to: Timestamp,
    /// All points together.
    pub total: AttemptTally,
    /// One for each hour or day, without gaps, oldest first.
    pub points: Vec<HourTally>,
}

impl Engine {
    /// How a webhook did between two times.
    pub async fn webhook_statistics(
        &self,
        environment: EnvironmentId,
        id: WebhookId,
        query: StatisticsQuery,
    ) -> Result<DeliveryStatistics> {
        self.webhook(environment, id).await?;
        self.statistics(environment, Some(id), query).await
    }

    /// How all webhooks of an environment did between two times.
    pub async fn environment_statistics(
        &self,
        environment: EnvironmentId,
        query: StatisticsQuery,
    ) -> Result<DeliveryStatistics> {
        self.statistics(environment, None, query).await
    }

    async fn statistics(
        &self,
        environment: EnvironmentId,
        webhook: Option<WebhookId>,
        query: StatisticsQuery,
    ) -> Result<DeliveryStatistics> {
        let step = if query.by_day { 24 * HOUR } else { HOUR };
        let floor = |at: Timestamp| at.millis().div_euclid(step) * step;
        // What ends is excluded, so that now is not.
        let to = query.to.map_or_else(|| self.clock.now().millis() + 1, Timestamp::millis);
        let from = query.from.map_or(to.saturating_sub(24 * HOUR), Timestamp::millis);
        if from >= to {
            return Err(Problem::invalid("from", "'from' should be earlier than 'to'").into());
        }
        let first = floor(Timestamp::from_millis(from));
        let count = (to - first).div_euclid(step) + i64::from((to - first).rem_euclid(step) > 0);
        if count > MOST_POINTS {
            let message = format!(
                "'from' and 'to' should be at most {MOST_POINTS} points apart; ask for days instead \
                 of hours, or for less"
            );
            return Err(Problem::invalid("from", message).into());
        }
        let point = |number| Timestamp::from_millis(first + number * step);
        let mut points: Vec<HourTally> = (0..count)
            .map(|number| HourTally { hour: point(number), tally: AttemptTally::default() })
            .collect();
        let hours = TimeRange {
            after: Some(Timestamp::from_millis(first - 1)),
            before: Some(point(count)),
        };
        let mut total = AttemptTally::default();
        for HourTally { hour, tally } in self.store.statistics(environment, webhook, hours).await? {
            total.add(&tally);
            let place = usize::try_from((hour_of(hour).millis() - first).div_euclid(step)).ok();
            if let Some(point) = place.and_then(|place| points.get_mut(place)) {
                point.tally.add(&tally);
            }
        }
        Ok(DeliveryStatistics { from: point(0), to: point(count), total, points })
    }
}
