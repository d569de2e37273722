//! `herald switch-secret`: the ComplyCube header is made with the new secret from now on.

use herald_domain::id::WebhookId;
use serde_json::json;

use super::{connection::Connection, failure::Failure, webhooks};

/// Make the ComplyCube header with the new secret from now on
///
/// After `herald rotate-secret`, once every program that verifies has the new secret.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald switch-secret 5eb04fcd0f3e360008035eb2")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Which webhook
    webhook: WebhookId,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let api = args.connection.open()?;
    let path = ["v1", "webhooks", &args.webhook.to_string(), "switchSecret"];
    api.show(&api.post(&path, &json!({})).await?, webhooks::details)
}
