//! `herald trigger`: a test event of any type, to one webhook.

use herald_domain::id::WebhookId;
use serde_json::{Value, json};

use super::{connection::Connection, failure::Failure, output};

/// Send a test event of a type to a webhook
///
/// The event is a realistic sample. It is recorded and delivered like any other, but to this
/// webhook only, whether or not it asked for the type. `herald event-types list` shows the types.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald event-types list
  herald trigger check.completed --webhook 5eb04fcd0f3e360008035eb2")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Which type of event
    #[arg(value_name = "TYPE")]
    event_type: String,
    /// To which webhook; it has to be enabled
    #[arg(long, value_name = "ID")]
    webhook: WebhookId,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let api = args.connection.open()?;
    let path = ["v1", "webhooks", &args.webhook.to_string(), "test"];
    let answer = api.post(&path, &json!({ "type": args.event_type })).await?;
    api.show(&answer, accepted)
}

fn accepted(answer: &Value) -> String {
    let names = [("event", "eventId"), ("delivery", "deliveryId")];
    let delivery = output::field(answer, "deliveryId");
    let ids = output::details(answer, &names);
    format!("{ids}\n`herald deliveries get {delivery}` shows what becomes of it")
}
