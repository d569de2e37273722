//! From the embedded store to PostgreSQL by the real program: everything is the same afterwards,
//! also if it was killed in the middle, and whatever is not is found.

mod filled;
mod shown;

use std::{process::Stdio, sync::Arc};

use herald_domain::id::IdSequence;
use herald_engine::{Clock as _, SystemClock};
use herald_store::Upkeep as _;
use herald_store_postgres::{Options, PostgresStore, examine, migrate};
use herald_store_sqlite::SqliteStore;
use herald_testpg::Database;
use tokio::process::{Child, Command};

use crate::support::{
    eventually,
    program::{Said, Server, run},
    world::{Running, World},
};
use filled::{Filled, HELD, KEY};
use shown::Shown;

fn migrate_to(world: &World, database: &Database) -> Command {
    world.herald(&["migrate-to", &database.url()])
}

/// The program's answer, if it has done it.
fn done(said: &Said) -> String {
    assert!(said.status.success(), "{}\n{}", said.out, said.err);
    assert!(said.out.contains("What to do next"), "{}", said.out);
    said.out.clone()
}

/// What the program says why it has not.
fn refused(said: &Said) -> &str {
    assert_eq!((said.status.code(), said.out.as_str()), (Some(1), ""), "{}", said.err);
    &said.err
}

/// The lines about the tables: their names, counts and checksums.
fn tables(out: &str) -> Vec<&str> {
    let lines = out.lines().skip_while(|line| !line.trim_start().starts_with("table"));
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    assert!(lines.len() > 20, "{out}");
    lines
}

async fn open(database: &Database) -> Result<PostgresStore, String> {
    let ids = Arc::new(IdSequence::new([8; 5]));
    let opened = PostgresStore::open(Options::new(database.url()), ids).await;
    opened.map_err(|error| error.to_string())
}

/// The only value of a query, a whole number.
async fn number(database: &Database, sql: &str) -> i64 {
    let sql = format!("SELECT ({sql})::bigint");
    database.connect().await.query_one(&sql, &[]).await.expect(&sql).get(0)
}

async fn statement(database: &Database, sql: &str) {
    database.connect().await.batch_execute(sql).await.expect(sql);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_the_same_in_both_stores_and_the_work_goes_on() {
    let filled = Filled::new().await;
    let database = Database::fresh().await;
    let out = done(&run(migrate_to(&filled.world, &database)).await);
    for table in tables(&out).iter().skip(1) {
        assert!(!table.contains(" 0  "), "there is something of every kind: {out}");
    }
    let fresh = format!(
        "SELECT count(*) FROM event AS e JOIN delivery AS d USING (env, seq)
         WHERE e.id = '\\x{}' AND d.due_at = d.created_at",
        filled.fresh
    );
    assert!(number(&database, &fresh).await > 0, "what nobody holds any more is due");

    let of_file = Shown::of(&filled.store()).await;
    let of_database = Shown::of(&open(&database).await.expect("it opens")).await;
    assert!(of_file.0.len() > 3 * HELD, "{}", of_file.0.len());
    for (index, (one, other)) in of_file.0.iter().zip(&of_database.0).enumerate() {
        assert_eq!(one, other, "line {index}");
    }
    assert_eq!(of_file.0.len(), of_database.0.len());
    let again = run(filled.world.herald(&["serve"])).await;
    assert!(refused(&again).contains("was moved to postgres://"), "{}", again.err);
    goes_on(filled, &database).await;
}

/// Herald goes on with what was pending, and knows what was published once.
async fn goes_on(filled: Filled, database: &Database) {
    let mut command = filled.world.herald(&["serve"]);
    command.env("HERALD_DATABASE_URL", database.url());
    let server = Server::start(command).await;
    let running = Running { server, keys: filled.keys.clone() };
    let (asked, answered) = &filled.idempotent;
    let again = running.operator().under_key(KEY).post("/operator/v1/events", asked).await.good();
    assert_eq!(&again, answered, "the receipt was copied");

    filled.gate.open();
    let (api, hanging) = (running.api(), &filled.hanging);
    let delivered = format!("/v1/deliveries?webhookId={hanging}&state=delivered");
    eventually("what was in flight is delivered", async || {
        let list = api.get(&delivered).await.good();
        (list["totalItems"] == 3).then_some(())
    })
    .await;
    let largest = number(database, "SELECT max(seq) FROM event").await;
    filled::publish(&running, "client.deleted", 1).await;
    assert!(number(database, "SELECT max(seq) FROM event").await > largest);
    eventually("what is new is delivered", async || {
        let list = api.get(&delivered).await.good();
        (list["totalItems"] == 4).then_some(())
    })
    .await;
    let found = examine(&database.url()).await.expect("it is there");
    let content = found.content.expect("it is migrated");
    assert_eq!((found.refused, content.unbalanced, content.miscounted), (None, 0, 0));
    running.server.terminate().await;
}

/// A copy that waits for the test, in the middle of what it does.
struct Halted {
    copying: Child,
    /// What it waits for is let go when this connection ends.
    held: HeldConnection,
}

/// Begins the transaction that holds something, and says what.
struct HeldConnection(Box<dyn FnOnce() + Send>);

impl HeldConnection {
    async fn with(database: &Database, sql: &str) -> Self {
        let client = database.connect().await;
        client.batch_execute(&format!("BEGIN; {sql}")).await.expect(sql);
        Self(Box::new(move || drop(client)))
    }
}

impl Halted {
    /// Starts a copy, and waits until it waits for what this statement holds.
    async fn at(world: &World, database: &Database, holding: &str) -> Self {
        let held = HeldConnection::with(database, holding).await;
        let mut command = migrate_to(world, database);
        let copying = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name = 'herald'
                           AND wait_event_type = 'Lock'";
        eventually(holding, async || (number(database, waiting).await > 0).then_some(())).await;
        Self { copying: copying.expect("it starts"), held }
    }

    /// `kill -9`; what the server had of it is let go after that.
    async fn kill(mut self) {
        self.copying.kill().await.expect("it can be killed");
        (self.held.0)();
    }
}

/// A row of this table, where this is true, is written only when nobody holds the lock.
fn wait_at(table: &str, condition: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NEW; END $$;
         CREATE TRIGGER wait BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition})
         EXECUTE FUNCTION wait()"
    )
}

const HOLD: &str = "SELECT pg_advisory_xact_lock(42)";

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_killed_at_any_moment_goes_on_where_it_was() {
    let filled = Filled::new().await;
    let world = &filled.world;
    let at_once = Database::fresh().await;
    let expected = done(&run(migrate_to(world, &at_once)).await);

    let database = Database::fresh().await;
    migrate(&database.url()).await.expect("an empty database");
    let mut copied = 0;
    let places = [
        ("account", "true".to_owned()),
        ("webhook", "true".to_owned()),
        ("event", format!("NEW.seq = {}", HELD - 100)),
        ("delivery", "NEW.state = 2".to_owned()),
        ("attempt", "NEW.error IS NOT NULL".to_owned()),
    ];
    for (table, condition) in places {
        statement(&database, &wait_at(table, &condition)).await;
        Halted::at(world, &database, HOLD).await.kill().await;
        let refused = open(&database).await.expect_err("it is not all there");
        assert!(refused.contains("`herald migrate-to` has begun"), "{refused}");
        statement(&database, &format!("DROP TRIGGER wait ON {table}")).await;
        let now = number(&database, "SELECT sum(rows) FROM transfer").await;
        assert!(now >= copied, "nothing is copied twice: {now} after {copied}");
        copied = now;
    }
    assert!(copied > i64::try_from(HELD).expect("it is small"), "{copied}");
    for holding in ["LOCK account IN ACCESS EXCLUSIVE MODE", "LOCK transfer IN ACCESS SHARE MODE"] {
        Halted::at(world, &database, holding).await.kill().await;
        assert!(open(&database).await.is_err(), "nobody has compared it to the end: {holding}");
    }
    let found = examine(&database.url()).await.expect("it is there");
    assert!(found.refused.expect("no node would start").contains("`herald migrate-to`"));

    let out = done(&run(migrate_to(world, &database)).await);
    assert_eq!(tables(&out), tables(&expected));
    let [one, other] =
        [open(&at_once).await, open(&database).await].map(|store| store.expect("it opens"));
    assert_eq!(Shown::of(&one).await.0, Shown::of(&other).await.0);
}

/// An installation with some events, which nobody asked for; it does not run.
async fn small() -> (World, Running) {
    let world = World::new().await;
    let running = world.first_start().await;
    filled::publish(&running, "client.created", 20).await;
    (world, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_in_between_is_found() {
    let (world, running) = small().await;
    let keys = running.keys.clone();
    running.server.terminate().await;
    let database = Database::fresh().await;
    migrate(&database.url()).await.expect("an empty database");
    let stop = "LOCK account IN ACCESS EXCLUSIVE MODE";
    statement(&database, &wait_at("event", "NEW.seq = 20")).await;
    Halted::at(&world, &database, HOLD).await.kill().await;
    statement(&database, "DROP TRIGGER wait ON event").await;
    Halted::at(&world, &database, stop).await.kill().await;
    for meddling in [
        "UPDATE event SET body = body || 'x'::bytea WHERE seq = 7",
        "UPDATE event SET body = substring(body FROM 1 FOR length(body) - 1) WHERE seq = 7;
         DELETE FROM api_key WHERE env % 2 = 1",
    ] {
        statement(&database, meddling).await;
        let said = run(migrate_to(&world, &database)).await;
        let why = refused(&said);
        assert!(why.contains("is not the same in both") && why.contains("begin anew"), "{why}");
        assert!(open(&database).await.is_err(), "it is not used");
    }

    // The file has changed: Herald was started on it.
    let running = world.start(&keys).await;
    filled::publish(&running, "client.created", 1).await;
    running.server.terminate().await;
    let said = run(migrate_to(&world, &database)).await;
    let why = refused(&said);
    assert!(why.contains("Herald has worked on the file since"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_file_at_rest_is_copied_and_only_into_an_empty_database() {
    let (world, running) = small().await;
    let database = Database::fresh().await;
    let said = run(migrate_to(&world, &database)).await;
    assert!(refused(&said).contains("another Herald has this database open"), "{}", said.err);
    running.server.terminate().await;

    let used = Database::fresh().await;
    let node = open(&used).await.expect("it opens");
    let said = run(migrate_to(&world, &used)).await;
    assert!(refused(&said).contains("has a Herald that works on it"), "{}", said.err);
    drop(node);
    statement(
        &used,
        "UPDATE node SET until = clock_timestamp(); INSERT INTO meta VALUES ('time', 1)",
    )
    .await;
    let said = run(migrate_to(&world, &used)).await;
    assert!(refused(&said).contains("is not empty (table meta)"), "{}", said.err);

    let said = run(world.herald(&["migrate-to", "postgres://u:hunter2@/x?sslmode=no"])).await;
    assert!(!refused(&said).contains("hunter2"), "{}", said.err);
    let mut moved = migrate_to(&world, &database);
    moved.env("HERALD_DATABASE_URL", used.url());
    assert!(refused(&run(moved).await).contains("only an SQLite file is copied"));

    // Where to may be said by a variable; the password, if any, is then in no list of processes.
    let mut command = world.herald(&["migrate-to"]);
    command.env("HERALD_MIGRATE_TO", database.url());
    let out = done(&run(command).await);
    assert!(out.contains("herald-data/secret.key"), "{out}");
    let said = run(migrate_to(&world, &database)).await;
    assert!(refused(&said).contains("is not empty (table account)"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_an_event_has_had_is_not_given_again() {
    let (world, running) = small().await;
    running.server.terminate().await;
    let ids = Arc::new(IdSequence::new([9; 5]));
    let store = SqliteStore::open(&world.home.file(), ids).expect("nobody has it open");
    let tomorrow = SystemClock.now().after(std::time::Duration::from_secs(86_400));
    assert_eq!(store.expire(tomorrow, 1_000).await.expect("it removes"), 20);
    drop(store);
    let database = Database::fresh().await;
    done(&run(migrate_to(&world, &database)).await);
    assert_eq!(number(&database, "SELECT last_value FROM event_number").await, 20);
}
