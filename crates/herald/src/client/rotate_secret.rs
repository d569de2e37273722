//! `herald rotate-secret`: a new signing secret, with an overlap.

use herald_domain::id::WebhookId;
use serde_json::json;

use super::{connection::Connection, failure::Failure, moment::Span, webhooks};

/// Give a webhook a new signing secret, and show it, once
///
/// During the overlap the Standard Webhooks header has the signatures of both secrets. The
/// ComplyCube header, which can have one only, is made with the old secret until `herald
/// switch-secret`, or the overlap's end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald rotate-secret 5eb04fcd0f3e360008035eb2                  then tell your program, then:
  herald switch-secret 5eb04fcd0f3e360008035eb2
  herald rotate-secret 5eb04fcd0f3e360008035eb2 --switch-now     the old secret has leaked")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Which webhook
    webhook: WebhookId,
    /// How long both secrets count, at most 7d
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    overlap: Span,
    /// Make the ComplyCube header with the new secret from now on
    #[arg(long)]
    switch_now: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let api = args.connection.open()?;
    let switch = if args.switch_now { "now" } else { "later" };
    let body = json!({ "overlapSeconds": args.overlap.0.as_secs(), "switch": switch });
    let path = ["v1", "webhooks", &args.webhook.to_string(), "rotateSecret"];
    api.show(&api.post(&path, &body).await?, webhooks::details)
}
