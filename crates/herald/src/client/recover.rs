//! `herald recover`: send all that a webhook missed since a time.

use clap::ValueEnum;
use herald_domain::id::WebhookId;
use serde_json::json;

use super::{connection::Connection, failure::Failure, moment::Moment, output, recoveries};
use crate::terminal::say;

/// Send all that a webhook missed since a time
///
/// Held and exhausted deliveries become due at once, each with a fresh schedule, as a job of
/// Herald's that goes on if this command is ended. It waits for the job and shows how far it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald recover 5eb04fcd0f3e360008035eb2 --since 2026-01-31T09:30:00Z --dry-run
  herald recover 5eb04fcd0f3e360008035eb2 --since 6h
  herald recover 5eb04fcd0f3e360008035eb2 --since 2d --state held --no-wait")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Which webhook; it has to be enabled
    webhook: WebhookId,
    /// Only what was created then or later: a time, a date, or how long ago, such as 6h
    #[arg(long, value_name = "TIME")]
    since: Moment,
    /// Only say how many deliveries there are
    #[arg(long)]
    dry_run: bool,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Do not wait for the job's end
    #[arg(long)]
    no_wait: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Held,
    Exhausted,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let api = args.connection.open()?;
    let mut body = json!({ "since": args.since.0.to_string() });
    if let Some(state) = args.state.and_then(|state| state.to_possible_value()) {
        body["states"] = json!([state.get_name()]);
    }
    if args.dry_run {
        body["dryRun"] = true.into();
    }
    let webhook = args.webhook.to_string();
    let answer = api.post(&["v1", "webhooks", &webhook, "recover"], &body).await?;
    if args.dry_run {
        return api.show(&answer, |counted| {
            let total = output::field(counted, "total");
            format!("{total} deliveries would be sent; without --dry-run they are")
        });
    }
    if args.no_wait {
        api.show(&answer, recoveries::details)?;
        if !api.json {
            let id = output::field(&answer.value()?, "id");
            say(&format!("`herald recoveries get {id} --wait` waits for its end"));
        }
        return Ok(());
    }
    recoveries::wait(&api, answer).await
}
