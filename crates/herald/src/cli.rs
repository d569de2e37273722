//! The subcommands and their help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{client, config::Role};

/// A self-hosted webhook service: accepts events, and delivers them, signed, until they are
/// acknowledged.
#[derive(Debug, Parser)]
#[command(name = "herald", version, propagate_version = true)]
#[command(after_help = "\
Examples:
  herald serve                          start with the defaults, data in ./herald-data
  HERALD_LISTEN=127.0.0.1:9000 herald serve
  herald config > herald.toml           a file with every key, to edit
  herald --config herald.toml doctor    is this installation sound?
  herald listen --forward http://localhost:3000/hook
  herald deliveries list --state exhausted

The commands that use a running Herald exit with 0 (done), 1 (refused, or failed), 2 (the command
line is wrong), 3 (Herald is not reachable) or 130 (Ctrl-C ended the waiting).")]
pub(crate) struct Cli {
    /// The configuration file [default: ./herald.toml, if it is there]
    #[arg(long, short, global = true, env = "HERALD_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    ///
    /// The first start on an empty database makes the keys and an account, and prints what to
    /// try. SIGTERM or SIGINT ends it in order: nothing new is taken, what is in flight is
    /// finished and recorded. A second signal ends it at once; nothing accepted is lost.
    #[command(after_help = "\
Examples:
  herald serve
  HERALD_DATABASE_URL=sqlite:/var/lib/herald/herald.db herald serve
  HERALD_LOG__FORMAT=json herald serve 2> herald.log
  HERALD_DATABASE_URL=postgres://herald@db/herald herald serve --role api")]
    Serve {
        /// What this process does, of several on one PostgreSQL database [default: the
        /// configuration's `role`, else `all`]
        #[arg(long, value_enum)]
        role: Option<Role>,
    },

    /// Print the default configuration, with the meaning of every key
    #[command(after_help = "\
Example:
  herald config > herald.toml")]
    Config,

    /// Bring the database's schema up to date, without serving
    ///
    /// `serve` does the same when it starts; this is for doing it at a time of your own. Herald
    /// must not be running on an SQLite file; on PostgreSQL, processes of the version before go on
    /// working.
    #[command(after_help = "\
Example:
  herald --config /etc/herald.toml migrate")]
    Migrate,

    /// Write a consistent copy of the database to a new file
    ///
    /// Works while Herald runs. The keys are not in the copy: keep secret.key apart, since the
    /// signing secrets in the copy can't be read without it. A PostgreSQL database is copied with
    /// PostgreSQL's own tools, such as pg_dump.
    #[command(after_help = "\
Example:
  herald backup backups/herald-$(date +%F).db")]
    Backup {
        /// Where to; there must be nothing yet
        #[arg(value_name = "TO.db")]
        to: PathBuf,
    },

    /// Copy everything from the SQLite file into an empty PostgreSQL database
    ///
    /// The file is the configured one. Herald must not be running on it, and nothing in it is
    /// changed, but that its schema is brought up to date. If the copy is interrupted, the same
    /// command goes on where it was. In the end all of both is read, and every table compared by
    /// count and checksum; until then no Herald starts on the new database. What to do next is
    /// printed. While it runs, others on this machine may see its arguments: a URL with a password
    /// is better given as the variable.
    #[command(after_help = "\
Examples:
  herald --config /etc/herald.toml migrate-to postgres://herald@db.internal/herald
  HERALD_MIGRATE_TO='postgres://herald:password@db.internal/herald?sslmode=require' \\
    herald --config /etc/herald.toml migrate-to")]
    MigrateTo {
        /// The new database: postgres://user:password@host:port/database
        #[arg(value_name = "URL", env = "HERALD_MIGRATE_TO", hide_env_values = true)]
        url: String,
    },

    /// Print a link that signs somebody in to the web portal, once
    ///
    /// Asks the Herald that runs with this configuration, so it needs the operator's key: the
    /// configured one, or the file beside the database.
    #[command(after_help = "\
Examples:
  herald portal-link --account 5eb04fcd0f3e360008035ea0 --role manager
  xdg-open \"$(herald portal-link --account 5eb04fcd0f3e360008035ea0)\"")]
    PortalLink(crate::portal_link::Wanted),

    /// Check this installation, and say what to do about what is found
    ///
    /// Looks at the configuration, the files and their permissions, the database, the clock, the
    /// disk and the system's limits. Sends nothing to anybody, and changes nothing. Works while
    /// Herald runs. Exits with 1 if something is wrong.
    #[command(after_help = "\
Example:
  herald --config /etc/herald.toml doctor")]
    Doctor,

    #[command(flatten)]
    Client(client::Command),
}

#[cfg(test)]
mod tests;
