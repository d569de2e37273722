//! The commands of a receiver's developer: what was sent, what came back, send it again, and let me
//! see it here.
//!
//! They use a running Herald over its API with the key of one environment, as anybody's program
//! would; never the engine, never the database. `verify` and `completions` need no Herald at all.
//! Each command is a file that has its options, its help and what it does; what they share:
//!
//! | file | tells |
//! |---|---|
//! | `connection` | where Herald is, and what opens it |
//! | `api` | one question to the API, and its answer or its refusal |
//! | `http` | one HTTP request on one connection, plain or TLS |
//! | `failure` | how a command can fail, and its exit code |
//! | `listing` | lists: filters, pages, all pages |
//! | `output` | tables and details for people |
//! | `moment` | times and durations as people give them |
//! | `signals` | being told to end |
//!
//! To add one: a file with `Args` and `run`, a variant of [`Command`], and
//! `UPDATE_DOCS=1 cargo test -p herald cli` for `docs/cli.md`.

mod api;
mod completions;
mod connection;
mod deliveries;
mod event_types;
mod events;
mod failure;
mod http;
mod listen;
mod listing;
mod moment;
mod output;
mod recover;
mod recoveries;
mod resend;
mod rotate_secret;
mod signals;
mod switch_secret;
mod trigger;
mod verify;
mod webhooks;

use std::process::ExitCode;

use clap::Subcommand;

use crate::terminal::complain;
use failure::Failure;

/// What a receiver's developer can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Webhooks(webhooks::Args),
    Events(events::Args),
    EventTypes(event_types::Args),
    Deliveries(deliveries::Args),
    Resend(resend::Args),
    Recover(recover::Args),
    Recoveries(recoveries::Args),
    Trigger(trigger::Args),
    RotateSecret(rotate_secret::Args),
    SwitchSecret(switch_secret::Args),
    Verify(verify::Args),
    Listen(listen::Args),
    Completions(completions::Args),
}

/// Does it, and says what went wrong if something did.
pub(crate) fn run(command: Command) -> ExitCode {
    let Err(failure) = in_runtime(command) else { return ExitCode::SUCCESS };
    if !failure.is_said() {
        complain(&format!("herald: {failure}"));
    }
    failure.code()
}

fn in_runtime(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::Failed(format!("cannot start working: {error}")))?;
    let done = runtime.block_on(dispatch(command));
    // A look-up of a name cannot be given up; nobody waits for it any more.
    runtime.shutdown_background();
    done
}

async fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Webhooks(args) => webhooks::run(args).await,
        Command::Events(args) => events::run(args).await,
        Command::EventTypes(args) => event_types::run(args).await,
        Command::Deliveries(args) => deliveries::run(args).await,
        Command::Resend(args) => resend::run(args).await,
        Command::Recover(args) => recover::run(args).await,
        Command::Recoveries(args) => recoveries::run(args).await,
        Command::Trigger(args) => trigger::run(args).await,
        Command::RotateSecret(args) => rotate_secret::run(args).await,
        Command::SwitchSecret(args) => switch_secret::run(args).await,
        Command::Verify(args) => verify::run(&args),
        Command::Listen(args) => listen::run(args).await,
        Command::Completions(args) => {
            completions::run(&args);
            Ok(())
        }
    }
}
