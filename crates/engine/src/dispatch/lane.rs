//! One webhook's lane: what waits for it in memory, and how much may be in flight to it.

use std::{collections::VecDeque, sync::Arc};

use herald_domain::{
    attempt::{Answer, ErrorClass},
    time::Timestamp,
    webhook::Webhook,
};
use herald_store::{Claimed, Destination};

use super::route::{Route, Router};

/// How many attempts may be in flight to a webhook of which nothing is known yet.
const FIRST_WINDOW: f64 = 4.0;

/// One webhook's lane.
pub(super) struct Lane {
    /// How to reach it; unknown after a change, until it is claimed anew.
    pub route: Option<Arc<Route>>,
    /// What the route was made of.
    pub webhook: Option<Arc<Webhook>>,
    /// Claimed and not started, the oldest first.
    pub waiting: VecDeque<Claimed>,
    /// Started and not ended.
    pub in_flight: usize,
    /// More is due in the store than was claimed: what is fresh waits its turn there too.
    pub backlog: bool,
    /// It is in the queue of lanes that may start something.
    pub queued: bool,
    /// When it was last forgotten, in changes of the board.
    pub forgotten: u64,
    /// When anything was last delivered to it.
    pub succeeded_at: Option<Timestamp>,
    pub window: Window,
}

impl Lane {
    pub(super) fn new(most: usize, forgotten: u64) -> Self {
        Self {
            route: None,
            webhook: None,
            waiting: VecDeque::new(),
            in_flight: 0,
            backlog: false,
            queued: false,
            forgotten,
            succeeded_at: None,
            window: Window::new(most),
        }
    }

    /// Takes in how to reach the webhook, if that is news.
    pub(super) fn learn(&mut self, destination: Destination, router: &Router) {
        self.succeeded_at = self.succeeded_at.max(destination.succeeded_at);
        if self.webhook.as_ref() != Some(&destination.webhook) {
            self.route = Some(router.route(&destination.webhook));
            self.webhook = Some(destination.webhook);
        }
    }

    /// Whether it has enough in memory to go on with, before more is claimed.
    pub(super) fn is_well_supplied(&self, most: usize) -> bool {
        self.waiting.len() > most / 2
    }

    /// Whether something of it may start now.
    pub(super) fn may_start(&self) -> bool {
        self.route.is_some() && !self.waiting.is_empty() && self.in_flight < self.window.size()
    }

    /// Whether nothing would be lost by forgetting it.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight == 0 && !self.backlog
    }
}

/// How many attempts may be in flight to one webhook: widened by successes, halved by signs of
/// overload. Above the size at which it last was too much, it widens by one a round trip, so a
/// receiver that comes back to a long backlog meets a ramp.
#[derive(Debug)]
pub(super) struct Window {
    size: f64,
    most: f64,
    /// Where it last was too much.
    gentle_above: f64,
    proven: bool,
}

impl Window {
    fn new(most: usize) -> Self {
        let most = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
        Self { size: FIRST_WINDOW.min(most), most, gentle_above: f64::INFINITY, proven: false }
    }

    /// Attempts that may be in flight: at least one.
    pub(super) fn size(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1.0 to most")]
        let size = self.size as usize;
        size.max(1)
    }

    /// Whether the last that was heard of it was an answer in good time.
    pub(super) fn is_proven(&self) -> bool {
        self.proven
    }

    /// Starts over gently, such as after the webhook was enabled again.
    pub(super) fn begin_gently(&mut self) {
        *self = Self { gentle_above: FIRST_WINDOW, ..Self::new(self.most_usize()) };
    }

    /// So many may be in flight from now on.
    pub(super) fn limit_to(&mut self, most: usize) {
        self.most = Self::new(most).most;
        self.size = self.size.min(self.most);
    }

    /// Learns from an answer.
    pub(super) fn learn(&mut self, answer: &Answer) {
        if is_overload(answer) {
            self.size = (self.size / 2.0).max(1.0);
            self.gentle_above = self.size;
            self.proven = false;
            return;
        }
        self.proven = true;
        if answer.is_success() {
            let step = if self.size < self.gentle_above { 1.0 } else { 1.0 / self.size };
            self.size = (self.size + step).min(self.most);
        }
    }

    fn most_usize(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "was a usize")]
        let most = self.most as usize;
        most
    }
}

/// Answers that say "too much" or "not there", as opposed to "not this".
fn is_overload(answer: &Answer) -> bool {
    match answer {
        Answer::Response(response) => matches!(response.status, 429 | 502..=504),
        Answer::Failure(failure) => matches!(
            failure.class,
            ErrorClass::Timeout
                | ErrorClass::ConnectionRefused
                | ErrorClass::ConnectionFailed
                | ErrorClass::ConnectionClosed
                | ErrorClass::DnsTimeout
                | ErrorClass::DnsFailed
        ),
    }
}

#[cfg(test)]
mod tests {
    use herald_domain::attempt::{Failure, Response};

    use super::*;

    fn status(status: u16) -> Answer {
        let (headers, body) = (Vec::new(), bytes::Bytes::new());
        Answer::Response(Response { status, headers, body, truncated: false })
    }

    fn timeout() -> Answer {
        Answer::Failure(Failure { class: ErrorClass::Timeout, detail: String::new() })
    }

    #[test]
    fn successes_widen_the_window_up_to_its_most() {
        let mut window = Window::new(64);
        assert_eq!(window.size(), 4);
        (0..200).for_each(|_| window.learn(&status(204)));
        assert_eq!(window.size(), 64);
    }

    #[test]
    fn a_hanging_receiver_is_left_one_attempt_and_no_proof() {
        let mut window = Window::new(64);
        window.learn(&status(200));
        assert!(window.is_proven());
        (0..20).for_each(|_| window.learn(&timeout()));
        assert_eq!((window.size(), window.is_proven()), (1, false));
    }

    #[test]
    fn after_trouble_the_window_widens_by_one_a_round_trip() {
        let mut window = Window::new(64);
        (0..200).for_each(|_| window.learn(&status(200)));
        window.learn(&status(503));
        assert_eq!(window.size(), 32);
        (0..33).for_each(|_| window.learn(&status(200)));
        assert_eq!(window.size(), 33);
    }

    #[test]
    fn another_limit_counts_at_once_and_is_no_trouble() {
        let mut window = Window::new(64);
        (0..200).for_each(|_| window.learn(&status(200)));
        window.limit_to(16);
        assert_eq!(window.size(), 16);
        (0..16).for_each(|_| window.learn(&status(200)));
        assert_eq!(window.size(), 16);
        window.limit_to(32);
        (0..16).for_each(|_| window.learn(&status(200)));
        assert_eq!((window.size(), window.is_proven()), (32, true));
    }

    #[test]
    fn after_trouble_another_limit_leaves_the_window_gentle() {
        let mut window = Window::new(64);
        (0..200).for_each(|_| window.learn(&status(200)));
        window.learn(&status(503));
        window.limit_to(32);
        window.limit_to(64);
        (0..33).for_each(|_| window.learn(&status(200)));
        assert_eq!(window.size(), 33);
    }

    #[test]
    fn a_refused_notification_is_no_overload() {
        let mut window = Window::new(8);
        window.learn(&status(400));
        assert_eq!((window.size(), window.is_proven()), (4, true));
    }
}
