//! `herald deliveries`: was it sent, what was answered, when is it tried again, why not?

use clap::{Subcommand, ValueEnum};
use herald_domain::id::{DeliveryId, EventId, WebhookId};
use serde_json::Value;

use super::{
    api::Api,
    connection::Connection,
    failure::Failure,
    listing::{self, Pages, Times},
    output::{self, Column, field, has},
};

/// Look at deliveries: was it sent, and what was answered?
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald deliveries list --state exhausted
  herald deliveries get 5eb04fcd0f3e360008035eb2")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(List),
    Get(Get),
}

/// List deliveries, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald deliveries list --webhook 5eb04fcd0f3e360008035eb2 --state pending
  herald deliveries list --type check.completed --created-after 2h --all --json")]
struct List {
    /// Only to this webhook
    #[arg(long, value_name = "ID")]
    webhook: Option<WebhookId>,
    /// Only of this event
    #[arg(long, value_name = "ID")]
    event: Option<EventId>,
    /// Only in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only of events of this type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    pages: Pages,
}

/// Show one delivery with its attempts: what was done, and what came back
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald deliveries get 5eb04fcd0f3e360008035eb2")]
struct Get {
    /// Its id
    id: DeliveryId,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Pending,
    Delivered,
    Exhausted,
    Held,
    Cancelled,
}

const COLUMNS: &[Column] = &[
    ("ID", |delivery| field(delivery, "id")),
    ("TYPE", |delivery| field(delivery, "eventType")),
    ("STATE", |delivery| field(delivery, "state")),
    ("ATTEMPTS", |delivery| field(delivery, "attemptCount")),
    ("LAST ANSWER", last_answer),
    ("NEXT ATTEMPT", |delivery| field(delivery, "nextAttemptAt")),
    ("WEBHOOK", |delivery| field(delivery, "webhookId")),
    ("CREATED", |delivery| field(delivery, "createdAt")),
];

/// The status if there was one: that it was no 2xx is plain then.
fn last_answer(delivery: &Value) -> String {
    field(delivery, if has(delivery, "lastStatus") { "lastStatus" } else { "lastError" })
}

pub(super) async fn run(Args { connection, action }: Args) -> Result<(), Failure> {
    let api = connection.open()?;
    match action {
        Action::List(args) => list(&api, args).await,
        Action::Get(Get { id }) => {
            api.show(&api.get(&["v1", "deliveries", &id.to_string()], &vec![]).await?, details)
        }
    }
}

async fn list(api: &Api, args: List) -> Result<(), Failure> {
    let state = args.state.and_then(|state| state.to_possible_value());
    let own = [
        ("webhookId", args.webhook.map(|id| id.to_string())),
        ("eventId", args.event.map(|id| id.to_string())),
        ("state", state.map(|state| state.get_name().to_owned())),
        ("type", args.event_type),
    ];
    let query = listing::given(own.into_iter().chain(args.times.query())).collect();
    listing::show(api, &["v1", "deliveries"], query, &args.pages, COLUMNS).await
}

/// A delivery and its attempts for people.
pub(super) fn details(delivery: &Value) -> String {
    let head = output::details(
        delivery,
        &[
            ("delivery", "id"),
            ("state", "state"),
            ("event", "eventId"),
            ("type", "eventType"),
            ("webhook", "webhookId"),
            ("attempts", "attemptCount"),
            ("next attempt", "nextAttemptAt"),
            ("created", "createdAt"),
            ("updated", "updatedAt"),
        ],
    );
    let attempts = delivery["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let blocks = std::iter::once(head).chain(attempts.iter().map(attempt));
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// Longest piece of a response's body that is shown; `--json` has all that is kept.
const BODY_SHOWN: usize = 400;

/// An attempt for people: when, where to, what came back.
pub(super) fn attempt(attempt: &Value) -> String {
    let by_hand = if attempt["manual"] == true { "  (sent by hand)" } else { "" };
    let outcome = if has(attempt, "status") {
        field(attempt, "status")
    } else {
        field(&attempt["error"], "class")
    };
    let mut lines = vec![format!(
        "#{}  {}  {outcome} after {} ms{by_hand}",
        field(attempt, "number"),
        field(attempt, "startedAt"),
        field(attempt, "durationMs"),
    )];
    let address = attempt["address"].as_str();
    let address = address.map_or_else(String::new, |text| format!(" ({})", output::plain(text)));
    lines.push(format!("    POST {}{address}", field(attempt, "url")));
    if has(attempt, "error") {
        lines.push(format!("    failed: {}", field(&attempt["error"], "message")));
    }
    let response = &attempt["response"];
    let body = response["body"].as_str().unwrap_or_default();
    if !body.is_empty() {
        let shown: String = body.chars().take(BODY_SHOWN).collect();
        let more =
            if shown.len() < body.len() || response["truncated"] == true { " …" } else { "" };
        let shown = shown.lines().map(output::plain).collect::<Vec<_>>().join("\n              ");
        lines.push(format!("    answered: {shown}{more}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_timeline_tells_each_attempt_and_what_came_back() {
        let delivery = json!({
            "id": "d", "eventId": "e", "eventType": "client.created", "webhookId": "w",
            "state": "pending", "attemptCount": 2, "nextAttemptAt": "2026-01-31T09:32:00.000Z",
            "attempts": [
                { "number": 1, "startedAt": "2026-01-31T09:30:00.000Z", "durationMs": 84,
                  "url": "https://h/", "address": "192.0.2.1:443", "status": 503,
                  "error": { "class": "status", "message": "the receiver answered 503" },
                  "response": { "status": 503, "body": "busy\u{1b}\nlater", "truncated": false } },
                { "number": 2, "startedAt": "2026-01-31T09:31:00.000Z", "durationMs": 9,
                  "url": "https://h/", "manual": true,
                  "error": { "class": "timeout", "message": "no answer" } },
            ],
        });
        assert_eq!(
            details(&delivery),
            "delivery      d\nstate         pending\nevent         e\ntype          client.created\n\
             webhook       w\nattempts      2\nnext attempt  2026-01-31T09:32:00.000Z\n\n\
             #1  2026-01-31T09:30:00.000Z  503 after 84 ms\n    POST https://h/ (192.0.2.1:443)\n    \
             failed: the receiver answered 503\n    answered: busy\u{fffd}\n              later\n\n\
             #2  2026-01-31T09:31:00.000Z  timeout after 9 ms  (sent by hand)\n    POST https://h/\n    \
             failed: no answer"
        );
    }
}
