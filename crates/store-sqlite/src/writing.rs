//! Writing resources: the part of a record that is not events.
//!
//! Each write is fenced by what it was decided by, in the statement itself: one that conflicts has
//! changed nothing. What was done before a conflict is found is undone by a savepoint, since the
//! transaction is shared with other records.

use herald_domain::{
    id::ResourceId,
    resource::{Attribute, Kind, Resource},
    time::Timestamp,
};
use herald_store::{Result, Stored, Write};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::{failure::explain, tally::ResourceTallies, writer::Session};

/// Bytes of a word's digest: two attributes of one environment do not have the same by chance or
/// by design.
const WORD: usize = 12;

/// Why writes were not carried out.
pub(crate) enum Refused {
    /// Something is no longer as it was read.
    Conflict,
    /// The database failed.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl Session<'_> {
    /// Carries out the writes of a record; `false` if they conflict, and then nothing was done.
    pub(crate) fn write(&mut self, env: i64, writes: &[Write]) -> Result<bool> {
        let to_undo = may_be_half_done(writes);
        let mut writing =
            Writing { connection: self.connection, env, tallies: ResourceTallies::default() };
        if to_undo {
            self.connection.execute_batch("SAVEPOINT writes").map_err(explain)?;
        }
        let outcome = writing.all(writes);
        if to_undo {
            let undo = if outcome.is_err() { "ROLLBACK TO writes; " } else { "" };
            let end = format!("{undo}RELEASE writes");
            self.connection.execute_batch(&end).map_err(explain)?;
        }
        match outcome {
            Ok(()) => {
                self.tallies.resources(writing.tallies);
                Ok(true)
            }
            Err(Refused::Conflict) => Ok(false),
            Err(Refused::Failed(error)) => Err(explain(error)),
        }
    }
}

/// Whether a conflict can be found after something was done. Most records have one write, and are
/// spared the savepoint.
fn may_be_half_done(writes: &[Write]) -> bool {
    let is_of_a_client = |write: &Write| matches!(write, Write::Delete(before) if before.resource.kind == Kind::Client);
    writes.len() > 1 || writes.iter().any(is_of_a_client)
}

struct Writing<'a> {
    connection: &'a Connection,
    env: i64,
    tallies: ResourceTallies,
}

impl Writing<'_> {
    fn all(&mut self, writes: &[Write]) -> Result<(), Refused> {
        let mut deleted_clients = Vec::new();
        for write in writes {
            match write {
                Write::Create(resource) => self.create(resource)?,
                Write::Update { before, after } => self.update(before, after)?,
                Write::Delete(before) => {
                    let num = self.delete(before)?;
                    if before.resource.kind == Kind::Client {
                        deleted_clients.push(num);
                    }
                }
                Write::Rest(before) => self.is_unchanged(before)?,
                Write::KeepImage { document, side, data } => {
                    let sql = "INSERT INTO image (document, side, data) VALUES (?1, ?2, ?3)
                               ON CONFLICT DO UPDATE SET data = excluded.data";
                    let document = self.number(Kind::Document, *document)?;
                    let values = params![document, *side as u8, &data[..]];
                    self.connection.prepare_cached(sql)?.execute(values)?;
                }
                Write::DropImage { document, side } => {
                    let sql = "DELETE FROM image WHERE document = ?1 AND side = ?2";
                    let document = self.number(Kind::Document, *document)?;
                    self.connection.prepare_cached(sql)?.execute(params![document, *side as u8])?;
                }
            }
        }
        deleted_clients.into_iter().try_for_each(|num| self.owns_nothing(num))
    }

    fn create(&mut self, resource: &Resource) -> Result<(), Refused> {
        let client = resource.client().map(|id| self.number(Kind::Client, id)).transpose()?;
        let owner = client.filter(|_| resource.kind != Kind::Check);
        let sql = "INSERT INTO resource
                       (env, kind, id, owner, version, due_at, created_at, updated_at, body)
                   VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8)";
        let num = self.connection.prepare_cached(sql)?.insert(params![
            self.env,
            resource.kind as u8,
            resource.id.as_bytes(),
            owner,
            resource.due_at.map(Timestamp::millis),
            resource.created_at.millis(),
            resource.updated_at.millis(),
            body(resource),
        ])?;
        let attributes = resource.attributes();
        self.tallies.add(self.env, resource.kind, &attributes, 1);
        self.index(num, resource.kind, &attributes)
    }

    fn update(&mut self, before: &Stored, after: &Resource) -> Result<(), Refused> {
        let sql = "UPDATE resource
                   SET version = version + 1, due_at = ?5, updated_at = ?6, body = ?7
                   WHERE env = ?1 AND kind = ?2 AND id = ?3 AND version = ?4 RETURNING num";
        let values = params![
            self.env,
            after.kind as u8,
            after.id.as_bytes(),
            before.version.cast_signed(),
            after.due_at.map(Timestamp::millis),
            after.updated_at.millis(),
            body(after),
        ];
        let num = self.fenced(sql, values)?;
        let (old, new) = (before.resource.attributes(), after.attributes());
        if old != new {
            self.tallies.add(self.env, after.kind, &old, -1);
            self.tallies.add(self.env, after.kind, &new, 1);
            self.forget(num)?;
            self.index(num, after.kind, &new)?;
        }
        Ok(())
    }

    fn delete(&mut self, before: &Stored) -> Result<i64, Refused> {
        let Stored { resource, version } = before;
        let sql = "DELETE FROM resource
                   WHERE env = ?1 AND kind = ?2 AND id = ?3 AND version = ?4 RETURNING num";
        let values =
            params![self.env, resource.kind as u8, resource.id.as_bytes(), version.cast_signed()];
        let num = self.fenced(sql, values)?;
        self.tallies.add(self.env, resource.kind, &resource.attributes(), -1);
        self.forget(num)?;
        if resource.kind == Kind::Document {
            let sql = "DELETE FROM image WHERE document = ?1";
            self.connection.prepare_cached(sql)?.execute([num])?;
        }
        Ok(num)
    }

    fn is_unchanged(&self, before: &Stored) -> Result<(), Refused> {
        let Stored { resource, version } = before;
        let sql = "SELECT num FROM resource
                   WHERE env = ?1 AND kind = ?2 AND id = ?3 AND version = ?4";
        let values =
            params![self.env, resource.kind as u8, resource.id.as_bytes(), version.cast_signed()];
        self.fenced(sql, values).map(drop)
    }

    /// A change of a row that has to be as it was read; answers its number.
    fn fenced(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<i64, Refused> {
        let num = self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0));
        num.optional()?.ok_or(Refused::Conflict)
    }

    fn number(&self, kind: Kind, id: ResourceId) -> Result<i64, Refused> {
        let sql = "SELECT num FROM resource WHERE env = ?1 AND kind = ?2 AND id = ?3";
        self.fenced(sql, params![self.env, kind as u8, id.as_bytes()])
    }

    fn owns_nothing(&self, client: i64) -> Result<(), Refused> {
        let sql = "SELECT EXISTS (SELECT 1 FROM resource WHERE owner = ?1)";
        let left: bool = self.connection.prepare_cached(sql)?.query_row([client], |r| r.get(0))?;
        if left { Err(Refused::Conflict) } else { Ok(()) }
    }

    fn index(&self, num: i64, kind: Kind, attributes: &[Attribute<'_>]) -> Result<(), Refused> {
        if attributes.is_empty() {
            return Ok(());
        }
        let words: Vec<_> = attributes.iter().map(|one| word(self.env, kind, one)).collect();
        let sql = "INSERT INTO resource_word (rowid, words) VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute(params![num, words.join(" ")])?;
        Ok(())
    }

    fn forget(&self, num: i64) -> Result<(), Refused> {
        let sql = "DELETE FROM resource_word WHERE rowid = ?1";
        self.connection.prepare_cached(sql)?.execute([num])?;
        Ok(())
    }
}

/// The word of an attribute in the inverted index.
pub(crate) fn word(env: i64, kind: Kind, attribute: &Attribute<'_>) -> String {
    let mut digest = Sha256::new();
    digest.update(env.to_le_bytes());
    digest.update([kind as u8]);
    // A path has no U+0000 in it, so it is seen where the value begins.
    digest.update(attribute.path.as_bytes());
    digest.update([0]);
    digest.update(attribute.value.as_bytes());
    hex::encode(&digest.finalize()[..WORD])
}

fn body(resource: &Resource) -> Vec<u8> {
    herald_domain::exact_json::Value::from(resource.object.clone()).to_bytes()
}
