//! `herald events`: what happened.

use clap::Subcommand;
use herald_domain::id::EventId;
use serde_json::Value;

use super::{
    connection::Connection,
    failure::Failure,
    listing::{self, Pages, Times},
    output::{self, Column, field},
};

/// Look at events: what happened, whoever was told
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald events list --type check.completed --created-after 2h
  herald events get 5eb04fcd0f3e360008035eb2 --json")]
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

/// List events, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald events list --resource-type client
  herald events list --created-after 2026-01-31 --all --json")]
struct List {
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only about this kind of resource: client, address, document or check
    #[arg(long, value_name = "KIND")]
    resource_type: Option<String>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    pages: Pages,
}

/// Show one event; with --json in the very bytes that are signed and sent
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald events get 5eb04fcd0f3e360008035eb2 --json")]
struct Get {
    /// Its id
    id: EventId,
}

const COLUMNS: &[Column] = &[
    ("ID", |event| field(event, "id")),
    ("TYPE", |event| field(event, "type")),
    ("RESOURCE", |event| field(&event["payload"], "id")),
    ("CREATED", |event| field(event, "createdAt")),
];

pub(super) async fn run(Args { connection, action }: Args) -> Result<(), Failure> {
    let api = connection.open()?;
    match action {
        Action::List(args) => {
            let own = [("type", args.event_type), ("resourceType", args.resource_type)];
            let query = listing::given(own.into_iter().chain(args.times.query())).collect();
            listing::show(&api, &["v1", "events"], query, &args.pages, COLUMNS).await
        }
        Action::Get(Get { id }) => {
            api.show(&api.get(&["v1", "events", &id.to_string()], &vec![]).await?, details)
        }
    }
}

fn details(event: &Value) -> String {
    let head = output::details(
        event,
        &[
            ("event", "id"),
            ("type", "type"),
            ("resource", "resourceType"),
            ("created", "createdAt"),
        ],
    );
    // JSON has no raw control characters, but its text may have C1 ones.
    let payload = serde_json::to_string_pretty(&event["payload"]).unwrap_or_default();
    let payload = payload.lines().map(output::plain).collect::<Vec<_>>().join("\n");
    format!("{head}\npayload\n{payload}")
}
