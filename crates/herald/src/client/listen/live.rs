//! The stream of what arrives at an endpoint. A connection that is lost is made again, and goes on
//! after the last event that was seen.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};

use super::events::{Event, Parser};
use crate::{
    client::{api::Api, failure::Failure},
    terminal::complain,
};

/// A stream that says nothing for so long may be dead without anybody having told: going on after
/// the last event on a new connection costs nothing.
const SILENCE: Duration = Duration::from_secs(90);

/// Shortest and longest pause before another try.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// The event that carries what arrived.
const REQUEST: &str = "request";

/// What arrives at an endpoint.
pub(super) struct Live<'a> {
    api: &'a Api,
    endpoint: String,
    /// How long to go on trying when the connection is lost.
    patience: Duration,
    body: Incoming,
    parser: Parser,
    ready: VecDeque<Event>,
    /// The last event that was handed out.
    last: Option<String>,
}

impl<'a> Live<'a> {
    pub(super) async fn open(
        api: &'a Api,
        endpoint: String,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let body = api.follow(&["v1", "endpoints", &endpoint, "live"], None).await?;
        let (parser, ready) = (Parser::default(), VecDeque::new());
        Ok(Self { api, endpoint, patience, body, parser, ready, last: None })
    }

    /// The next request that arrives.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                if event.name == REQUEST && !self.was_seen(&event) {
                    self.last.clone_from(&event.id);
                    return Ok(event);
                }
            }
            if let Err(lost) = self.read().await {
                self.open_again(lost).await?;
            }
        }
    }

    /// Reads what has come. `None` as an error is a silence, not a loss.
    async fn read(&mut self) -> Result<(), Option<String>> {
        let frame = timeout(SILENCE, self.body.frame()).await.map_err(|_| None)?;
        let frame = frame.ok_or_else(|| Some("it was ended".to_owned()))?;
        let frame = frame.map_err(|error| Some(error.to_string()))?;
        let Ok(bytes) = frame.into_data() else { return Ok(()) };
        let events = self.parser.push(&bytes);
        self.ready.extend(events.map_err(|_| Some("an event has no end".to_owned()))?);
        Ok(())
    }

    /// Herald numbers what arrives, so after a new connection an older number is a repetition.
    fn was_seen(&self, event: &Event) -> bool {
        let number = |id: &Option<String>| id.as_ref().and_then(|id| id.parse::<u64>().ok());
        match (number(&event.id), number(&self.last)) {
            (Some(this), Some(last)) => this <= last,
            _ => event.id.is_some() && event.id == self.last,
        }
    }

    async fn open_again(&mut self, lost: Option<String>) -> Result<(), Failure> {
        let since = Instant::now();
        let (mut pause, longest) = PAUSES;
        if let Some(lost) = &lost {
            complain(&format!("the connection to Herald is lost ({lost}); trying again"));
        }
        loop {
            // Nothing seen yet is everything still to come: numbers begin at 1.
            let last = self.last.as_deref().unwrap_or("0");
            match self.api.follow(&["v1", "endpoints", &self.endpoint, "live"], Some(last)).await {
                Ok(body) => {
                    (self.body, self.parser) = (body, Parser::default());
                    if lost.is_some() {
                        complain("connected again");
                    }
                    return Ok(());
                }
                Err(Failure::Unreachable(_)) if since.elapsed() + pause <= self.patience => {}
                Err(failure) => return Err(failure),
            }
            sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }
}
