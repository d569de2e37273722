//! The program `herald`: its subcommands, its configuration, and the wiring of the layers.
//!
//! No business rule lives here. `serve` opens the store, makes an engine of it and puts the web
//! layer in front; others look after the same configuration and the same file. The commands of a
//! receiver's developer use a running Herald over its API, as any program would.
//!
//! | module | tells |
//! |---|---|
//! | `cli` | the subcommands and their help |
//! | `client` | the commands of a receiver's developer, over the API |
//! | `config` | what can be configured, and how it is read and explained |
//! | `keys` | the operator's key and the sealing key: configured, or kept in files |
//! | `wiring` | from a configuration to an engine |
//! | `serve` | the server's life, from the first start to the last signal |
//! | `doctor` | what may be wrong with an installation, and what to do |
//! | `maintenance` | `migrate` and `backup` |
//! | `migrate_to` | everything in the SQLite file, into a PostgreSQL database |
//! | `portal_link` | a link that signs somebody in to the portal |
//! | `terminal` | what is said to the person at the terminal |

mod cli;
mod client;
mod config;
mod doctor;
mod keys;
mod maintenance;
mod migrate_to;
mod portal_link;
mod serve;
mod terminal;
mod wiring;

use std::process::ExitCode;

/// A quarter less CPU time for each delivery than with the system's allocator, by the benchmark.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::Parser as _;

use cli::{Cli, Command};
use config::Sources;
use rustix::fs::Mode;

fn main() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    // The database, its copies and the keys are for their owner only.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    match run(command, Sources::of_process(config)) {
        Ok(code) => code,
        Err(error) => {
            terminal::complain(&format!("herald: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, mut sources: Sources) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { role } => {
            sources.arguments.extend(role.map(|role| ("role", role.name().to_owned())));
            serve::serve(&sources.load()?)?;
        }
        Command::Config => terminal::say(config::default_file().trim_end()),
        Command::Migrate => maintenance::migrate(&sources.load()?)?,
        Command::Backup { to } => maintenance::backup(&sources.load()?, &to)?,
        Command::MigrateTo { url } => migrate_to::migrate_to(&sources.load()?, &url)?,
        Command::PortalLink(wanted) => portal_link::portal_link(&sources.load()?, &wanted)?,
        Command::Doctor => return Ok(doctor::doctor(&sources)),
        Command::Client(command) => return Ok(client::run(command)),
    }
    Ok(ExitCode::SUCCESS)
}
