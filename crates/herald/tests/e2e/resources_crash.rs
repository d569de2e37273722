//! `kill -9` at random moments while resources change: a resource exists if and only if its events
//! do, and what was answered has happened (promises 1 and 2).
//!
//! The oracle knows only what an observer can: what the workers have asked for and read, what the
//! API shows in the end, and the events. Each resource has gone through exactly the states that
//! were answered, and perhaps through one more that was asked for and not answered.

mod workers;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use herald_domain::time::Timestamp;
use herald_engine::{Clock as _, SystemClock};
use herald_testkit::{
    chance::FixedChance,
    receiver::{Receiver, Reply},
};
use rustix::process::Signal;
use serde_json::Value;
use tokio::{task::JoinSet, time::timeout};

use crate::support::{
    PATIENCE,
    api::{Api, text},
    eventually,
    ledger::{Entry, KINDS, Ledger, events},
    world::World,
};
use workers::{Known, Notes, Worker, image};

const ROUNDS: usize = 20;

/// Workers at once: commits are shared, so many changes are under way when the kill comes.
const WORKERS: usize = 8;

/// The most answers of a round; the kill comes after some number of them below it.
const ANSWERS: u64 = 400;

/// `checks.test_delay`: about as long as a round, so that checks complete in every phase of one.
const DELAY: Duration = Duration::from_millis(100);

/// Change it to play other moments; a failure names it.
const SEED: u64 = 0x4e15;

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_at_random_moments_a_resource_exists_if_and_only_if_its_events_do() {
    let delay = format!("{}ms", DELAY.as_millis());
    let world = World::with(&[("HERALD_CHECKS__TEST_DELAY", &delay)]).await;
    let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], |_| Reply::ok()).await;
    let first = world.first_start().await;
    first.api().create_webhook(&receiver.url("/")).await;
    let keys = first.keys.clone();
    first.server.kill().await;

    let chance = FixedChance::new(SEED);
    let notes = Arc::new(Notes::default());
    let mut kills = Vec::new();
    for _ in 0..ROUNDS {
        let running = world.start(&keys).await;
        let working: JoinSet<()> = (0..WORKERS)
            .map(|_| Worker { api: running.api(), notes: notes.clone() }.work_until_killed())
            .collect();
        let answered = usize::try_from(chance.below(ANSWERS)).expect("it is small");
        // Workers that have all panicked answer no more; joining them tells why.
        let _silent = timeout(PATIENCE, notes.answered_more(answered)).await;
        running.server.signal(Signal::KILL);
        working.join_all().await;
        running.server.ended().await;
        kills.push(SystemClock.now());
    }

    let last = world.start(&keys).await;
    let api = last.api();
    eventually("no check is pending", async || {
        let list = api.get("/v1/checks?pageSize=1&status=pending").await.good();
        (list["totalItems"] == 0).then_some(())
    })
    .await;
    eventually("no delivery is pending", async || (api.count("pending").await == 0).then_some(()))
        .await;
    let ledger = Ledger::read(&api).await;
    ledger.is_what_the_api_shows(&api).await;
    is_what_was_answered(&ledger, &notes);
    has_its_images(&ledger, &api).await;
    let happened = events(&api).await;
    assert_eq!(api.count("delivered").await, happened.len() as u64, "seed {SEED}: the books");
    let told: HashSet<String> = happened.iter().map(|event| text(&event["id"])).collect();
    let received = receiver.received();
    let came: HashSet<_> = received.iter().map(|request| request.event_id().to_owned()).collect();
    assert_eq!(came, told, "seed {SEED}: every event came, and nothing else");
    let across = completed_across(&happened, &kills);
    assert!(across > ROUNDS, "seed {SEED}: only {across} checks were pending at a kill");
    assert!(last.server.terminate().await.success());
}

/// Holds what the events say against what the workers know.
fn is_what_was_answered(ledger: &Ledger, notes: &Notes) {
    let known = notes.known();
    for (id, known) in &*known {
        let entry = ledger.entries.get(id);
        let entry = entry.unwrap_or_else(|| panic!("seed {SEED}: {id} is lost: {known:?}"));
        went_through(entry, known);
        let owner = entry.now().get("clientId").map(text);
        let orphaned = owner.is_some_and(|owner| ledger.entries[&owner].deleted);
        let may_be = known.unanswered || (orphaned && entry.kind != "check");
        assert!(entry.deleted || !known.deleted, "seed {SEED}: it is back: {entry:?}");
        assert!(!entry.deleted || known.deleted || may_be, "seed {SEED}: it is gone: {entry:?}");
    }
    let mut unasked: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, entry) in ledger.entries.iter().filter(|(id, _)| !known.contains_key(*id)) {
        *unasked.entry(&entry.kind).or_default() += 1;
        let untouched = !entry.deleted && (entry.kind == "check" || entry.states.len() == 1);
        assert!(untouched, "seed {SEED}: nobody knew it, and it was changed: {entry:?}");
    }
    let unanswered = notes.unanswered();
    for (kind, path) in KINDS {
        let (made, asked) = (unasked.get(kind), unanswered.get(path));
        assert!(made <= asked, "seed {SEED}: {kind}: {made:?} made, {asked:?} not answered");
    }
    assert!(known.len() > ROUNDS * WORKERS, "seed {SEED}: hardly anything was tested");
}

/// A resource went through the states that were answered, and at most one that was not. A check
/// also completes, by itself.
fn went_through(entry: &Entry, known: &Known) {
    let (states, answers) = (&entry.states, &known.answers);
    for (state, answer) in states.iter().zip(answers) {
        if answer.get("documentSide").is_some() {
            let images = state["images"].as_array().expect("a list");
            assert!(images.contains(answer), "seed {SEED}: {answer} is not in {state:?}");
        } else {
            assert_eq!(*state, *answer.as_object().expect("a resource"), "seed {SEED}");
        }
    }
    if entry.kind != "check" {
        let more = usize::from(known.unanswered && !entry.deleted);
        let (least, most) = (answers.len(), answers.len() + more);
        assert!((least..=most).contains(&states.len()), "seed {SEED}: {known:?} and {entry:?}");
    }
}

/// Every document that is there has the images that it says it has.
async fn has_its_images(ledger: &Ledger, api: &Api) {
    let mut count = 0;
    for (id, entry) in ledger.living("document") {
        let images = entry.now().get("images").and_then(Value::as_array);
        for about in images.into_iter().flatten() {
            let side = text(&about["documentSide"]);
            let mut kept = api.get(&format!("/v1/documents/{id}/download/{side}")).await.good();
            let data = kept.as_object_mut().and_then(|kept| kept.remove("data"));
            assert_eq!(kept, *about, "seed {SEED}: what is said of an image");
            let mark = text(&about["fileName"]);
            let mark = mark.trim_end_matches(".png").parse().expect("its mark");
            assert!(data == Some(image(mark).into()), "seed {SEED}: the bytes of {about}");
            count += 1;
        }
    }
    assert!(count > ROUNDS, "seed {SEED}: hardly any image was kept");
}

/// How many checks were pending when the process was killed, and ended in a later one. None may
/// end before its time.
fn completed_across(happened: &[Value], kills: &[Timestamp]) -> usize {
    let mut pending = HashMap::new();
    let mut across = 0;
    for event in happened {
        let id = text(&event["payload"]["id"]);
        let at: Timestamp = text(&event["createdAt"]).parse().expect("a time");
        match event["type"].as_str() {
            Some("check.pending") => drop(pending.insert(id, at)),
            Some("check.completed" | "check.failed") => {
                let since: Timestamp = pending.remove(&id).expect("it was pending");
                assert!(at >= since.after(DELAY), "seed {SEED}: too early: {event}, {since}");
                let killed = kills.iter().any(|kill| since < *kill && *kill < at);
                across += usize::from(killed);
            }
            _ => {}
        }
    }
    assert!(pending.is_empty(), "seed {SEED}: pending for ever: {pending:?}");
    across
}
