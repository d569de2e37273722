//! What the pool keeps and what it closes; time is passed in.

use herald_domain::guard::{Policy, Target, judge_url};
use tokio::io::DuplexStream;

use super::*;
use crate::http::wire::FreshLook;

const LIMITS: PoolLimits = PoolLimits {
    per_origin: 3,
    total: 8,
    max_idle: Duration::from_secs(30),
    max_age: Duration::from_secs(300),
};

fn target(host: &str) -> Target {
    judge_url(&Policy::default(), &format!("https://{host}.example.com/")).unwrap()
}

/// A connection to nobody; it is open as long as its other end.
async fn connection() -> (Http1, DuplexStream) {
    let (near, far) = tokio::io::duplex(64);
    let address = "192.0.2.1:443".parse().unwrap();
    let mut connection = Http1::open(near, FreshLook::default(), address).await.unwrap();
    assert!(connection.is_reusable().await);
    (connection, far)
}

#[tokio::test]
async fn a_kept_connection_is_given_out_once() {
    let pool = Pool::new(LIMITS);
    let (now, here, elsewhere) = (Instant::now(), target("a"), target("b"));
    let (connection, _far) = connection().await;
    pool.keep(here.origin(), connection, now);
    assert_eq!(pool.kept(), 1);
    assert!(pool.take(elsewhere.origin(), now).is_none());
    assert!(pool.take(here.origin(), now).is_some());
    assert!(pool.take(here.origin(), now).is_none());
    assert_eq!(pool.kept(), 0);
}

#[tokio::test]
async fn what_was_idle_too_long_or_is_too_old_is_not_given_out() {
    let pool = Pool::new(LIMITS);
    let (now, target) = (Instant::now(), target("a"));
    let just_before = Duration::from_secs(29);
    for (idle, found) in [(just_before, true), (LIMITS.max_idle, false)] {
        let (connection, _far) = connection().await;
        pool.keep(target.origin(), connection, now);
        assert_eq!(pool.take(target.origin(), now + idle).is_some(), found, "{idle:?}");
    }
    let (ageing, _far) = connection().await;
    let old = ageing.born() + LIMITS.max_age;
    pool.keep(target.origin(), ageing, old.checked_sub(Duration::from_secs(1)).unwrap());
    assert_eq!(pool.kept(), 1);
    assert!(pool.take(target.origin(), old).is_none(), "it grew too old while it was idle");
    let (connection, _far) = connection().await;
    let late = connection.born() + LIMITS.max_age;
    pool.keep(target.origin(), connection, late);
    assert_eq!(pool.kept(), 0, "too old to be kept at all");
}

#[tokio::test]
async fn one_origin_keeps_no_more_than_its_share() {
    let pool = Pool::new(LIMITS);
    let (now, target) = (Instant::now(), target("a"));
    let mut ends = Vec::new();
    for _ in 0..LIMITS.per_origin + 2 {
        let (connection, far) = connection().await;
        pool.keep(target.origin(), connection, now);
        ends.push(far);
    }
    assert_eq!(pool.kept(), LIMITS.per_origin);
}

#[tokio::test]
async fn when_the_pool_is_full_what_has_been_idle_longest_goes_first() {
    let pool = Pool::new(LIMITS);
    let now = Instant::now();
    let targets: Vec<Target> = (0..=LIMITS.total).map(|n| target(&format!("n{n}"))).collect();
    let mut ends = Vec::new();
    for target in &targets {
        let (connection, far) = connection().await;
        pool.keep(target.origin(), connection, now);
        ends.push(far);
        assert!(pool.kept() <= LIMITS.total);
    }
    let kept: Vec<bool> =
        targets.iter().map(|target| pool.take(target.origin(), now).is_some()).collect();
    let oldest = kept.iter().take_while(|found| !**found).count();
    assert!((1..=LIMITS.total / 2).contains(&oldest), "{kept:?}");
    assert!(kept[oldest..].iter().all(|found| *found), "{kept:?}");
}

#[tokio::test]
async fn sweeping_closes_what_is_over_and_tells_when_nothing_is_left() {
    let pool = Pool::new(LIMITS);
    let (now, target) = (Instant::now(), target("a"));
    let (first, _far) = connection().await;
    let (second, _other_far) = connection().await;
    pool.keep(target.origin(), first, now);
    pool.keep(target.origin(), second, now + Duration::from_secs(10));
    assert!(!pool.sweep(now + Duration::from_secs(30)));
    assert_eq!(pool.kept(), 1);
    assert!(pool.sweep(now + Duration::from_secs(40)));
    assert_eq!(pool.kept(), 0);
}
