//! The board: who may start next. Plain state without waiting, clocks or randomness.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use herald_domain::{
    attempt::Answer,
    id::{EventId, WebhookId},
    time::Timestamp,
};
use herald_store::{Claim, Claimed, DeliveryKey, Destination};

use super::{
    due::DueList,
    lane::Lane,
    route::{Route, Router},
};
use crate::Concurrency;

/// Lanes that are idle are forgotten beyond so many.
const MOST_LANES: usize = 8_192;

/// How many changes of webhooks the board had seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// A delivery that was started: to be attempted now.
pub(super) struct Job {
    pub delivery: Claimed,
    pub route: Arc<Route>,
    pub budget: Budget,
}

/// Which share of what may be in flight an attempt is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    /// Its webhook answered in good time before.
    Proven,
    /// Its webhook did not, or has not been tried.
    Unproven,
    /// It has been under way for long.
    Slow,
}

/// A webhook whose due deliveries are to be claimed, at most `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClaimOrder {
    pub webhook: WebhookId,
    pub limit: usize,
    now: Timestamp,
    ticket: Ticket,
}

/// What is going on right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Attempts started and not recorded yet.
    pub in_hand: usize,
    /// Of these, requests under way that are not slow.
    pub in_flight: usize,
    /// Of these, requests under way that have become slow.
    pub slow: usize,
    /// Deliveries waiting in memory.
    pub waiting: usize,
    /// Webhooks with something in memory or in flight.
    pub lanes: usize,
    /// Webhooks with something in the store that is, or will be, due.
    pub scheduled: usize,
}

/// The shared state of the dispatcher.
pub(super) struct Board {
    limits: Concurrency,
    /// How many attempts of this node may be in flight to a webhook.
    most_per_webhook: usize,
    lanes: HashMap<WebhookId, Lane>,
    /// Lanes that may start something, taking turns: those that proved themselves, and others.
    turns: [VecDeque<WebhookId>; 2],
    due: DueList,
    waiting: usize,
    proven: usize,
    unproven: usize,
    slow: usize,
    in_hand: usize,
    changes: u64,
    /// Room was made for what is due in the store.
    room_made: bool,
    stopped: bool,
}

impl Board {
    pub(super) fn new(limits: Concurrency) -> Self {
        Self {
            limits,
            most_per_webhook: limits.in_flight_per_webhook.max(1),
            lanes: HashMap::new(),
            turns: Default::default(),
            due: DueList::default(),
            waiting: 0,
            proven: 0,
            unproven: 0,
            slow: 0,
            in_hand: 0,
            changes: 0,
            room_made: false,
            stopped: false,
        }
    }

    pub(super) fn load(&self) -> Load {
        Load {
            in_hand: self.in_hand,
            in_flight: self.proven + self.unproven,
            slow: self.slow,
            waiting: self.waiting,
            lanes: self.lanes.len(),
            scheduled: self.due.len(),
        }
    }

    /// So many nodes share what may be in flight to a webhook. What is in flight beyond this node's
    /// share ends as it would have.
    pub(super) fn share(&mut self, nodes: usize) {
        let most = self.limits.in_flight_per_webhook.div_ceil(nodes.max(1)).max(1);
        if most != self.most_per_webhook {
            self.most_per_webhook = most;
            self.lanes.values_mut().for_each(|lane| lane.window.limit_to(most));
        }
    }

    pub(super) fn ticket(&self) -> Ticket {
        Ticket(self.changes)
    }

    /// Learns how to reach a webhook, from what was read after `ticket` was given out. If any
    /// webhook was changed since, it may be this one: then its lane stays without a route, and
    /// what is offered to it goes to the store, to be claimed with the webhook as it is then.
    pub(super) fn learn(&mut self, ticket: Ticket, destination: Destination, router: &Router) {
        if ticket != self.ticket() {
            return;
        }
        let lane = self.lane(destination.webhook.id);
        lane.learn(destination, router);
    }

    /// Takes fresh deliveries; answers those that there is no room for here.
    pub(super) fn offer(&mut self, fresh: Vec<Claimed>) -> Vec<DeliveryKey> {
        let mut refused = Vec::new();
        for delivery in fresh {
            let webhook = delivery.key.webhook;
            let room = !self.stopped && self.waiting < self.limits.waiting;
            let per_webhook = self.limits.waiting_per_webhook;
            let lane = self.lane(webhook);
            // Behind a backlog it waits its turn in the store, unless nothing else is at hand: going
            // by the store costs more than an attempt, so a lane that lives from it might never again
            // get ahead of what comes. Half of the room is left for what waits there.
            let behind = lane.window.size().min(per_webhook / 2);
            let most = if lane.backlog { behind } else { per_webhook };
            let fits = lane.route.is_some() && lane.waiting.len() < most;
            if room && fits {
                lane.waiting.push_back(delivery);
                self.waiting += 1;
                self.queue(webhook);
            } else {
                lane.backlog = true;
                refused.push(delivery.key);
            }
        }
        refused
    }

    /// Something of this webhook is due in the store then. Whether that is the earliest of all.
    pub(super) fn due_at(&mut self, webhook: WebhookId, at: Timestamp) -> bool {
        self.due.no_later_than(webhook, at)
    }

    /// When the store has to be looked into next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first()
    }

    /// Webhooks to claim for now, at most `most`. One without room in memory comes back when its
    /// lane has drained.
    pub(super) fn claims(&mut self, now: Timestamp, most: usize) -> Vec<ClaimOrder> {
        let mut orders = Vec::new();
        while orders.len() < most && !self.stopped && self.waiting < self.limits.waiting {
            let Some(webhook) = self.due.take(now) else { break };
            let per_webhook = self.limits.waiting_per_webhook;
            let ticket = self.ticket();
            let lane = self.lane(webhook);
            lane.backlog = true;
            if lane.is_well_supplied(per_webhook) {
                continue;
            }
            let limit = (lane.window.size() * 4).max(32).min(per_webhook);
            orders.push(ClaimOrder { webhook, limit, now, ticket });
        }
        orders
    }

    /// Takes what was claimed; answers what has to be given back, since the webhook was changed
    /// while it was being claimed.
    pub(super) fn claimed(
        &mut self,
        order: ClaimOrder,
        claim: Claim,
        router: &Router,
    ) -> Vec<DeliveryKey> {
        let keys = |claim: &Claim| claim.deliveries.iter().map(|claimed| claimed.key).collect();
        let stopped = self.stopped;
        let lane = self.lane(order.webhook);
        if lane.forgotten > order.ticket.0 || stopped {
            return keys(&claim);
        }
        lane.backlog = claim.next_due.is_some_and(|at| at <= order.now);
        let Some(destination) = claim.destination.filter(|found| found.webhook.enabled) else {
            return self.unroute(order.webhook);
        };
        lane.learn(destination, router);
        let count = claim.deliveries.len();
        lane.waiting.extend(claim.deliveries);
        self.waiting += count;
        if let Some(at) = claim.next_due {
            self.due.no_later_than(order.webhook, at);
        }
        self.queue(order.webhook);
        Vec::new()
    }

    /// Forgets how to reach a webhook; answers what was waiting, to be given back. It begins
    /// gently when it is reached again.
    pub(super) fn forget(&mut self, webhook: WebhookId) -> Vec<DeliveryKey> {
        self.changes += 1;
        let changes = self.changes;
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.forgotten = changes;
            lane.window.begin_gently();
        }
        self.unroute(webhook)
    }

    /// Takes a delivery off what waits here; answers its name, if it waited.
    pub(super) fn withdraw(&mut self, webhook: WebhookId, event: EventId) -> Option<DeliveryKey> {
        let lane = self.lanes.get_mut(&webhook)?;
        let place = lane.waiting.iter().position(|delivery| delivery.event == event)?;
        let withdrawn = lane.waiting.remove(place)?;
        if lane.backlog {
            // It may have been the last one, whose start would have seen to the others.
            self.due.no_later_than(webhook, Timestamp::from_millis(i64::MIN));
        }
        self.waiting -= 1;
        self.room_made = true;
        self.drop_idle_lane(webhook);
        Some(withdrawn.key)
    }

    /// Stops starting anything for a webhook; answers what was waiting.
    fn unroute(&mut self, webhook: WebhookId) -> Vec<DeliveryKey> {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return Vec::new() };
        lane.route = None;
        lane.webhook = None;
        lane.backlog = false;
        let waiting: Vec<_> = lane.waiting.drain(..).map(|delivery| delivery.key).collect();
        self.waiting -= waiting.len();
        self.drop_idle_lane(webhook);
        waiting
    }

    /// Whether [`Board::start`] would start something, or at least has a lane to look at.
    pub(super) fn may_start(&self) -> bool {
        let in_flight = self.proven + self.unproven;
        let room = !self.stopped
            && in_flight < self.limits.in_flight
            && self.in_hand < self.limits.unsettled;
        let [proven, unproven] = &self.turns;
        room && (!proven.is_empty() || (!unproven.is_empty() && self.has_room_for_unproven()))
    }

    fn has_room_for_unproven(&self) -> bool {
        self.unproven < self.limits.in_flight.div_ceil(2) && self.slow < self.limits.slow
    }

    /// The next delivery to attempt, if one may start now. Lanes take turns; proven ones first,
    /// the others within half of what may be in flight.
    pub(super) fn start(&mut self) -> Option<Job> {
        if !self.may_start() {
            return None;
        }
        if let Some(job) = self.take_turn(Budget::Proven) {
            return Some(job);
        }
        if self.has_room_for_unproven() { self.take_turn(Budget::Unproven) } else { None }
    }

    fn take_turn(&mut self, budget: Budget) -> Option<Job> {
        let turns = usize::from(budget != Budget::Proven);
        while let Some(webhook) = self.turns[turns].pop_front() {
            let Some(lane) = self.lanes.get_mut(&webhook) else { continue };
            lane.queued = false;
            if !lane.may_start() {
                continue;
            }
            let (Some(delivery), Some(route)) = (lane.waiting.pop_front(), lane.route.clone())
            else {
                continue;
            };
            lane.in_flight += 1;
            if lane.backlog && !lane.is_well_supplied(self.limits.waiting_per_webhook) {
                // At once, whatever the clock shows: `due_at` may be ahead of one that went back.
                self.due.no_later_than(webhook, Timestamp::from_millis(i64::MIN));
                self.room_made = true;
            }
            self.room_made |= self.waiting == self.limits.waiting;
            self.waiting -= 1;
            self.in_hand += 1;
            *self.count(budget) += 1;
            self.queue(webhook);
            return Some(Job { delivery, route, budget });
        }
        None
    }

    /// An attempt has become slow: it makes room for others.
    pub(super) fn slowed(&mut self, budget: Budget) -> Budget {
        *self.count(budget) -= 1;
        self.slow += 1;
        Budget::Slow
    }

    /// Whether, since this was last asked, room was made for what is due in the store.
    pub(super) fn take_room_made(&mut self) -> bool {
        std::mem::take(&mut self.room_made)
    }

    /// An attempt has ended; it is still to be recorded. Answers when anything was last delivered
    /// to its webhook.
    pub(super) fn ended(
        &mut self,
        webhook: WebhookId,
        budget: Budget,
        answer: &Answer,
        at: Timestamp,
    ) -> Option<Timestamp> {
        *self.count(budget) -= 1;
        let lane = self.lanes.get_mut(&webhook)?;
        lane.in_flight -= 1;
        lane.window.learn(answer);
        if answer.is_success() {
            lane.succeeded_at = lane.succeeded_at.max(Some(at));
        }
        let succeeded_at = lane.succeeded_at;
        self.queue(webhook);
        succeeded_at
    }

    /// A delivery that was started is not attempted after all: nothing is learned or recorded of it.
    pub(super) fn let_go(&mut self, webhook: WebhookId, budget: Budget) {
        *self.count(budget) -= 1;
        self.in_hand -= 1;
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            lane.in_flight -= 1;
            self.queue(webhook);
        }
    }

    /// Ended attempts were recorded (or given back).
    pub(super) fn recorded(&mut self, count: usize) {
        self.in_hand -= count;
    }

    /// Starts nothing any more; answers what was waiting.
    pub(super) fn stop(&mut self) -> Vec<DeliveryKey> {
        self.stopped = true;
        self.waiting = 0;
        let lanes = self.lanes.values_mut();
        lanes.flat_map(|lane| lane.waiting.drain(..)).map(|delivery| delivery.key).collect()
    }

    /// The webhook's lane. One that is new, or was dropped while it was idle, cannot tell when its
    /// webhook was last forgotten: so it was at the last change of any.
    fn lane(&mut self, webhook: WebhookId) -> &mut Lane {
        let (most, changes) = (self.most_per_webhook, self.changes);
        self.lanes.entry(webhook).or_insert_with(|| Lane::new(most, changes))
    }

    fn count(&mut self, budget: Budget) -> &mut usize {
        match budget {
            Budget::Proven => &mut self.proven,
            Budget::Unproven => &mut self.unproven,
            Budget::Slow => &mut self.slow,
        }
    }

    /// Gives a lane its turn, if it may start something and does not wait for its turn already.
    fn queue(&mut self, webhook: WebhookId) {
        let Some(lane) = self.lanes.get_mut(&webhook) else { return };
        if lane.may_start() && !lane.queued {
            lane.queued = true;
            self.turns[usize::from(!lane.window.is_proven())].push_back(webhook);
        } else {
            self.drop_idle_lane(webhook);
        }
    }

    fn drop_idle_lane(&mut self, webhook: WebhookId) {
        if self.lanes.len() > MOST_LANES && self.lanes.get(&webhook).is_some_and(Lane::is_idle) {
            self.lanes.remove(&webhook);
        }
    }
}

#[cfg(test)]
mod tests;
