//! What an operator does with the database: migrate, examine. Its copies are PostgreSQL's own affair.

use herald_domain::time::Timestamp;
use herald_store::{Result, StoreError};
use tokio_postgres::Row;

use crate::{
    codec::time,
    connecting::Target,
    failure::{Failed, Outcome},
    import, schema, server,
    transaction::Tx,
    url,
};

/// What was found in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// What the server says of its version.
    pub server: String,
    /// Why no node would start on this server.
    pub refused: Option<String>,
    /// What of the server's settings may cost data one day, though a node starts.
    pub doubtful: Option<&'static str>,
    /// Connections that the server takes from everybody together.
    pub connections: i32,
    /// What its clock shows.
    pub clock: Timestamp,
    /// Bytes of the database.
    pub bytes: i64,
    /// The version of its schema; 0 if nothing is there yet.
    pub version: i64,
    /// The oldest version that a program may know.
    pub works_with: i64,
    /// The version that this program brings it to.
    pub current: i64,
    /// What is in the tables, if they are there.
    pub content: Option<Content>,
}

/// What is in the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The processes that work on the database.
    pub nodes: Vec<NodeSeen>,
    /// Webhooks whose tally differs from their deliveries; none, if the books balance.
    pub unbalanced: i64,
    /// Lists of which there is more or less than an environment counts.
    pub miscounted: i64,
    /// What was agreed, by its name ([`herald_store::Nodes::agree`]).
    pub agreed: Vec<(String, Vec<u8>)>,
}

/// A process that works on the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSeen {
    /// What it calls itself.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Whether it takes deliveries.
    pub dispatches: bool,
    /// Whether its lease has ended, so that others take over.
    pub silent: bool,
}

/// Whether this is a URL that a node can be given; the answer is the URL without its secrets, or the
/// end of a sentence that begins with what it is.
pub fn shown_url(url: &str) -> Result<String, String> {
    url::read(url).map(|config| url::shown(&config))
}

/// Brings the schema up to date; answers the versions before and after. Nodes may be at work.
pub async fn migrate(url: &str) -> Result<(i64, i64)> {
    let pool = Target::parse(url)?.pool(1)?;
    server::check(&pool).await?;
    schema::prepare(&pool).await
}

/// Looks a database over, while nodes may be at work. Reads all of it, as it is at one moment.
pub async fn examine(url: &str) -> Result<Examination> {
    let pool = Target::parse(url)?.pool(1)?;
    let found = async {
        let tx = Tx::connect(&pool).await?;
        tx.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        look(&tx).await
    };
    found.await.map_err(StoreError::from)
}

async fn look(tx: &Tx) -> Outcome<Examination> {
    let settings = server::ask(tx).await?;
    let versions = schema::versions(tx).await?;
    let sql = "SELECT version() AS server, pg_database_size(current_database()) AS bytes,
                   current_setting('max_connections')::integer AS connections,
                   floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock";
    let row = tx.query_one(sql, &[]).await?;
    let known = (1..=schema::VERSION).contains(&versions.found);
    let too_new = schema::check(versions).err();
    let unfinished = import::refusal(tx).await?;
    Ok(Examination {
        server: short(row.try_get("server")?),
        refused: server::refusal(&settings)
            .or_else(|| too_new.map(|error| error.to_string()))
            .or(unfinished),
        doubtful: server::doubt(&settings),
        connections: row.try_get("connections")?,
        clock: time(&row, "clock")?,
        bytes: row.try_get("bytes")?,
        version: versions.found,
        works_with: versions.works_with,
        current: schema::VERSION,
        content: if known { Some(content(tx).await?) } else { None },
    })
}

/// `PostgreSQL 17.2`, without what it was built with.
fn short(version: &str) -> String {
    version.split(' ').take(2).collect::<Vec<_>>().join(" ").trim_end_matches(',').to_owned()
}

async fn content(tx: &Tx) -> Outcome<Content> {
    let nodes = "SELECT name, version, dispatches, until < clock_timestamp() AS silent
                 FROM node ORDER BY started_at, lease";
    let nodes = tx.query(nodes, &[]).await?.iter().map(node).collect::<Outcome<_>>()?;
    let agreed = tx.query("SELECT name, value FROM agreed ORDER BY name", &[]).await?;
    let agreed = agreed.iter().map(|row| Ok((row.try_get("name")?, row.try_get("value")?)));
    Ok(Content {
        nodes,
        unbalanced: tx.query_one(UNBALANCED, &[]).await?.try_get(0)?,
        miscounted: tx.query_one(MISCOUNTED, &[]).await?.try_get(0)?,
        agreed: agreed.collect::<Result<_, Failed>>()?,
    })
}

/// Refuses books that do not balance.
pub(crate) async fn check_books(tx: &Tx) -> Outcome<()> {
    tx.batch("SET LOCAL statement_timeout = 0").await?;
    for (sql, what) in [(UNBALANCED, "webhooks"), (MISCOUNTED, "lists")] {
        let wrong: i64 = tx.query_one(sql, &[]).await?.try_get(0)?;
        if wrong > 0 {
            return Err(Failed::corrupt(format!("the books of {wrong} {what} do not balance")));
        }
    }
    Ok(())
}

fn node(row: &Row) -> Outcome<NodeSeen> {
    Ok(NodeSeen {
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        dispatches: row.try_get("dispatches")?,
        silent: row.try_get("silent")?,
    })
}

/// Holds every webhook's tally against the rows that it counts.
const UNBALANCED: &str = "
    WITH found AS (
        SELECT env, webhook,
               count(*) FILTER (WHERE state = 0) AS pending,
               count(*) FILTER (WHERE state = 1) AS delivered,
               count(*) FILTER (WHERE state = 2) AS exhausted,
               count(*) FILTER (WHERE state = 3) AS held,
               count(*) FILTER (WHERE state = 4) AS cancelled
        FROM delivery GROUP BY env, webhook),
         counted AS (
        SELECT env, webhook,
               sum(accepted) AS accepted, sum(pending) AS pending, sum(held) AS held,
               sum(delivered - removed_delivered) AS delivered,
               sum(exhausted - removed_exhausted) AS exhausted,
               sum(cancelled - removed_cancelled) AS cancelled
        FROM tally GROUP BY env, webhook)
    SELECT count(*) FROM found AS f FULL JOIN counted AS c USING (env, webhook)
    WHERE coalesce(f.pending, 0) <> coalesce(c.pending, 0)
        OR coalesce(f.delivered, 0) <> coalesce(c.delivered, 0)
        OR coalesce(f.exhausted, 0) <> coalesce(c.exhausted, 0)
        OR coalesce(f.held, 0) <> coalesce(c.held, 0)
        OR coalesce(f.cancelled, 0) <> coalesce(c.cancelled, 0)";

/// Holds how many events and resources there are of each kind against what is counted.
const MISCOUNTED: &str = "
    WITH events AS (
        SELECT env, type, resource, count(*) AS count FROM event GROUP BY env, type, resource),
         counted_events AS (
        SELECT env, type, resource, sum(count) AS count
        FROM event_tally GROUP BY env, type, resource),
         resources AS (SELECT env, kind, count(*) AS count FROM resource GROUP BY env, kind),
         counted_resources AS (
        SELECT env, kind, sum(count) AS count FROM resource_tally WHERE word = '' GROUP BY env, kind)
    SELECT (SELECT count(*) FROM events AS f
            FULL JOIN counted_events AS c USING (env, type, resource)
            WHERE coalesce(f.count, 0) <> coalesce(c.count, 0))
         + (SELECT count(*) FROM resources AS f
            FULL JOIN counted_resources AS c USING (env, kind)
            WHERE coalesce(f.count, 0) <> coalesce(c.count, 0))";
