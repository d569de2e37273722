//! What people configure, changed on several nodes at once.

use std::sync::Arc;

use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, KeptRequest},
    id::{EndpointId, RequestId},
    rotation::SecretChange,
    time::Timestamp,
    webhook::{SealedSecret, Webhook, WebhookPatch},
};
use herald_store::{
    Bounds, Created, Endpoints as _, Page, Upkeep as _, Webhooks as _,
    contract::fixtures::{AMPLE, Scene, together},
};
use herald_store_postgres::PostgresStore;

use crate::support::{LONG, Nodes};

/// How many try at once.
const TRIES: u64 = 24;

/// A day, milliseconds.
const DAY: i64 = 86_400_000;

/// A scene, whose store is the first of two nodes.
async fn two_nodes() -> (Nodes, Scene<Nodes>, [Arc<PostgresStore>; 2]) {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let stores = [scene.store.clone(), Arc::new(nodes.node(LONG).await)];
    (nodes, scene, stores)
}

/// One node after the other, so many times.
fn in_turn(
    stores: &[Arc<PostgresStore>],
    times: u64,
) -> impl Iterator<Item = (u64, Arc<PostgresStore>)> {
    (0..times).zip(stores.iter().cloned().cycle())
}

fn new_endpoint(scene: &Scene<Nodes>) -> Endpoint {
    let (id, created_at) = (EndpointId(scene.id()), scene.tick());
    let mut token_hash = [7; 32];
    token_hash[..12].copy_from_slice(id.as_bytes());
    Endpoint {
        id,
        environment: scene.environment,
        token_hash,
        token: SealedSecret(vec![1]),
        description: None,
        respond_with: 200,
        requests: 0,
        last_number: 0,
        expires_at: Timestamp::from_millis(created_at.millis() + DAY),
        created_at,
    }
}

fn made(outcomes: &[Created]) -> usize {
    outcomes.iter().filter(|outcome| **outcome == Created::Created).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_when_two_nodes_make_things_at_once() {
    let (_nodes, scene, stores) = two_nodes().await;
    let webhooks = together(in_turn(&stores, TRIES).map(|(_, store)| {
        let webhook = scene.new_webhook(&["*"]);
        async move { store.create_webhook(webhook, 7).await.unwrap() }
    }));
    assert_eq!(made(&webhooks.await), 7);
    let endpoints = together(in_turn(&stores, TRIES).map(|(_, store)| {
        let endpoint = new_endpoint(&scene);
        async move { store.create_endpoint(endpoint, 5).await.unwrap() }
    }));
    assert_eq!(made(&endpoints.await), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_nodes_change_of_one_webhook_at_once_is_kept_of_both() {
    let (nodes, scene, [first, second]) = two_nodes().await;
    let webhook = scene.webhook(&["*"]).await;
    let (environment, id) = (webhook.environment, webhook.id);
    let version = "SELECT max(version) FROM environment";
    for round in 0..TRIES {
        let at = scene.tick();
        let before = nodes.number(version).await;
        let url = WebhookPatch {
            url: Some(format!("https://example.com/{round}")),
            ..WebhookPatch::default()
        };
        let description = WebhookPatch {
            description: Some(Some(format!("of round {round}"))),
            ..WebhookPatch::default()
        };
        let updates = together([(first.clone(), url), (second.clone(), description)].map(
            |(store, patch)| async move {
                store.update_webhook(environment, id, patch, at).await.unwrap().unwrap()
            },
        ));
        updates.await;
        let found = second.webhook(environment, id).await.unwrap().unwrap();
        assert_eq!(found.url, format!("https://example.com/{round}"));
        assert_eq!(found.description, Some(format!("of round {round}")));
        assert!(nodes.number(version).await >= before + 2, "each change is a version");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_many_webhooks_in_two_environments_do_not_fail_each_other() {
    let (_nodes, scene, stores) = two_nodes().await;
    let mut webhooks = Vec::new();
    for environment in [scene.environment, scene.live(), scene.environment, scene.live()] {
        let webhook = Webhook { environment, ..scene.new_webhook(&["*"]) };
        webhooks.push(scene.add(webhook).await);
    }
    let until = scene.tick();
    together(in_turn(&stores, TRIES * 2).map(|(number, store)| {
        let webhook = webhooks[usize::try_from(number).unwrap() % webhooks.len()].clone();
        let at = scene.tick();
        async move { change_something(&store, number, &webhook, (until, at)).await }
    }))
    .await;
    scene.store.end_rotations(scene.tick(), 100).await.unwrap();
    for webhook in webhooks {
        let found = stores[1].webhook(webhook.environment, webhook.id).await.unwrap().unwrap();
        assert_eq!(found.rotation, None, "what is over was forgotten");
    }
}

/// A rotation begins that is over at once, or what is over is tidied away, or a webhook is turned off
/// and on.
async fn change_something(
    store: &PostgresStore,
    number: u64,
    webhook: &Webhook,
    (until, at): (Timestamp, Timestamp),
) {
    let (environment, id) = (webhook.environment, webhook.id);
    match number % 3 {
        0 => {
            let secret = SealedSecret(vec![u8::try_from(number).expect("a small number")]);
            let change = SecretChange::Rotate { secret, until, switched: false };
            store.change_secret(environment, id, change, at).await.expect("an answer");
        }
        1 => {
            store.end_rotations(at, 10).await.expect("an answer");
        }
        _ => {
            let enabled = Some(number.is_multiple_of(2));
            let patch = WebhookPatch { enabled, ..WebhookPatch::default() };
            let updated = store.update_webhook(environment, id, patch, at).await;
            assert!(updated.expect("an answer").is_some());
        }
    }
}

fn new_request(scene: &Scene<Nodes>) -> KeptRequest {
    KeptRequest {
        id: RequestId(scene.id()),
        number: 0,
        method: "POST".into(),
        query: None,
        headers: Vec::new(),
        body: Bytes::from_static(b"0123456789"),
        length: 10,
        answered: 0,
        received_at: scene.tick(),
    }
}

/// Reads on from number to number, until this one has come.
async fn read_until(
    store: Arc<PostgresStore>,
    (environment, endpoint): (EnvironmentId, EndpointId),
    last: u64,
) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let after = numbers.last().copied().unwrap_or_default();
        let came = store.requests_after(environment, endpoint, after, 100).await;
        numbers.extend(came.expect("an answer").iter().map(|request| request.number));
        tokio::task::yield_now().await;
    }
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_what_two_nodes_keep_at_once_misses_nothing() {
    let (_nodes, scene, stores) = two_nodes().await;
    let endpoint = new_endpoint(&scene);
    let (environment, id) = (endpoint.environment, endpoint.id);
    assert_eq!(scene.store.create_endpoint(endpoint, AMPLE).await.unwrap(), Created::Created);
    let reader = tokio::spawn(read_until(stores[1].clone(), (environment, id), TRIES));
    let room = Bounds { requests: 1_000, bytes: 1 << 30 };
    let keep = |room| {
        let requests: Vec<_> = (0..TRIES).map(|_| new_request(&scene)).collect();
        together(in_turn(&stores, TRIES).zip(requests).map(
            move |((_, store), request)| async move {
                store.keep_request(id, request, room).await.unwrap().unwrap().number
            },
        ))
    };
    let mut numbers = keep(room).await;
    numbers.sort_unstable();
    let all: Vec<_> = (1..=TRIES).collect();
    assert_eq!(numbers, all);
    assert_eq!(reader.await.unwrap(), all, "in their order, and none is missed");

    keep(Bounds { requests: 4, bytes: 35 }).await;
    let page = Page::new(1, 100).unwrap();
    let listed = stores[1].list_requests(environment, id, page).await.unwrap();
    let kept: Vec<_> = listed.items.iter().map(|request| request.number).collect();
    assert_eq!(kept, [48, 47, 46], "the newest that are within the bounds");
    assert_eq!(listed.total, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_another_node_deletes_its_endpoint_leaves_nothing_behind() {
    let (nodes, scene, stores) = two_nodes().await;
    for _ in 0..8 {
        let endpoint = new_endpoint(&scene);
        let (environment, id) = (endpoint.environment, endpoint.id);
        assert_eq!(scene.store.create_endpoint(endpoint, AMPLE).await.unwrap(), Created::Created);
        let room = Bounds { requests: 1_000, bytes: 1 << 30 };
        let keeping = together(in_turn(&stores, 6).map(|(_, store)| {
            let request = new_request(&scene);
            async move { store.keep_request(id, request, room).await.unwrap() }
        }));
        let at = scene.tick();
        let (_, deleted) = tokio::join!(keeping, stores[1].delete_endpoint(environment, id, at));
        assert!(deleted.unwrap());
    }
    assert_eq!(nodes.number("SELECT count(*) FROM kept_request").await, 0);
}
