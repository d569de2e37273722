//! What the operator is to be told of webhooks, and that a webhook is close to being disabled.

use async_trait::async_trait;
use herald_domain::{
    attempt::ErrorClass,
    id::{AccountId, DeliveryId, EventId, WebhookId},
    notice::{Happened, Notice, Warning},
    time::Timestamp,
    webhook::{Failing, Webhook},
};
use herald_store::{NoticeTaken, Notices, Record, Recorded, Result, Settlement};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    SqliteStore,
    codec::{count, environment, maybe_time, object_id, signed, time},
    failure::explain,
    settling,
    writer::Session,
};

#[async_trait]
impl Notices for SqliteStore {
    async fn waiting_notices(&self, limit: usize) -> Result<Vec<Notice>> {
        self.readers.read(move |connection| waiting(connection, limit).map_err(explain)).await
    }

    async fn take_notice(&self, id: EventId, record: Option<Record>) -> Result<NoticeTaken> {
        self.writer.write(move |session| session.take_notice(id, record.as_ref())).await
    }
}

/// That the delivery `d` still makes its webhook `w` fail, whose last success is that of `t`.
macro_rules! holds {
    ($succeeded_at:literal) => {
        concat!(
            "d.state = 0 AND d.restarted < w.failing_attempts AND coalesce(",
            $succeeded_at,
            " < w.failing_spared_from, 1)"
        )
    };
}

/// Webhooks as people are shown them: with the delivery that makes them fail, if there is one.
pub(crate) const SHOWN: &str = concat!(
    "SELECT w.*, d.id AS failing_delivery
     FROM webhook AS w JOIN tally AS t ON t.webhook = w.num
     LEFT JOIN delivery AS d ON w.enabled AND d.env = w.env AND d.seq = w.failing_seq
         AND d.webhook = w.num AND ",
    holds!("t.succeeded_at")
);

/// What [`SHOWN`] tells of a webhook that fails.
pub(crate) fn failing(row: &Row<'_>) -> rusqlite::Result<Option<Failing>> {
    let delivery: Option<[u8; 12]> = row.get("failing_delivery")?;
    let Some(delivery) = delivery else { return Ok(None) };
    Ok(Some(Failing {
        delivery: DeliveryId::from_bytes(delivery),
        since: time(row, "failing_since")?,
        attempts_left: count(row, "failing_left")?,
        last_attempt_at: time(row, "failing_last_at")?,
    }))
}

/// A webhook of which it is warned, and what was said before.
struct Warned {
    url: String,
    description: Option<String>,
    told_at: Option<Timestamp>,
    /// By which event's number, since when, and until when it fails; only if it still does.
    failing: Option<(i64, Timestamp, Timestamp)>,
}

const WARNED: &str = concat!(
    "SELECT w.*, ",
    holds!("coalesce(max(t.succeeded_at, ?2), ?2, t.succeeded_at)"),
    " AS still
     FROM webhook AS w JOIN tally AS t ON t.webhook = w.num
     LEFT JOIN delivery AS d ON d.env = w.env AND d.seq = w.failing_seq AND d.webhook = w.num
     WHERE w.num = ?1 AND w.enabled AND w.deleted_at IS NULL"
);

impl Session<'_> {
    /// Notes that a webhook is close to being disabled. Answers whether nobody was told lately.
    pub(crate) fn warn(
        &mut self,
        row: settling::Row,
        settlement: &Settlement,
        warning: &Warning,
    ) -> Result<bool> {
        let (_, sequence, webhook) = row;
        let Some(warned) = self.warned(webhook).map_err(explain)? else { return Ok(false) };
        let at = settlement.attempt.ended_at();
        let comes_first = |(of, _, last_at): (i64, Timestamp, Timestamp)| {
            of == sequence || warning.last_attempt_at < last_at
        };
        if warned.failing.is_none_or(comes_first) {
            let sql =
                "UPDATE webhook SET failing_seq = ?2, failing_since = ?3, failing_attempts = ?4,
                           failing_left = ?5, failing_last_at = ?6, failing_spared_from = ?7
                       WHERE num = ?1";
            let since = warned.failing.map_or(at, |(_, since, _)| since);
            let columns = params![
                webhook,
                sequence,
                since.millis(),
                settlement.number,
                warning.attempts_left,
                warning.last_attempt_at.millis(),
                warning.spared_from.map(Timestamp::millis),
            ];
            self.execute(sql, columns)?;
        }
        if warned.told_at.is_some_and(|told| warning.is_quiet(told, at)) {
            return Ok(false);
        }
        self.execute("UPDATE webhook SET warned_at = ?2 WHERE num = ?1", [webhook, at.millis()])?;
        if settlement.notices {
            let what = Happened::Failing {
                attempts_left: warning.attempts_left,
                last_attempt_at: warning.last_attempt_at,
            };
            self.note(row, settlement, (&warned.url, warned.description.as_deref()), &what)?;
        }
        Ok(true)
    }

    /// Has the operator told of a webhook that was disabled, if so it was decided.
    pub(crate) fn note_disabled(
        &mut self,
        row: settling::Row,
        settlement: &Settlement,
        webhook: &Webhook,
    ) -> Result<()> {
        let Some(disabled) = webhook.disabled.as_ref().filter(|_| settlement.notices) else {
            return Ok(());
        };
        let what = Happened::Disabled { reason: disabled.reason.clone() };
        self.note(row, settlement, (&webhook.url, webhook.description.as_deref()), &what)
    }

    fn warned(&self, webhook: i64) -> rusqlite::Result<Option<Warned>> {
        let read = |row: &Row<'_>| {
            let still: Option<bool> = row.get("still")?;
            let failing = match still {
                Some(true) => Some((
                    row.get("failing_seq")?,
                    time(row, "failing_since")?,
                    time(row, "failing_last_at")?,
                )),
                _ => None,
            };
            Ok(Warned {
                url: row.get("url")?,
                description: row.get("description")?,
                told_at: maybe_time(row, "warned_at")?,
                failing,
            })
        };
        let succeeded_at = self.tallies.succeeded_at(webhook).map(Timestamp::millis);
        self.connection
            .prepare_cached(WARNED)?
            .query_row(params![webhook, succeeded_at], read)
            .optional()
    }

    fn note(
        &mut self,
        (env, sequence, webhook): settling::Row,
        settlement: &Settlement,
        (url, description): (&str, Option<&str>),
        what: &Happened,
    ) -> Result<()> {
        let sql = "INSERT INTO notice
                       (id, env, webhook, url, description, delivery, event, type, attempts,
                        last_status, last_error, at, attempts_left, last_attempt_at, reason)
                   SELECT ?4, d.env, ?5, ?6, ?7, d.id, e.id, t.name, d.attempts,
                       d.last_status, d.last_error, ?8, ?9, ?10, ?11
                   FROM delivery AS d JOIN event AS e ON e.seq = d.seq
                   JOIN event_type AS t ON t.num = d.type
                   WHERE d.env = ?1 AND d.seq = ?2 AND d.webhook = ?3";
        let at = settlement.attempt.ended_at();
        let id = EventId(self.ids.next(at));
        let (left, last_at, reason) = match what {
            Happened::Failing { attempts_left, last_attempt_at } => {
                (Some(*attempts_left), Some(last_attempt_at.millis()), None)
            }
            Happened::Disabled { reason } => (None, None, Some(reason)),
        };
        let columns = params![
            env,
            sequence,
            webhook,
            id.as_bytes(),
            settlement.key.webhook.as_bytes(),
            url,
            description,
            at.millis(),
            left,
            last_at,
            reason,
        ];
        self.execute(sql, columns)
    }

    fn take_notice(&mut self, id: EventId, record: Option<&Record>) -> Result<NoticeTaken> {
        let sql = "SELECT EXISTS (SELECT 1 FROM notice WHERE id = ?1)";
        let waits: bool = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row([id.as_bytes()], |row| row.get(0)))
            .map_err(explain)?;
        if !waits {
            return Ok(NoticeTaken::Gone);
        }
        let recorded = record.map(|record| self.record(record)).transpose()?;
        let taken = match recorded {
            None => NoticeTaken::Dropped,
            Some(recorded @ Recorded::Accepted { .. }) => NoticeTaken::Recorded(recorded),
            Some(refused) => return Ok(NoticeTaken::Refused(refused)),
        };
        self.execute("DELETE FROM notice WHERE id = ?1", [id.as_bytes()])?;
        Ok(taken)
    }

    fn execute(&self, sql: &str, columns: impl rusqlite::Params) -> Result<()> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(columns))
            .map_err(explain)?;
        Ok(())
    }
}

fn waiting(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Notice>> {
    let sql = "SELECT n.*, a.id AS account
               FROM notice AS n JOIN account AS a ON a.num = n.env / 2 ORDER BY n.num LIMIT ?1";
    let mut query = connection.prepare_cached(sql)?;
    query.query_map([signed(limit as u64)], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let last_error: Option<u8> = row.get("last_error")?;
    let reason: Option<String> = row.get("reason")?;
    Ok(Notice {
        id: EventId(object_id(row, "id")?),
        what: match reason {
            Some(reason) => Happened::Disabled { reason },
            None => Happened::Failing {
                attempts_left: count(row, "attempts_left")?,
                last_attempt_at: time(row, "last_attempt_at")?,
            },
        },
        at: time(row, "at")?,
        environment: environment(AccountId(object_id(row, "account")?), row.get("env")?),
        webhook: WebhookId(object_id(row, "webhook")?),
        url: row.get("url")?,
        description: row.get("description")?,
        delivery: DeliveryId(object_id(row, "delivery")?),
        event: EventId(object_id(row, "event")?),
        event_type: row.get("type")?,
        attempts: count(row, "attempts")?,
        last_status: row.get("last_status")?,
        last_error: last_error.and_then(ErrorClass::from_code),
    })
}
