//! `herald resend`: one attempt at once, outside of the schedule.

use herald_domain::id::{DeliveryId, EventId, WebhookId};
use serde_json::{Value, json};

use super::{api::Api, connection::Connection, deliveries, failure::Failure, output};
use crate::terminal::say;

/// Send again, at once: one delivery, or an event to its webhooks
///
/// Makes one attempt outside of the schedule, waits for its end and shows it. A success makes the
/// delivery delivered, whatever it was; a failure changes nothing, and the schedule goes on as it
/// was. Exits with 1 if an attempt failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald resend 5eb04fcd0f3e360008035eb3
  herald resend --event 5eb04fcd0f3e360008035eb2
  herald resend --event 5eb04fcd0f3e360008035eb2 --webhook 5eb04fcd0f3e360008035eb1")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Which delivery
    #[arg(required_unless_present = "event", conflicts_with_all = ["event", "webhook"])]
    delivery: Option<DeliveryId>,
    /// All deliveries of this event, instead of one
    #[arg(long, value_name = "EVENT")]
    event: Option<EventId>,
    /// Only the event's delivery to this webhook
    #[arg(long, value_name = "ID", requires = "event")]
    webhook: Option<WebhookId>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let api = args.connection.open()?;
    let Some(event) = args.event else {
        let delivery = args.delivery.map(|id| id.to_string()).unwrap_or_default();
        let answer = api.post(&["v1", "deliveries", &delivery, "resend"], &json!({})).await?;
        api.show(&answer, resent)?;
        return all_succeeded(std::slice::from_ref(&answer.value()?));
    };
    resend_event(&api, event, args.webhook).await
}

async fn resend_event(
    api: &Api,
    event: EventId,
    webhook: Option<WebhookId>,
) -> Result<(), Failure> {
    let body = webhook.map_or(json!({}), |id| json!({ "webhookId": id.to_string() }));
    let answer = api.post(&["v1", "events", &event.to_string(), "resend"], &body).await?;
    let value = answer.value()?;
    let items = value["items"].as_array().map_or(&[][..], Vec::as_slice);
    if api.json {
        output::json(&answer.bytes);
    } else if items.is_empty() {
        say("this event has no delivery that could be sent again");
    } else {
        say(&items.iter().map(resent).collect::<Vec<_>>().join("\n\n"));
    }
    all_succeeded(items)
}

fn resent(item: &Value) -> String {
    let delivery = &item["delivery"];
    let names = [("delivery", "id"), ("webhook", "webhookId"), ("state", "state")];
    let head = output::details(delivery, &names);
    format!("{head}\n{}", deliveries::attempt(&item["attempt"]))
}

fn all_succeeded(items: &[Value]) -> Result<(), Failure> {
    let failed = items.iter().any(|item| output::has(&item["attempt"], "error"));
    if failed { Err(Failure::Said) } else { Ok(()) }
}
