//! Claims on PostgreSQL among very many deliveries: most have ended, some wait for a retry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use herald_domain::{
    account::{Account, EnvironmentId, Mode},
    id::{AccountId, IdSequence, WebhookId},
    time::Timestamp,
    webhook::{SealedSecret, Subscription, Webhook},
};
use herald_store::{Accounts as _, NewAccount, Queue as _, Webhooks as _};
use herald_store_postgres::{Options, PostgresStore};

use super::{Row, names};
use crate::{bench::Bench, measure::Latencies, postgres::Postgres};

/// Webhooks that the deliveries are to.
const WEBHOOKS: usize = 1_000;

/// Deliveries of a claim, as many as a lane begins with.
const LIMIT: usize = 32;

/// Claimers at once, as a busy node has.
const CLAIMERS: usize = 4;

/// When everything that waits is due.
const DUE: i64 = 1_700_000_000_000;

pub(super) async fn run(bench: &Bench) -> Result<Vec<Row>> {
    let postgres = Postgres::start(bench).await?;
    let options = Options { lease: Duration::from_secs(3_600), ..Options::new(postgres.url()) };
    let store = Arc::new(PostgresStore::open(options, Arc::new(IdSequence::new([1; 5]))).await?);
    let webhooks = webhooks(&store).await?;
    let began = Instant::now();
    fill(bench, &postgres).await?;
    let filled = began.elapsed();
    let (latencies, claimed) = claim(bench, &store, &webhooks).await?;
    let remark = format!(
        "{} finished and {} pending deliveries to {WEBHOOKS} webhooks, written in {:.0} s; \
         {claimed} deliveries claimed, {LIMIT} at a time, by {CLAIMERS} at once",
        bench.finished,
        bench.pending,
        filled.as_secs_f64()
    );
    let latency = Some(latencies.quantiles());
    Ok(vec![Row { latency, remarks: vec![remark], ..Row::new(names::CLAIMS, bench) }])
}

async fn webhooks(store: &PostgresStore) -> Result<Vec<WebhookId>> {
    let (ids, at) = (IdSequence::new([2; 5]), Timestamp::from_millis(DUE));
    let id = AccountId(ids.next(at));
    let account = Account { id, name: "benchmark".to_owned(), created_at: at };
    store.create_account(NewAccount { account, keys: Vec::new() }).await?;
    let mut webhooks = Vec::with_capacity(WEBHOOKS);
    for _ in 0..WEBHOOKS {
        let id_of_webhook = WebhookId(ids.next(at));
        let webhook = Webhook {
            id: id_of_webhook,
            environment: EnvironmentId { account: id, mode: Mode::Test },
            description: None,
            url: "https://example.com/".to_owned(),
            enabled: true,
            events: Subscription::from_stored(vec!["*".to_owned()]),
            secret: SealedSecret(vec![0]),
            rotation: None,
            disabled: None,
            failing: None,
            created_at: at,
            updated_at: at,
        };
        store.create_webhook(webhook, u32::MAX).await?;
        webhooks.push(id_of_webhook);
    }
    Ok(webhooks)
}

/// By SQL: it is about what claims cost then. Each event has one delivery; every so many is pending.
async fn fill(bench: &Bench, postgres: &Postgres) -> Result<()> {
    let all = bench.finished + bench.pending;
    let every = all.div_ceil(bench.pending.max(1));
    let client = postgres.database().connect().await;
    for begin in (0..all).step_by(500_000) {
        let end = (begin + 500_000).min(all);
        let sql = format!(
            "WITH made AS (
                 INSERT INTO event (env, seq, id, type, resource, created_at, body)
                 SELECT w.env, n, decode(lpad(to_hex(n), 24, '0'), 'hex'), 'client.created',
                     'client', {DUE}, convert_to(repeat('x', 200), 'UTF8')
                 FROM (SELECT min(env) AS env FROM webhook) AS w,
                     generate_series({begin} + 1, {end}) AS n
                 RETURNING env, seq, id, type)
             INSERT INTO delivery (env, seq, webhook, id, type, state, attempts, due_at, created_at,
                 updated_at)
             SELECT env, seq, seq % {WEBHOOKS} + (SELECT min(num) FROM webhook), id, type,
                 CASE WHEN (seq / {WEBHOOKS}) % {every} = 0 THEN 0 ELSE 1 END, 1,
                 CASE WHEN (seq / {WEBHOOKS}) % {every} = 0 THEN {DUE} - seq % 1000 END, {DUE}, {DUE}
             FROM made"
        );
        client.batch_execute(&sql).await?;
    }
    // Each for itself: several in one call would be one transaction, where there is no vacuum.
    for tidying in ["VACUUM ANALYZE event", "VACUUM ANALYZE delivery", "CHECKPOINT"] {
        client.batch_execute(tidying).await?;
    }
    Ok(())
}

/// Claims for the planned time; what was claimed stays so.
async fn claim(
    bench: &Bench,
    store: &Arc<PostgresStore>,
    webhooks: &[WebhookId],
) -> Result<(Latencies, usize)> {
    let mut claimers = tokio::task::JoinSet::new();
    for claimer in 0..CLAIMERS {
        let (store, end) = (store.clone(), Instant::now() + bench.plan.whole());
        let webhooks: Vec<_> = webhooks
            .iter()
            .copied()
            .skip(claimer)
            .step_by(CLAIMERS)
            .cycle()
            .take(1 << 20)
            .collect();
        claimers.spawn(async move {
            let (mut times, mut claimed) = (Vec::new(), 0);
            for webhook in webhooks {
                if Instant::now() > end {
                    break;
                }
                let began = Instant::now();
                let claim = store.claim(webhook, Timestamp::from_millis(DUE), LIMIT).await?;
                times.push(began.elapsed());
                claimed += claim.deliveries.len();
            }
            anyhow::Ok((times, claimed))
        });
    }
    let (mut latencies, mut claimed) = (Latencies::new()?, 0);
    while let Some(done) = claimers.join_next().await {
        let (times, count) = done??;
        for time in times {
            latencies.note(time);
        }
        claimed += count;
    }
    Ok((latencies, claimed))
}
