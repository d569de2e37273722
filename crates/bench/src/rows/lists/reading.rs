//! Which pages are read, and the client that reads them.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use herald_domain::time::Timestamp;
use tokio::net::TcpStream;

use super::filling::{Filled, SPAN};
use crate::{
    herald::{Account, Herald},
    http1::Messages,
    measure::Latencies,
};

/// What is read: what it is called, and its address. `{middle}` and `{last}` are pages of the list
/// as long as it was when it was read last; `{webhook}`, `{event}` and `{delivery}` are one in the
/// middle; `{type}` is one of the types, `{half}` half of the time ago, `{day}` a day.
pub(crate) const PAGES: &[(&str, &str)] = &[
    ("deliveries", "/v1/deliveries"),
    ("1,000 deliveries", "/v1/deliveries?pageSize=1000"),
    ("middle page", "/v1/deliveries?page={middle}"),
    ("last page", "/v1/deliveries?page={last}"),
    ("pending", "/v1/deliveries?state=pending"),
    ("delivered", "/v1/deliveries?state=delivered"),
    ("delivered, middle", "/v1/deliveries?state=delivered&page={middle}"),
    ("exhausted", "/v1/deliveries?state=exhausted"),
    ("exhausted, last", "/v1/deliveries?state=exhausted&page={last}"),
    ("held", "/v1/deliveries?state=held"),
    ("cancelled", "/v1/deliveries?state=cancelled"),
    ("of webhook", "/v1/deliveries?webhookId={webhook}"),
    ("of webhook, middle", "/v1/deliveries?webhookId={webhook}&page={middle}"),
    ("of webhook, pending", "/v1/deliveries?webhookId={webhook}&state=pending"),
    ("of webhook, delivered", "/v1/deliveries?webhookId={webhook}&state=delivered&page={middle}"),
    ("of event", "/v1/deliveries?eventId={event}"),
    ("of type", "/v1/deliveries?type={type}"),
    ("of type, middle", "/v1/deliveries?type={type}&page={middle}"),
    ("since half", "/v1/deliveries?createdAfter={half}"),
    ("since half, middle", "/v1/deliveries?createdAfter={half}&page={middle}"),
    ("since a day", "/v1/deliveries?createdAfter={day}"),
    ("changed since a day", "/v1/deliveries?updatedAfter={day}"),
    (
        "combination",
        "/v1/deliveries?webhookId={webhook}&state=delivered&type={type}&createdAfter={half}",
    ),
    ("delivery", "/v1/deliveries/{delivery}"),
    ("events", "/v1/events"),
    ("1,000 events", "/v1/events?pageSize=1000"),
    ("events, middle", "/v1/events?page={middle}"),
    ("events, last", "/v1/events?page={last}"),
    ("events of type", "/v1/events?type={type}"),
    ("events of type, middle", "/v1/events?type={type}&page={middle}"),
    ("events since half", "/v1/events?createdAfter={half}"),
    ("events since a day", "/v1/events?createdAfter={day}"),
    ("event", "/v1/events/{event}"),
    ("why", "/v1/events/{event}/why"),
    ("statistics, a day", "/v1/webhooks/{webhook}/statistics"),
    ("statistics, by hour", "/v1/webhooks/{webhook}/statistics?from={start}"),
    ("statistics, by day", "/v1/webhooks/{webhook}/statistics?from={start}&by=day"),
    ("portal: overview", "/portal/test"),
    ("portal: webhooks", "/portal/test/webhooks"),
    ("portal: webhook", "/portal/test/webhooks/{webhook}"),
    ("portal: deliveries", "/portal/test/deliveries"),
    ("portal: pending", "/portal/test/deliveries?state=pending"),
    ("portal: held", "/portal/test/deliveries?state=held"),
    ("portal: of webhook", "/portal/test/deliveries?webhookId={webhook}"),
    ("portal: page 20,000", "/portal/test/deliveries?page=20000"),
    ("portal: events", "/portal/test/events"),
    ("portal: of type", "/portal/test/events?type={type}"),
    ("portal: events since", "/portal/test/events?createdAfter={half}"),
    ("portal: event", "/portal/test/events/{event}"),
    ("portal: delivery", "/portal/test/deliveries/{delivery}"),
];

/// Items of a page, unless the address says otherwise.
const SIZE: u64 = 100;

/// What was found of a page.
pub(super) struct Found {
    pub(super) latencies: Latencies,
    reads: u64,
    /// Of the last one read.
    bytes: usize,
    total: Option<u64>,
}

impl Found {
    pub(super) fn remark(&self) -> String {
        let Self { reads, bytes, total, .. } = self;
        let total = total.map(|total| format!(", {total} in all")).unwrap_or_default();
        format!("read {reads} times, {} KiB{total}", bytes.div_ceil(1024))
    }
}

/// One client.
#[derive(Clone)]
pub(super) struct Reader {
    address: SocketAddr,
    key: String,
    cookie: String,
    /// What stands for what in the addresses of pages.
    words: Vec<(&'static str, String)>,
}

impl Reader {
    pub(super) async fn new(
        herald: &Herald,
        account: &Account,
        filled: &Filled,
        deliveries: usize,
    ) -> Result<Self> {
        let ago = |time: std::time::Duration| {
            let millis = filled.now.millis() - i64::try_from(time.as_millis()).unwrap_or_default();
            Timestamp::from_millis(millis).to_string()
        };
        let middle = format!("/v1/deliveries?page={}", (deliveries / 200).max(1));
        let some = herald.list(account, &middle).await?;
        let text = |field: &str| {
            let found = some.first().and_then(|one| one[field].as_str());
            found.map(String::from).with_context(|| format!("a delivery has {field}"))
        };
        let words = vec![
            ("{webhook}", filled.webhook.to_string()),
            ("{event}", text("eventId")?),
            ("{delivery}", text("id")?),
            ("{type}", text("eventType")?),
            ("{half}", ago(SPAN / 2)),
            ("{day}", ago(std::time::Duration::from_secs(86_400))),
            ("{start}", filled.since.to_string()),
        ];
        let cookie = herald.sign_in(account).await?;
        let (address, key) = (herald.address(), account.key.clone());
        Ok(Self { address, key, cookie, words })
    }

    /// Reads all pages, round and round, until it is told to stop.
    pub(super) async fn read(self, stop: &AtomicBool) -> Result<Vec<Found>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut messages = Messages::new(stream);
        let mut all = Vec::with_capacity(PAGES.len());
        for _ in PAGES {
            all.push(Found { latencies: Latencies::new()?, reads: 0, bytes: 0, total: None });
        }
        let mut first = true;
        loop {
            for ((name, page), found) in PAGES.iter().zip(&mut all) {
                if stop.load(Ordering::Relaxed) && found.reads > 0 {
                    return Ok(all);
                }
                if first && ["{middle}", "{last}"].iter().any(|word| page.contains(word)) {
                    // Which page that is, is told by another page.
                    let request = self.request(page, None);
                    found.total = total(&ask(&mut messages, name, &request).await?);
                }
                let request = self.request(page, found.total);
                let began = Instant::now();
                let body = ask(&mut messages, name, &request).await?;
                found.latencies.note(began.elapsed());
                ensure!(!body.contains(r#""items":[]"#), "{name}: nothing is on the page");
                found.total = total(&body);
                found.bytes = body.len();
                found.reads += 1;
            }
            first = false;
        }
    }

    fn request(&self, page: &str, total: Option<u64>) -> String {
        let pages = total.map_or(1, |total| total.div_ceil(SIZE));
        let mut path = page.to_owned();
        for (word, value) in &self.words {
            path = path.replace(word, value);
        }
        path = path.replace("{middle}", &(pages / 2).max(1).to_string());
        path = path.replace("{last}", &pages.max(1).to_string());
        let (address, key, cookie) = (self.address, &self.key, &self.cookie);
        format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {key}\r\nCookie: {cookie}\r\n\r\n"
        )
    }
}

async fn ask(messages: &mut Messages<TcpStream>, name: &str, request: &str) -> Result<String> {
    messages.send(request.as_bytes()).await?;
    let answer = messages.next().await?.context("Herald hung up")?;
    let body = String::from_utf8_lossy(answer.body);
    let line = String::from_utf8_lossy(answer.start);
    ensure!(answer.second_word() == b"200", "{name}: {line}: {body}");
    Ok(body.into_owned())
}

/// How long a list is, as its page says; pages of the portal do not.
fn total(body: &str) -> Option<u64> {
    let (_, rest) = body.split_once(r#""totalItems":"#)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
