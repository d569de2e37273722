//! The model's notices, and what makes a webhook fail.

use async_trait::async_trait;
use herald_domain::{
    delivery::DeliveryState,
    id::EventId,
    notice::{Happened, Notice, Warning},
    time::Timestamp,
    webhook::{Failing, Webhook},
};

use super::{Data, Model, WebhookRow};
use crate::{NoticeTaken, Notices, Record, Recorded, Result, Settlement};

/// The delivery that makes a webhook fail, once noted, whether or not it still does.
#[derive(Debug)]
pub(super) struct Mark {
    sequence: u64,
    /// Attempts that it had then.
    attempts: u32,
    since: Timestamp,
    warning: Warning,
}

#[async_trait]
impl Notices for Model {
    async fn waiting_notices(&self, limit: usize) -> Result<Vec<Notice>> {
        Ok(self.data().notices.iter().take(limit).cloned().collect())
    }

    async fn take_notice(&self, id: EventId, record: Option<Record>) -> Result<NoticeTaken> {
        let mut data = self.data();
        if !data.notices.iter().any(|notice| notice.id == id) {
            return Ok(NoticeTaken::Gone);
        }
        let taken = match record {
            None => NoticeTaken::Dropped,
            Some(record) => match data.record(record)? {
                recorded @ Recorded::Accepted { .. } => NoticeTaken::Recorded(recorded),
                refused => return Ok(NoticeTaken::Refused(refused)),
            },
        };
        data.notices.retain(|notice| notice.id != id);
        Ok(taken)
    }
}

impl Data {
    /// The webhook as people are shown it.
    pub(super) fn shown(&self, row: &WebhookRow) -> Webhook {
        let mark = self.mark_of(row).filter(|_| row.webhook.enabled);
        let failing = mark.map(|mark| Failing {
            delivery: self.deliveries[&(mark.sequence, row.webhook.id)].id,
            since: mark.since,
            attempts_left: mark.warning.attempts_left,
            last_attempt_at: mark.warning.last_attempt_at,
        });
        Webhook { failing, ..row.webhook.clone() }
    }

    /// What makes a webhook fail, if it still does.
    fn mark_of<'a>(&self, row: &'a WebhookRow) -> Option<&'a Mark> {
        let mark = row.mark.as_ref()?;
        let delivery = self.deliveries.get(&(mark.sequence, row.webhook.id))?;
        let is_spared = mark
            .warning
            .spared_from
            .is_some_and(|from| row.succeeded_at.is_some_and(|at| at >= from));
        let holds = delivery.state == DeliveryState::Pending
            && delivery.restarted < mark.attempts
            && !is_spared;
        holds.then_some(mark)
    }

    /// Whether there is a warning of which nobody was told lately.
    pub(super) fn warn(&mut self, settlement: &Settlement) -> bool {
        let Settlement { key, number, attempt, warning: Some(warning), .. } = settlement else {
            return false;
        };
        let Some(row) = self.webhook(key.webhook).filter(|row| row.webhook.enabled) else {
            return false;
        };
        let at = attempt.ended_at();
        let before = self.mark_of(row);
        let counts = before.is_none_or(|mark| {
            mark.sequence == key.sequence || warning.last_attempt_at < mark.warning.last_attempt_at
        });
        let since = before.map_or(at, |mark| mark.since);
        let told = row.warned_at.is_some_and(|told| warning.is_quiet(told, at));
        if let Some(row) = self.webhook_mut(key.webhook) {
            if counts {
                let (sequence, attempts, warning) = (key.sequence, *number, *warning);
                row.mark = Some(Mark { sequence, attempts, since, warning });
            }
            if !told {
                row.warned_at = Some(at);
            }
        }
        if !told {
            let Warning { attempts_left, last_attempt_at, .. } = *warning;
            self.note(settlement, Happened::Failing { attempts_left, last_attempt_at });
        }
        !told
    }

    /// Notes what happened to the webhook of a settlement, if that is to be told.
    pub(super) fn note(&mut self, settlement: &Settlement, what: Happened) {
        let Settlement { key, number, attempt, notices: true, .. } = settlement else { return };
        let Some(row) = self.webhook(key.webhook) else { return };
        let event = &self.events[&key.sequence].event;
        let notice = Notice {
            id: EventId(self.ids.next(attempt.ended_at())),
            what,
            at: attempt.ended_at(),
            environment: row.webhook.environment,
            webhook: row.webhook.id,
            url: row.webhook.url.clone(),
            description: row.webhook.description.clone(),
            delivery: self.deliveries[&(key.sequence, key.webhook)].id,
            event: event.id,
            event_type: event.event_type.clone(),
            attempts: *number,
            last_status: attempt.answer.status(),
            last_error: attempt.answer.error_class(),
        };
        self.notices.push(notice);
    }
}
