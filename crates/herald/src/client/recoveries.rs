//! `herald recoveries`: the jobs that `herald recover` begins.

use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use clap::{Subcommand, ValueEnum};
use herald_domain::id::{ObjectId, WebhookId};
use serde_json::{Value, json};

use super::{
    api::{Answer, Api},
    connection::Connection,
    failure::Failure,
    listing::{self, Pages},
    output::{self, Column, field},
    signals::Signals,
};

/// Look at recoveries that were begun, wait for them, cancel them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  herald recoveries list --status running
  herald recoveries get 5eb04fcd0f3e360008035eb2 --wait")]
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
    Cancel(Cancel),
}

/// List recoveries, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald recoveries list --webhook 5eb04fcd0f3e360008035eb2")]
struct List {
    /// Only of this webhook
    #[arg(long, value_name = "ID")]
    webhook: Option<WebhookId>,
    /// Only with this status
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    #[command(flatten)]
    pages: Pages,
}

/// Show one recovery, or wait for its end
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald recoveries get 5eb04fcd0f3e360008035eb2 --wait")]
struct Get {
    /// Its id
    id: ObjectId,
    /// Wait until it has ended
    #[arg(long)]
    wait: bool,
}

/// Cancel a recovery; what it has made due stays due
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  herald recoveries cancel 5eb04fcd0f3e360008035eb2")]
struct Cancel {
    /// Its id
    id: ObjectId,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Running,
    Done,
    Cancelled,
}

const COLUMNS: &[Column] = &[
    ("ID", |job| field(job, "id")),
    ("STATUS", |job| field(job, "status")),
    ("RECOVERED", |job| field(job, "recovered")),
    ("TOTAL", |job| field(job, "total")),
    ("SINCE", |job| field(job, "since")),
    ("WEBHOOK", |job| field(job, "webhookId")),
];

pub(super) async fn run(Args { connection, action }: Args) -> Result<(), Failure> {
    let api = connection.open()?;
    match action {
        Action::List(args) => {
            let status = args.status.and_then(|status| status.to_possible_value());
            let query = listing::given([
                ("webhookId", args.webhook.map(|id| id.to_string())),
                ("status", status.map(|status| status.get_name().to_owned())),
            ]);
            listing::show(&api, &["v1", "recoveries"], query.collect(), &args.pages, COLUMNS).await
        }
        Action::Get(Get { id, wait: wants }) => {
            let answer = api.get(&["v1", "recoveries", &id.to_string()], &vec![]).await?;
            if wants { wait(&api, answer).await } else { api.show(&answer, details) }
        }
        Action::Cancel(Cancel { id }) => {
            let path = ["v1", "recoveries", &id.to_string(), "cancel"];
            api.show(&api.post(&path, &json!({})).await?, details)
        }
    }
}

/// A recovery for people.
pub(super) fn details(job: &Value) -> String {
    output::details(
        job,
        &[
            ("recovery", "id"),
            ("webhook", "webhookId"),
            ("since", "since"),
            ("states", "states"),
            ("status", "status"),
            ("recovered", "recovered"),
            ("total", "total"),
            ("created", "createdAt"),
            ("updated", "updatedAt"),
        ],
    )
}

/// Shortest and longest pause between two looks at a job.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Waits until the job has ended, and shows it. Ctrl-C ends the waiting, not the job.
pub(super) async fn wait(api: &Api, begun: Answer) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let id = field(&begun.value()?, "id");
    let ended = tokio::select! {
        ended = end_of(api, &id, begun) => ended,
        () = signals.next() => Err(Failure::Interrupted(format!(
            "the recovery goes on without this command; `herald recoveries get {id} --wait` waits \
             again, `herald recoveries cancel {id}` stops it"
        ))),
    };
    if std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr());
    }
    let job = ended?;
    api.show(&job, details)?;
    if job.value()?["status"] == "done" { Ok(()) } else { Err(Failure::Said) }
}

async fn end_of(api: &Api, id: &str, begun: Answer) -> Result<Answer, Failure> {
    let (mut pause, longest) = PAUSES;
    let mut answer = begun;
    loop {
        let job = answer.value()?;
        progress(&job);
        if job["status"] != "running" {
            return Ok(answer);
        }
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 2);
        answer = api.get(&["v1", "recoveries", id], &vec![]).await?;
    }
}

/// How far it is, on a terminal, in place.
fn progress(job: &Value) {
    let mut err = std::io::stderr().lock();
    if err.is_terminal() {
        let (recovered, total) = (field(job, "recovered"), field(job, "total"));
        let _ = write!(err, "\rrecovered {recovered} of {total}").and_then(|()| err.flush());
    }
}
