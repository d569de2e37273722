//! The laws of [`Notices`], and of what makes a webhook fail ([`Settlement::warning`]).

use std::{collections::BTreeSet, time::Duration};

use herald_domain::{
    attempt::ErrorClass,
    delivery::DeliveryState,
    id::{EventId, RecoveryId, WebhookId},
    notice::{Happened, Notice, Warning},
    time::Timestamp,
    webhook::{Failing, Webhook, WebhookPatch},
};

use super::{
    Backend,
    fixtures::{Scene, answered, failed, retry, settlement, together, whole},
};
use crate::{
    After, Claimed, DeliveryFilter, ManualAttempt, Missed, NoticeTaken, Notices, Queue, Record,
    Recorded, Recoveries, Recovery, RecoveryStatus, Settled, Settlement, WebhookFilter, Webhooks,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// A warning that nobody has been told of lately.
fn warning(attempts_left: u32, last_attempt_at: Timestamp) -> Warning {
    let quiet_since = last_attempt_at.before(2 * HOUR);
    Warning { attempts_left, last_attempt_at, spared_from: None, quiet_since }
}

/// An attempt that fails now, after which there is this warning.
fn warned<B: Backend>(scene: &Scene<B>, claimed: &Claimed, warning: Warning) -> Settlement {
    let retry = retry(claimed, scene.tick(), scene.tick());
    Settlement { warning: Some(warning), ..retry }
}

/// What exhausts a delivery and disables its webhook.
fn given_up<B: Backend>(scene: &Scene<B>, claimed: &Claimed, reason: &str) -> Settlement {
    let after = After::Exhausted { disable: Some(reason.to_owned()) };
    settlement(claimed, failed(ErrorClass::Timeout, scene.tick()), after)
}

impl<B: Backend> Scene<B> {
    /// The webhook as people are shown it, alone and in the list.
    async fn shown(&self, webhook: WebhookId) -> Webhook {
        let alone = self.store.webhook(self.environment, webhook).await.unwrap().unwrap();
        let listed = self.store.list_webhooks(self.environment, WebhookFilter::default(), whole());
        let listed = listed.await.unwrap().items.into_iter().find(|one| one.id == webhook);
        assert_eq!(listed.as_ref(), Some(&alone));
        alone
    }

    async fn waiting_notices(&self) -> Vec<Notice> {
        self.store.waiting_notices(100).await.unwrap()
    }

    /// A webhook, and a delivery to it that has failed with this warning.
    async fn failing(&self, left: u32) -> (Webhook, Claimed, Warning) {
        let webhook = self.webhook(&["client.created"]).await;
        let claimed = self.in_flight("client.created").await;
        let warning = warning(left, self.tick().after(HOUR));
        self.settle(warned(self, &claimed, warning)).await;
        (webhook, claimed, warning)
    }

    async fn claimed_again(&self, webhook: &Webhook) -> Claimed {
        self.claim(webhook.id, 1).await.deliveries.remove(0)
    }
}

pub async fn a_webhook_that_is_warned_of_is_failing_until_that_delivery_ends<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let (webhook, claimed, first) = scene.failing(2).await;
    let delivery = scene.view(&claimed).await;
    let expected = Failing {
        delivery: delivery.id,
        since: delivery.updated_at,
        attempts_left: 2,
        last_attempt_at: first.last_attempt_at,
    };
    let failing = Webhook { failing: Some(expected), ..webhook.clone() };
    assert_eq!(scene.shown(webhook.id).await, failing);
    let scene = scene.reopened().await;
    assert_eq!(scene.shown(webhook.id).await, failing);

    let claim = scene.claim(webhook.id, 1).await;
    assert_eq!(*claim.destination.unwrap().webhook, webhook, "claimers are not told");
    let again = warning(1, first.last_attempt_at.after(HOUR));
    scene.settle(warned(&scene, &claim.deliveries[0], again)).await;
    let (attempts_left, last_attempt_at) = (1, again.last_attempt_at);
    let expected = Failing { attempts_left, last_attempt_at, ..expected };
    assert_eq!(scene.shown(webhook.id).await.failing, Some(expected), "as it was last said");

    let last = scene.claimed_again(&webhook).await;
    scene.deliver(&last).await;
    assert_eq!(scene.shown(webhook.id).await, webhook);
}

pub async fn a_success_on_request_ends_the_failing_too<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (webhook, claimed, _) = scene.failing(2).await;
    let delivery = scene.view(&claimed).await.id;
    let (environment, attempt) = (scene.environment, answered(200, scene.tick()));
    let manual = ManualAttempt { environment, delivery, attempt, delivered: true };
    scene.store.settle_manual(manual).await.unwrap();
    assert_eq!(scene.shown(webhook.id).await.failing, None);
}

pub async fn a_failing_webhook_is_not_so_while_it_is_disabled<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (webhook, ..) = scene.failing(2).await;
    let failing = scene.shown(webhook.id).await.failing;
    assert!(failing.is_some());
    let disabled = scene.enable(&webhook, false).await;
    assert_eq!((disabled.failing, scene.shown(webhook.id).await.failing), (None, None));
    let enabled = scene.enable(&webhook, true).await;
    assert_eq!((enabled.failing, scene.shown(webhook.id).await.failing), (failing, failing));
    let patch = WebhookPatch { url: Some("https://example.org/".into()), ..Default::default() };
    let patched =
        scene.store.update_webhook(scene.environment, webhook.id, patch, scene.tick()).await;
    assert_eq!(patched.unwrap().unwrap().failing, failing, "another URL may fail as well");
}

pub async fn a_delivery_that_begins_anew_makes_no_webhook_fail<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (webhook, ..) = scene.failing(1).await;
    let last = scene.claimed_again(&webhook).await;
    scene.settle(given_up(&scene, &last, "given up")).await;
    assert_eq!(scene.enable(&webhook, true).await.failing, None);
    let at = scene.tick();
    let missed = Missed {
        environment: scene.environment,
        webhook: webhook.id,
        since: at.before(HOUR),
        states: BTreeSet::from([DeliveryState::Exhausted]),
    };
    let id = RecoveryId(scene.id());
    let recovery = Recovery {
        id,
        missed,
        status: RecoveryStatus::Running,
        total: 1,
        recovered: 0,
        created_at: at,
        updated_at: at,
    };
    scene.store.create_recovery(recovery).await.unwrap();
    assert_eq!(scene.store.recover_some(id, at, 10).await.unwrap().unwrap().moved, 1);
    assert_eq!(scene.view(&last).await.state, DeliveryState::Pending);
    assert_eq!(scene.shown(webhook.id).await.failing, None);
}

pub async fn of_several_the_delivery_counts_whose_last_attempt_comes_first<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    let at = scene.tick().after(HOUR);
    let mut claimed = Vec::new();
    for seconds in [20, 10, 30] {
        let one = scene.in_flight("client.created").await;
        let warning = warning(3, at.after(Duration::from_secs(seconds)));
        scene.settle(warned(&scene, &one, warning)).await;
        claimed.push(one);
    }
    let failing = scene.shown(webhook.id).await.failing.unwrap();
    assert_eq!(failing.delivery, scene.view(&claimed[1]).await.id);
    assert_eq!(failing.since, scene.view(&claimed[0]).await.updated_at, "all the while");
    // Once it has ended, the next one that fails counts, and the webhook begins to fail anew.
    let deliveries = scene.claim(webhook.id, 10).await.deliveries;
    let of =
        |index: usize| deliveries.iter().find(|one| one.event == claimed[index].event).unwrap();
    scene.deliver(of(1)).await;
    assert_eq!(scene.shown(webhook.id).await.failing, None);
    scene.settle(warned(&scene, of(2), warning(2, at.after(HOUR)))).await;
    let failing = scene.shown(webhook.id).await.failing.unwrap();
    let third = scene.view(&claimed[2]).await;
    assert_eq!((failing.delivery, failing.since), (third.id, third.updated_at));
}

pub async fn a_success_spares_a_webhook_from_the_time_that_was_said<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (webhook, claimed, _) = scene.failing(2).await;
    let neighbour = scene.in_flight("client.created").await;
    let success = answered(200, scene.tick());
    let moment = Duration::from_millis(1);
    let [early, exact] = [success.ended_at().after(moment), success.ended_at()];
    scene.settle(settlement(&neighbour, success, After::Delivered)).await;
    assert!(scene.shown(webhook.id).await.failing.is_some(), "nothing was said of it");
    for (spared_from, is_spared) in [(early, false), (exact, true)] {
        let again = scene.claimed_again(&webhook).await;
        let warning = warning(2, scene.tick().after(HOUR));
        let warning = Warning { spared_from: Some(spared_from), ..warning };
        scene.settle(warned(&scene, &again, warning)).await;
        assert_eq!(scene.shown(webhook.id).await.failing.is_none(), is_spared, "{spared_from}");
    }
    // One that is spared does not stand in the way of another.
    let other = scene.in_flight("client.created").await;
    scene.settle(warned(&scene, &other, warning(3, scene.tick().after(2 * HOUR)))).await;
    let failing = scene.shown(webhook.id).await.failing.unwrap();
    assert_eq!(failing.delivery, scene.view(&other).await.id);
    assert_ne!(failing.delivery, scene.view(&claimed).await.id);
}

pub async fn nobody_is_told_again_of_a_webhook_within_the_time_that_was_said<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let (webhook, claimed, _) = scene.failing(3).await;
    let first = scene.waiting_notices().await;
    let expected = Notice {
        id: first[0].id,
        what: Happened::Failing {
            attempts_left: 3,
            last_attempt_at: scene.shown(webhook.id).await.failing.unwrap().last_attempt_at,
        },
        ..told_of(&scene, &webhook, &claimed).await
    };
    assert_eq!(first, [expected]);
    let warned_at = first[0].at;
    let moment = Duration::from_millis(1);
    for (quiet_since, is_told) in [(warned_at.before(moment), false), (warned_at, true)] {
        let again = scene.claimed_again(&webhook).await;
        let warning = Warning { quiet_since, ..warning(2, scene.tick().after(HOUR)) };
        let settled = scene.settle(warned(&scene, &again, warning)).await;
        let told: &[WebhookId] = if is_told { &[webhook.id] } else { &[] };
        assert_eq!(settled.warned, told, "{quiet_since}");
    }
    assert_eq!(scene.waiting_notices().await.len(), 2);
    // Another webhook is another matter, and one batch is enough to be told once.
    let (other, claimed) = (scene.webhook(&["check.failed"]).await, "check.failed");
    let [a, b] = [scene.in_flight(claimed).await, scene.in_flight(claimed).await];
    let soon = warning(2, scene.tick().after(HOUR));
    let batch = [warned(&scene, &a, soon), warned(&scene, &b, soon)];
    let settled = scene.store.settle(batch.into()).await.unwrap();
    assert_eq!(settled.warned, [other.id]);
    assert_eq!(scene.waiting_notices().await.len(), 3);
}

/// What is told of this delivery to a webhook, but for what happened.
async fn told_of<B: Backend>(scene: &Scene<B>, webhook: &Webhook, claimed: &Claimed) -> Notice {
    let delivery = scene.view(claimed).await;
    Notice {
        id: EventId::from_bytes([0; 12]),
        what: Happened::Disabled { reason: String::new() },
        at: delivery.updated_at,
        environment: webhook.environment,
        webhook: webhook.id,
        url: webhook.url.clone(),
        description: webhook.description.clone(),
        delivery: delivery.id,
        event: delivery.event,
        event_type: delivery.event_type,
        attempts: delivery.attempts,
        last_status: delivery.last_status,
        last_error: delivery.last_error,
    }
}

pub async fn a_warning_that_comes_too_late_counts_for_nothing<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let stopped = scene.webhook(&["client.created"]).await;
    let gone = scene.webhook(&["client.updated"]).await;
    let settled = scene.webhook(&["check.failed"]).await;
    let soon = warning(2, scene.tick().after(HOUR));
    let mut late = Vec::new();
    for event_type in ["client.created", "client.updated", "check.failed"] {
        let claimed = scene.in_flight(event_type).await;
        late.push(warned(&scene, &claimed, soon));
        if event_type == "check.failed" {
            scene.deliver(&claimed).await;
        }
    }
    scene.enable(&stopped, false).await;
    scene.delete(&gone).await;
    let Settled { warned, .. } = scene.store.settle(late.into()).await.unwrap();
    assert_eq!(warned, []);
    assert_eq!(scene.waiting_notices().await, []);
    assert_eq!(scene.enable(&stopped, true).await.failing, None);
    assert_eq!(scene.shown(settled.id).await.failing, None);
}

pub async fn a_webhook_that_is_disabled_is_told_of_once_as_it_was<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = Webhook { description: Some("Zoë’s".into()), ..scene.new_webhook(&["*"]) };
    let webhook = scene.add(webhook).await;
    let [a, b] = [scene.in_flight("client.created").await, scene.in_flight("check.failed").await];
    let batch = [given_up(&scene, &a, "“gave up”"), given_up(&scene, &b, "once more")];
    scene.store.settle(batch.into()).await.unwrap();
    let told = scene.waiting_notices().await;
    let expected = Notice {
        id: told[0].id,
        what: Happened::Disabled { reason: "“gave up”".into() },
        ..told_of(&scene, &webhook, &a).await
    };
    // Whatever becomes of the webhook before somebody is told.
    scene.enable(&webhook, true).await;
    scene.delete(&webhook).await;
    let scene = scene.reopened().await;
    assert_eq!(scene.waiting_notices().await, [expected]);
}

pub async fn without_notices_the_same_happens_and_nothing_waits<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let soon = warning(2, scene.tick().after(HOUR));
    let silent = |settlement| Settlement { notices: false, ..settlement };
    let settled = scene.settle(silent(warned(&scene, &claimed, soon))).await;
    assert_eq!(settled.warned, [webhook.id]);
    assert!(scene.shown(webhook.id).await.failing.is_some());
    let again = scene.claimed_again(&webhook).await;
    let settled = scene.settle(silent(given_up(&scene, &again, "given up"))).await;
    assert_eq!(settled.disabled.len(), 1);
    assert_eq!(scene.waiting_notices().await, []);
    let spared = scene.enable(&webhook, true).await;
    assert_eq!(spared.failing, None);
}

/// A record of one event in the scene's environment, named like the notice.
fn record_of<B: Backend>(scene: &Scene<B>, id: EventId) -> Record {
    let mut record = scene.new_record("document.created");
    record.events[0].id = id;
    record
}

pub async fn notices_are_read_in_the_order_in_which_they_were_noted<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let (webhook, ..) = scene.failing(2).await;
        expected.push(webhook.id);
        scene.enable(&webhook, false).await;
    }
    let scene = scene.reopened().await;
    let told = scene.waiting_notices().await;
    assert_eq!(told.iter().map(|notice| notice.webhook).collect::<Vec<_>>(), expected);
    assert_eq!(scene.store.waiting_notices(2).await.unwrap(), told[..2]);
}

pub async fn a_notice_is_taken_together_with_its_record_and_once<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.failing(2).await;
    let taker = scene.webhook(&["document.created"]).await;
    let id = scene.waiting_notices().await[0].id;
    let tasks: Vec<_> = (0..8)
        .map(|_| (scene.store.clone(), record_of(&scene, id)))
        .map(|(store, record)| async move { store.take_notice(id, Some(record)).await.unwrap() })
        .collect();
    let taken = together(tasks).await;
    let accepted = |taken: &&NoticeTaken| match taken {
        NoticeTaken::Recorded(Recorded::Accepted { receipt, claimed, .. }) => {
            assert_eq!((receipt.events[0].0, claimed.len()), (id, 1));
            true
        }
        NoticeTaken::Gone => false,
        other => panic!("{other:?}"),
    };
    assert_eq!(taken.iter().filter(accepted).count(), 1);
    let scene = scene.reopened().await;
    assert_eq!(scene.waiting_notices().await, []);
    assert_eq!(scene.claim(taker.id, 10).await.deliveries[0].event, id);
    assert_eq!(scene.views(DeliveryFilter::default()).await.len(), 2, "nothing else was recorded");
}

pub async fn a_notice_may_be_taken_without_a_record<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.failing(2).await;
    let id = scene.waiting_notices().await[0].id;
    let taken = scene.store.take_notice(id, None).await.unwrap();
    assert!(matches!(taken, NoticeTaken::Dropped), "{taken:?}");
    assert_eq!(scene.waiting_notices().await, []);
    let taken = scene.store.take_notice(id, None).await.unwrap();
    assert!(matches!(taken, NoticeTaken::Gone), "{taken:?}");
}

pub async fn a_notice_that_cannot_be_recorded_waits_on<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.failing(2).await;
    let waiting = scene.waiting_notices().await;
    let id = waiting[0].id;
    let mut nowhere = record_of(&scene, id);
    nowhere.environment.account = scene.new_account().id;
    let taken = scene.store.take_notice(id, Some(nowhere)).await.unwrap();
    assert!(matches!(taken, NoticeTaken::Refused(Recorded::UnknownAccount)), "{taken:?}");
    let mut again = scene.new_record("client.created");
    again.events[0].id = scene.views(DeliveryFilter::default()).await[0].event;
    assert!(scene.store.take_notice(id, Some(again)).await.is_err(), "an id is used once");
    assert_eq!(scene.waiting_notices().await, waiting);
}
