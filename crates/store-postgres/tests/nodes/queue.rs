//! What is due, among several nodes.

use std::{collections::HashSet, sync::Arc};

use herald_domain::{id::WebhookId, time::Timestamp};
use herald_store::{
    Queue as _,
    contract::fixtures::{Scene, together},
};
use herald_store_postgres::PostgresStore;

use crate::support::{LONG, Nodes};

const ROWS: usize = 100_000;
const WEBHOOKS: usize = 20;

/// When everything is due.
const DUE: i64 = 1_700_000_000_000;

/// Fills the queue, by SQL: it is about who gets what, not about how it came there.
async fn fill(nodes: &Nodes, scene: &Scene<Nodes>) -> Vec<WebhookId> {
    let mut webhooks = Vec::new();
    for _ in 0..WEBHOOKS {
        webhooks.push(scene.webhook(&["*"]).await.id);
    }
    nodes
        .run(&format!(
            "INSERT INTO event (env, seq, id, type, resource, created_at, body)
             SELECT w.env, n, decode(lpad(to_hex(n), 24, '0'), 'hex'), 'client.created', 'client',
                 {DUE}, 'body'
             FROM (SELECT min(env) AS env FROM webhook) AS w,
                 generate_series(1, {ROWS} / {WEBHOOKS}) AS n;
             INSERT INTO delivery (env, seq, webhook, id, type, state, attempts, due_at, created_at,
                 updated_at)
             SELECT e.env, e.seq, w.num,
                 decode(lpad(to_hex(e.seq), 16, '0') || lpad(to_hex(w.num), 8, '0'), 'hex'),
                 e.type, 0, 0, {DUE}, {DUE}, {DUE}
             FROM event AS e JOIN webhook AS w ON w.env = e.env;
             ANALYZE"
        ))
        .await;
    webhooks
}

/// Claims of these webhooks until nothing is left, some at a time.
async fn claim_all(store: Arc<PostgresStore>, webhooks: Vec<WebhookId>) -> Vec<(u64, WebhookId)> {
    let mut claimed = Vec::new();
    for webhook in webhooks {
        loop {
            let claim = store.claim(webhook, Timestamp::from_millis(DUE), 500).await;
            let deliveries = claim.expect("a claim").deliveries;
            if deliveries.is_empty() {
                break;
            }
            claimed.extend(deliveries.iter().map(|one| (one.key.sequence, one.key.webhook)));
        }
    }
    claimed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_each_delivery_is_claimed_by_one_once_for_each_lease() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhooks = fill(&nodes, &scene).await;
    let second = Arc::new(nodes.node(LONG).await);
    let backwards: Vec<_> = webhooks.iter().rev().copied().collect();
    let claims = together([
        claim_all(scene.store.clone(), webhooks.clone()),
        claim_all(second.clone(), webhooks.clone()),
        claim_all(second.clone(), backwards),
    ]);
    let claims = claims.await;
    assert!(claims.iter().all(|claimed| !claimed.is_empty()), "every claimer got something");
    let all: Vec<_> = claims.concat();
    assert_eq!(all.len(), ROWS);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), ROWS, "nothing was claimed twice");

    nodes.end_leases().await;
    let third = Arc::new(nodes.node(LONG).await);
    assert_eq!(claim_all(third.clone(), webhooks.clone()).await.len(), ROWS, "once more");
    assert_eq!(claim_all(third, webhooks).await.len(), 0, "and no more than once");
}
