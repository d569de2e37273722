//! `herald webhooks`: where notifications go, and which were asked for.

use std::fmt::Write as _;

use clap::Subcommand;
use herald_domain::id::WebhookId;
use serde_json::{Map, Value};

use super::{
    api::Api,
    connection::Connection,
    failure::Failure,
    listing::{self, Pages, Times},
    output::{self, Column, field},
};
use crate::terminal::say;

/// Look at webhooks, make and change them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald webhooks list
  herald webhooks create https://example.com/hooks --events client.created,check.completed
  herald webhooks disable 5eb04fcd0f3e360008035eb2")]
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
    Create(Create),
    Update(Update),
    Enable(Enable),
    Disable(Disable),
    Delete(Delete),
}

/// List webhooks, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald webhooks list --enabled false
  herald webhooks list --event '*' --json")]
struct List {
    /// Only enabled ones, or only disabled ones
    #[arg(long, value_name = "true|false")]
    enabled: Option<bool>,
    /// Only this exact URL
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Only those whose events contain this name
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    pages: Pages,
}

/// Show one webhook
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald webhooks get 5eb04fcd0f3e360008035eb2")]
struct Get {
    /// Its id
    id: WebhookId,
}

/// Make a webhook, and show its signing secret, once
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald webhooks create https://example.com/hooks --events '*' --description 'Orders service'
  herald webhooks create https://example.com/hooks --events check.completed --json")]
struct Create {
    /// Where notifications are POSTed
    #[arg(value_name = "URL")]
    to: String,
    /// Names of event types, with commas; * is all
    #[arg(long, value_name = "TYPES", value_delimiter = ',', required = true)]
    events: Vec<String>,
    /// What you say of it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Do not send yet: events are held until it is enabled and they are recovered
    #[arg(long)]
    disabled: bool,
}

/// Change what is given, keep the rest
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald webhooks update 5eb04fcd0f3e360008035eb2 --to https://example.com/new
  herald webhooks update 5eb04fcd0f3e360008035eb2 --description ''       removes it")]
struct Update {
    /// Its id
    id: WebhookId,
    /// A new URL; what is scheduled goes there too
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// New event types instead of the old ones, with commas
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    events: Option<Vec<String>>,
    /// A new description; an empty one removes it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// Let notifications flow again
///
/// What is scheduled goes on. What was held meanwhile is sent by `herald recover`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald webhooks enable 5eb04fcd0f3e360008035eb2")]
struct Enable {
    /// Its id
    id: WebhookId,
}

/// Stop the flow of notifications; events are held meanwhile
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald webhooks disable 5eb04fcd0f3e360008035eb2")]
struct Disable {
    /// Its id
    id: WebhookId,
}

/// Delete a webhook; what was not delivered to it is cancelled
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald webhooks delete 5eb04fcd0f3e360008035eb2")]
struct Delete {
    /// Its id
    id: WebhookId,
}

const COLUMNS: &[Column] = &[
    ("ID", |webhook| field(webhook, "id")),
    ("ENABLED", |webhook| field(webhook, "enabled")),
    ("EVENTS", |webhook| field(webhook, "events")),
    ("URL", |webhook| field(webhook, "url")),
    ("DESCRIPTION", |webhook| field(webhook, "description")),
];

pub(super) async fn run(Args { connection, action }: Args) -> Result<(), Failure> {
    let api = connection.open()?;
    match action {
        Action::List(args) => list(&api, args).await,
        Action::Get(Get { id }) => {
            api.show(&api.get(&["v1", "webhooks", &id.to_string()], &vec![]).await?, details)
        }
        Action::Create(args) => {
            api.show(&api.post(&["v1", "webhooks"], &new(args)).await?, details)
        }
        Action::Update(args) => change(&api, args.id, changes(args)?).await,
        Action::Enable(Enable { id }) => enable(&api, id, true).await,
        Action::Disable(Disable { id }) => enable(&api, id, false).await,
        Action::Delete(Delete { id }) => delete(&api, id).await,
    }
}

async fn list(api: &Api, args: List) -> Result<(), Failure> {
    let own = [
        ("enabled", args.enabled.map(|enabled| enabled.to_string())),
        ("url", args.to),
        ("events", args.event),
    ];
    let query = listing::given(own.into_iter().chain(args.times.query())).collect();
    listing::show(api, &["v1", "webhooks"], query, &args.pages, COLUMNS).await
}

fn new(args: Create) -> Value {
    let mut new = Map::new();
    new.insert("url".into(), args.to.into());
    new.insert("enabled".into(), (!args.disabled).into());
    new.insert("events".into(), args.events.into());
    if let Some(description) = args.description {
        new.insert("description".into(), description.into());
    }
    new.into()
}

fn changes(args: Update) -> Result<Value, Failure> {
    let mut changes = Map::new();
    if let Some(url) = args.to {
        changes.insert("url".into(), url.into());
    }
    if let Some(events) = args.events {
        changes.insert("events".into(), events.into());
    }
    if let Some(text) = args.description {
        let description = if text.is_empty() { Value::Null } else { text.into() };
        changes.insert("description".into(), description);
    }
    if changes.is_empty() {
        let what = "there is nothing to change: give --to, --events or --description";
        return Err(Failure::Usage(what.into()));
    }
    Ok(changes.into())
}

async fn change(api: &Api, id: WebhookId, changes: Value) -> Result<(), Failure> {
    api.show(&api.post(&["v1", "webhooks", &id.to_string()], &changes).await?, details)
}

async fn enable(api: &Api, id: WebhookId, enabled: bool) -> Result<(), Failure> {
    change(api, id, serde_json::json!({ "enabled": enabled })).await
}

async fn delete(api: &Api, id: WebhookId) -> Result<(), Failure> {
    let id = id.to_string();
    api.delete(&["v1", "webhooks", &id]).await?;
    if api.json {
        output::json(serde_json::json!({ "id": id, "deleted": true }).to_string().as_bytes());
    } else {
        say(&format!("webhook {id} is deleted"));
    }
    Ok(())
}

/// A webhook for people.
pub(super) fn details(webhook: &Value) -> String {
    let mut text = output::details(
        webhook,
        &[
            ("webhook", "id"),
            ("description", "description"),
            ("url", "url"),
            ("events", "events"),
            ("enabled", "enabled"),
            ("disabled at", "disabledAt"),
            ("disabled because", "disabledReason"),
            ("created", "createdAt"),
            ("updated", "updatedAt"),
            ("secret", "secret"),
        ],
    );
    let rotation = &webhook["secretRotation"];
    if !rotation.is_null() {
        let uses = if rotation["switched"] == true { "new" } else { "old" };
        let until = field(rotation, "overlapUntil");
        let _ = write!(
            text,
            "\nuntil {until} the Standard Webhooks header has the signatures of both secrets, and \
             the ComplyCube header that of the {uses} one"
        );
    }
    if output::has(webhook, "secret") {
        text.push_str("\nkeep the secret now: it is not shown again");
    }
    text
}
