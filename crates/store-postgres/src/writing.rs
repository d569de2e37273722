//! Writing resources: the part of a record that is not events.
//!
//! Each write is fenced by what it was decided by, in the statement itself: what is no longer as it was
//! read is not written, and then the record conflicts.
//!
//! Other nodes write at the same time. What a record only relies on is locked until its commit: the
//! client of what is made cannot be deleted meanwhile (FOR KEY SHARE), what the record rests on cannot
//! change (FOR SHARE). Who deletes a client waits for those locks, and looks for what belongs to it
//! only after its own deletion: so it sees what was made under them. A record that needs several rows
//! locks them first, in one order, so that two records do not wait for each other in a ring.
//!
//! Where a statement is about several rows, each is looked up by itself (LATERAL): how a join is done
//! would be decided by what is known of the table, and of a young table the wrong things are known.

use std::collections::BTreeSet;

use herald_domain::{
    exact_json,
    id::ResourceId,
    resource::{Attribute, Kind, Resource, document::Side},
    time::Timestamp,
};
use herald_store::{Stored, Write};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    codec::signed,
    failure::Outcome,
    tally::Tallies,
    transaction::{Tx, Value},
};

/// Bytes of a word's digest: two attributes of one environment do not have the same by chance or by
/// design.
const WORD: usize = 16;

/// Whether writes that conflict have left nothing of themselves: a single statement does or does not.
pub(crate) fn is_all_or_nothing(writes: &[Write]) -> bool {
    match writes {
        // After the deletion of a client it is asked what belonged to it.
        [Write::Delete(before)] => before.resource.kind != Kind::Client,
        writes => writes.len() == 1,
    }
}

/// Carries out the writes of a record, in their order; `false` if they conflict. What they need was
/// locked before ([`lock`]).
///
/// Then some of them may have been done, and stand in `tallies`: who calls this rolls the transaction
/// back (or as much of it as began before this call), and forgets what it tallied. The same holds if
/// it fails. Unless they are all or nothing.
pub(crate) async fn write(
    tx: &Tx,
    env: i64,
    writes: &[Write],
    tallies: &mut Tallies,
) -> Outcome<bool> {
    let mut writing = Writing { tx, env, tallies, deleted_clients: Vec::new() };
    for run in writes.chunk_by(are_one_statement) {
        if !writing.run(run).await? {
            return Ok(false);
        }
    }
    writing.deleted_clients_own_nothing().await
}

/// Whether the second of two writes, which follows the first, can be done in the same statement: what
/// belongs to a client may be made right after the client.
fn are_one_statement(first: &Write, second: &Write) -> bool {
    match (first, second) {
        (Write::Create(one), Write::Create(other)) => one.kind == other.kind,
        _ => false,
    }
}

/// How a row is locked, the weakest first: each keeps out what the ones before it do, and more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lock {
    /// It is not deleted.
    KeyShare,
    /// It is not changed either.
    Share,
    /// To be changed.
    NoKeyUpdate,
    /// To be deleted.
    Update,
}

/// The row that a write needs, if it is there before the record; and how.
fn needed(write: &Write) -> Option<(Kind, ResourceId, Lock)> {
    match write {
        Write::Create(resource) => Some((Kind::Client, resource.client()?, Lock::KeyShare)),
        Write::Rest(Stored { resource, .. }) => Some((resource.kind, resource.id, Lock::Share)),
        Write::Update { after, .. } => Some((after.kind, after.id, Lock::NoKeyUpdate)),
        Write::KeepImage { document, .. } | Write::DropImage { document, .. } => {
            Some((Kind::Document, *document, Lock::NoKeyUpdate))
        }
        Write::Delete(Stored { resource, .. }) => Some((resource.kind, resource.id, Lock::Update)),
    }
}

/// Locks all that records of these environments need, in the order of environments, kinds and ids, as
/// the strongest of their writes does. A single row is left to its own statement.
pub(crate) async fn lock(tx: &Tx, records: &[(i64, &[Write])]) -> Outcome<()> {
    let all = records.iter().flat_map(|(env, writes)| {
        writes.iter().filter_map(needed).map(|(kind, id, lock)| ((*env, kind as i16, id), lock))
    });
    let (rows, locks): (BTreeSet<_>, Vec<_>) = all.unzip();
    let strongest = locks.into_iter().max();
    let (Some(lock), true) = (strongest, rows.len() > 1) else { return Ok(()) };
    let lock = match lock {
        Lock::KeyShare => "KEY SHARE",
        Lock::Share => "SHARE",
        Lock::NoKeyUpdate => "NO KEY UPDATE",
        Lock::Update => "UPDATE",
    };
    let sql = format!(
        "SELECT count(*)
         FROM unnest($1::bigint[], $2::smallint[], $3::bytea[]) AS needed (env, kind, id)
         CROSS JOIN LATERAL (
             SELECT FROM resource AS r
             WHERE r.env = needed.env AND r.kind = needed.kind AND r.id = needed.id
             FOR {lock}) AS locked"
    );
    let envs: Vec<i64> = rows.iter().map(|(env, _, _)| *env).collect();
    let kinds: Vec<i16> = rows.iter().map(|(_, kind, _)| *kind).collect();
    let ids: Vec<&[u8]> = rows.iter().map(|(_, _, id)| &id.as_bytes()[..]).collect();
    tx.query_one(&sql, &[&envs, &kinds, &ids]).await?;
    Ok(())
}

/// A record's writes under way. Each step answers `false` if it conflicts.
struct Writing<'a> {
    tx: &'a Tx,
    env: i64,
    tallies: &'a mut Tallies,
    deleted_clients: Vec<i64>,
}

impl Writing<'_> {
    /// Writes that are one statement.
    async fn run(&mut self, run: &[Write]) -> Outcome<bool> {
        match run {
            [Write::Update { before, after }] => self.update(before, after).await,
            [Write::Delete(before)] => self.delete(before).await,
            [Write::Rest(before)] => self.is_unchanged(before).await,
            [Write::KeepImage { document, side, data }] => {
                self.keep_image(*document, *side, data).await
            }
            [Write::DropImage { document, side }] => self.drop_image(*document, *side).await,
            created => {
                let resources = created.iter().filter_map(|write| match write {
                    Write::Create(resource) => Some(resource),
                    _ => None,
                });
                self.create(&resources.collect::<Vec<_>>()).await
            }
        }
    }

    /// Makes resources of one kind.
    async fn create(&mut self, resources: &[&Resource]) -> Outcome<bool> {
        let Some(kind) = resources.first().map(|first| first.kind) else { return Ok(true) };
        let times = |of: fn(&Resource) -> Timestamp| -> Vec<i64> {
            resources.iter().map(|resource| of(resource).millis()).collect()
        };
        let ids: Vec<&[u8]> = resources.iter().map(|one| &one.id.as_bytes()[..]).collect();
        let clients: Vec<Option<ResourceId>> = resources.iter().map(|one| one.client()).collect();
        let clients: Vec<Option<&[u8]>> =
            clients.iter().map(|client| client.as_ref().map(|id| &id.as_bytes()[..])).collect();
        let due: Vec<Option<i64>> =
            resources.iter().map(|one| one.due_at.map(Timestamp::millis)).collect();
        let bodies: Vec<Vec<u8>> = resources.iter().map(|resource| body(resource)).collect();
        let (mut words, mut ends) = (Vec::new(), Vec::new());
        for resource in resources {
            words.extend(words_of(self.env, resource));
            ends.push(i32::try_from(words.len()).unwrap_or(i32::MAX));
            self.tallies.resources(self.env, kind, &resource.attributes(), 1);
        }
        let (created, updated) = (times(|one| one.created_at), times(|one| one.updated_at));
        let values: &[Value<'_>] = &[
            &self.env,
            &(kind as i16),
            &ids,
            &clients,
            &due,
            &created,
            &updated,
            &bodies,
            &ends,
            &words,
        ];
        let made = self.tx.execute(CREATE, values).await?;
        Ok(made == resources.len() as u64)
    }

    async fn update(&mut self, before: &Stored, after: &Resource) -> Outcome<bool> {
        let sql = "UPDATE resource
                   SET version = version + 1, due_at = $5, updated_at = $6, body = $7, words = $8
                   WHERE env = $1 AND kind = $2 AND id = $3 AND version = $4";
        let (kind, id) = (after.kind as i16, &after.id.as_bytes()[..]);
        let (version, due_at) = (signed(before.version), after.due_at.map(Timestamp::millis));
        let (updated_at, body) = (after.updated_at.millis(), body(after));
        let words: Vec<_> = words_of(self.env, after).collect();
        let values: &[Value<'_>] =
            &[&self.env, &kind, &id, &version, &due_at, &updated_at, &body, &words];
        let updated = self.tx.execute(sql, values).await?;
        let (old, new) = (before.resource.attributes(), after.attributes());
        if old != new {
            self.tallies.resources(self.env, after.kind, &old, -1);
            self.tallies.resources(self.env, after.kind, &new, 1);
        }
        Ok(updated == 1)
    }

    async fn delete(&mut self, before: &Stored) -> Outcome<bool> {
        let sql = "DELETE FROM resource WHERE env = $1 AND kind = $2 AND id = $3 AND version = $4
                   RETURNING num";
        let Some(num) = self.fenced(sql, before).await? else { return Ok(false) };
        let resource = &before.resource;
        self.tallies.resources(self.env, resource.kind, &resource.attributes(), -1);
        match resource.kind {
            Kind::Client => self.deleted_clients.push(num),
            Kind::Document => {
                let sql = "DELETE FROM image WHERE env = $1 AND document = $2";
                self.tx.execute(sql, &[&self.env, &num]).await?;
            }
            Kind::Address | Kind::Check => {}
        }
        Ok(true)
    }

    async fn is_unchanged(&self, before: &Stored) -> Outcome<bool> {
        let sql = "SELECT num FROM resource
                   WHERE env = $1 AND kind = $2 AND id = $3 AND version = $4 FOR SHARE";
        Ok(self.fenced(sql, before).await?.is_some())
    }

    /// The number of a row that has to be as it was read.
    async fn fenced(&self, sql: &str, before: &Stored) -> Outcome<Option<i64>> {
        let Stored { resource, version } = before;
        let (kind, id) = (resource.kind as i16, &resource.id.as_bytes()[..]);
        let row = self.tx.query_opt(sql, &[&self.env, &kind, &id, &signed(*version)]).await?;
        Ok(row.map(|row| row.try_get("num")).transpose()?)
    }

    async fn keep_image(&self, document: ResourceId, side: Side, data: &[u8]) -> Outcome<bool> {
        let sql = "WITH document AS (
                       SELECT num FROM resource WHERE env = $1 AND kind = $2 AND id = $3
                       FOR NO KEY UPDATE)
                   INSERT INTO image (env, document, side, data)
                   SELECT $1, num, $4, $5 FROM document
                   ON CONFLICT (env, document, side) DO UPDATE SET data = excluded.data";
        let (kind, id) = (Kind::Document as i16, &document.as_bytes()[..]);
        let values: &[Value<'_>] = &[&self.env, &kind, &id, &(side as i16), &data];
        Ok(self.tx.execute(sql, values).await? == 1)
    }

    async fn drop_image(&self, document: ResourceId, side: Side) -> Outcome<bool> {
        let sql = "WITH document AS (
                       SELECT num FROM resource WHERE env = $1 AND kind = $2 AND id = $3
                       FOR NO KEY UPDATE),
                   dropped AS (
                       DELETE FROM image AS i USING document
                       WHERE i.env = $1 AND i.document = document.num AND i.side = $4)
                   SELECT num FROM document";
        let (kind, id) = (Kind::Document as i16, &document.as_bytes()[..]);
        Ok(self.tx.query_opt(sql, &[&self.env, &kind, &id, &(side as i16)]).await?.is_some())
    }

    /// That no address or document is left of the clients that were deleted. Asked after the whole
    /// record, in a statement of its own: what others made of them was committed before they let the
    /// deletion go on, and is seen now.
    async fn deleted_clients_own_nothing(&self) -> Outcome<bool> {
        if self.deleted_clients.is_empty() {
            return Ok(true);
        }
        let sql =
            "SELECT EXISTS (SELECT 1 FROM resource WHERE env = $1 AND owner = ANY($2)) AS owned";
        let row = self.tx.query_one(sql, &[&self.env, &self.deleted_clients]).await?;
        Ok(!row.try_get::<_, bool>("owned")?)
    }
}

/// Numbered in the order in which they are given. The words of all are one array: those of each end
/// at its place of `ends`, since arrays of different lengths cannot be unnested.
const CREATE: &str = "
    INSERT INTO resource
        (env, kind, id, owner, version, due_at, created_at, updated_at, body, words)
    SELECT $1::bigint, $2::smallint, new.id, CASE WHEN $2::smallint IN (1, 2) THEN client.num END,
        1, new.due_at, new.created_at, new.updated_at, new.body,
        ($10::uuid[])[coalesce(($9::integer[])[new.place::integer - 1], 0) + 1 : new.words_end]
    FROM unnest($3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[],
             $9::integer[]) WITH ORDINALITY
         AS new (id, client, due_at, created_at, updated_at, body, words_end, place)
    LEFT JOIN LATERAL (
        SELECT r.num FROM resource AS r WHERE r.env = $1 AND r.kind = 0 AND r.id = new.client
        FOR KEY SHARE) AS client ON true
    WHERE new.client IS NULL OR client.num IS NOT NULL
    ORDER BY new.place";

/// The words that lists find a resource by.
fn words_of(env: i64, resource: &Resource) -> impl Iterator<Item = Uuid> + use<> {
    let words: Vec<_> =
        resource.attributes().iter().map(|one| word(env, resource.kind, one)).collect();
    words.into_iter()
}

/// The words of a resource as it is stored; none, if it cannot be read.
pub(crate) fn words_of_stored(env: i64, kind: u8, body: &[u8]) -> Vec<Uuid> {
    let resource = Kind::from_code(kind).and_then(|kind| match exact_json::parse(body) {
        Ok(exact_json::Value::Object(object)) => Resource::from_stored(kind, object, None),
        _ => None,
    });
    resource.map(|resource| words_of(env, &resource).collect()).unwrap_or_default()
}

/// The word of an attribute in the inverted index.
pub(crate) fn word(env: i64, kind: Kind, attribute: &Attribute<'_>) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(env.to_le_bytes());
    digest.update([kind as u8]);
    // A path has no U+0000 in it, so it is seen where the value begins.
    digest.update(attribute.path.as_bytes());
    digest.update([0]);
    digest.update(attribute.value.as_bytes());
    let mut word = [0; WORD];
    word.copy_from_slice(&digest.finalize()[..WORD]);
    Uuid::from_bytes(word)
}

fn body(resource: &Resource) -> Vec<u8> {
    exact_json::Value::from(resource.object.clone()).to_bytes()
}
