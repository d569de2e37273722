//! `herald event-types`: the catalogue, from which webhooks choose.

use clap::Subcommand;

use super::{
    connection::Connection,
    failure::Failure,
    listing::{self, Pages},
    output::{Column, field},
};

/// Look at the event types that webhooks can ask for
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald event-types list")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(List),
}

/// List every event type; with --json one line a type, with a sample of it
///
/// In the catalogue's order: those of the specification, then the platform's own. PAYLOAD is what
/// their payload has: the full object, what changed, the id alone, a summary, or what is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald event-types list
  herald event-types list --json | jq 'select(.type == \"check.completed\").sample'")]
struct List {}

const COLUMNS: &[Column] = &[
    ("TYPE", |event_type| field(event_type, "type")),
    ("RESOURCE", |event_type| field(event_type, "resourceType")),
    ("PAYLOAD", |event_type| field(&event_type["payload"], "rule")),
    ("DESCRIPTION", |event_type| field(event_type, "description")),
];

pub(super) async fn run(Args { connection, action }: Args) -> Result<(), Failure> {
    let api = connection.open()?;
    match action {
        Action::List(List {}) => {
            listing::show(&api, &["v1", "eventTypes"], vec![], &Pages::every(), COLUMNS).await
        }
    }
}
