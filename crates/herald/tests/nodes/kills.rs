//! `kill -9` of one of three nodes, again and again, while events flow through all of them (promises
//! 1 to 3).
//!
//! The oracle knows only what an observer can: publishers note an event when they have read a 202, a
//! receiver notes each POST before it answers.

use std::time::{Duration, Instant};

use herald_testkit::chance::FixedChance;

use crate::{
    fleet::{Fleet, LEASE, NOTICING},
    flow::{Accepted, Flow, create_webhooks, wanted},
    inbox::Inbox,
    support::eventually,
};

const KILLS: usize = 10;

/// `delivery.max_in_flight`.
const IN_FLIGHT: usize = 16;

/// The share of each node, so that more than that waits in its memory.
const IN_FLIGHT_PER_WEBHOOK: usize = 2;

/// What can come twice for each kill: what was sent and not recorded, which Herald bounds at four
/// times `max_in_flight`.
const UNRECORDED: usize = 4 * IN_FLIGHT;

/// What is later than this was taken over: nothing else takes so long, on a busy machine either.
const TAKEN_OVER: Duration = Duration::from_secs(1);

/// Change it to play other moments; a failure names it.
const SEED: u64 = 0x4e31;

struct Kill {
    at: Instant,
    /// When the last of what had been accepted before it came.
    made_up_for: Instant,
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_one_of_three_nodes_loses_nothing_and_is_made_up_for_within_the_lease() {
    let (limit, limit_per_webhook) =
        (IN_FLIGHT.to_string(), (3 * IN_FLIGHT_PER_WEBHOOK).to_string());
    let mut fleet = Fleet::with(&[
        ("HERALD_DELIVERY__MAX_IN_FLIGHT", &limit),
        ("HERALD_DELIVERY__MAX_IN_FLIGHT_PER_WEBHOOK", &limit_per_webhook),
    ])
    .await;
    let inbox = Inbox::start(&fleet.world).await;
    create_webhooks(&fleet, |path| inbox.url(path)).await;
    let flow = Flow::start(&fleet);
    let chance = FixedChance::new(SEED);
    let number = |below| usize::try_from(chance.below(below)).expect("it is small");
    let mut kills = Vec::new();
    let mut taken_over = 0;
    for _ in 0..KILLS {
        flow.accepted_more(number(40)).await;
        let (victim, waiting) = (number(3), 1 + number(8));
        inbox.hold("/");
        fleet.has_waiting(victim, waiting).await;
        fleet.take(victim).kill().await;
        let (at, before) = (Instant::now(), wanted(&flow.accepted()));
        inbox.hold_no_more().open();
        fleet.begin(victim).await;
        let what = format!("what was accepted before the kill has come, seed {SEED}");
        let made_up_for = inbox.has(&what, &before).await;
        let late = |delivery| inbox.times(delivery)[0].saturating_duration_since(at) > TAKEN_OVER;
        taken_over += before.iter().filter(|delivery| late(delivery)).count();
        kills.push(Kill { at, made_up_for });
    }
    let accepted = flow.stop().await;
    assert!(accepted.len() > 20 * KILLS, "seed {SEED}: hardly anything was tested");
    judge(&fleet, &inbox, &accepted).await;
    for kill in &kills {
        let took = kill.made_up_for.saturating_duration_since(kill.at);
        assert!(took <= LEASE + NOTICING, "seed {SEED}: it took {took:?}");
    }
    assert!(taken_over > 0, "seed {SEED}: nobody had to take over");
    let twice = twice(&inbox, &kills);
    assert!(twice.iter().any(|count| *count > 0), "seed {SEED}: nothing was in flight");
    assert!(twice.iter().all(|count| *count <= UNRECORDED), "seed {SEED}: {twice:?} came twice");
}

/// Everything that was accepted has come, and nothing else, and the books say so.
async fn judge(fleet: &Fleet, inbox: &Inbox, accepted: &[Accepted]) {
    let wanted = wanted(accepted);
    inbox.has("everything has come", &wanted).await;
    fleet.has_delivered(wanted.len()).await;
    assert_eq!(inbox.all().len(), wanted.len(), "seed {SEED}: what was accepted, and nothing else");
    // Whoever was killed is back, and works.
    for place in 0..fleet.size() {
        let before = fleet.metrics(place).await.sum("herald_attempts_total");
        fleet.node(place).publish(r#"{"id":"the-last"}"#).await;
        eventually("a node that was killed works again", async || {
            let attempts = fleet.metrics(place).await.sum("herald_attempts_total");
            (attempts > before).then_some(())
        })
        .await;
    }
}

/// How many notifications came again after each kill. Each that came again had come before a kill,
/// and came again when its node was made up for.
fn twice(inbox: &Inbox, kills: &[Kill]) -> Vec<usize> {
    /// Sent before the kill, and read after it.
    const READ: Duration = Duration::from_millis(500);
    let mut twice = vec![0; kills.len()];
    for (delivery, times) in inbox.all() {
        for pair in times.windows(2) {
            let between = |kill: &Kill| {
                pair[0] <= kill.at + READ
                    && (kill.at..kill.at + LEASE + NOTICING).contains(&pair[1])
            };
            let kill = kills.iter().position(between);
            let kill = kill.unwrap_or_else(|| panic!("seed {SEED}: {delivery:?} came twice"));
            twice[kill] += 1;
        }
    }
    twice
}
