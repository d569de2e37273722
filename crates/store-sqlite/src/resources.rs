//! What is read of the account's resources, beside the writer.
//!
//! Lists know their length from the tallies where they can; what is filtered further is counted,
//! along an index that has all that is asked for. A page near the end is read from there.

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::{self, Value},
    id::{AccountId, ResourceId},
    resource::{Kind, Resource, document::Side},
    time::Timestamp,
};
use herald_store::{
    DueResources, Listed, Page, ResourceFilter, Resources, Result, StoreError, Stored, TimeRange,
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::{
    SqliteStore,
    codec::{count, environment, maybe_time, object_id, signed},
    conditions::Conditions,
    failure::explain,
    registry::known_env,
    spans::Span,
    tally::tally_word,
    writing::word,
};

#[async_trait]
impl Resources for SqliteStore {
    async fn resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Option<Stored>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else { return Ok(None) };
                let sql = format!("{STORED} WHERE env = ?1 AND kind = ?2 AND id = ?3");
                let row = connection
                    .prepare_cached(&sql)
                    .and_then(|mut query| {
                        let key = params![env, kind as u8, id.as_bytes()];
                        query.query_row(key, Kept::read).optional()
                    })
                    .map_err(explain)?;
                row.map(Kept::stored).transpose()
            })
            .await
    }

    async fn list_resources(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        filter: ResourceFilter,
        page: Page,
    ) -> Result<Listed<Bytes>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else {
                    return Ok(Listed::empty());
                };
                List { connection, env, kind, filter: &filter }.page(page).map_err(explain)
            })
            .await
    }

    async fn belongings(
        &self,
        environment: EnvironmentId,
        client: ResourceId,
    ) -> Result<Vec<Stored>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else { return Ok(Vec::new()) };
                let sql = format!(
                    "{STORED} WHERE owner =
                         (SELECT num FROM resource WHERE env = ?1 AND kind = ?2 AND id = ?3)
                     ORDER BY num"
                );
                let mut query = connection.prepare_cached(&sql).map_err(explain)?;
                let key = params![env, Kind::Client as u8, client.as_bytes()];
                let rows = query.query_map(key, Kept::read).map_err(explain)?;
                rows.map(|row| row.map_err(explain)?.stored()).collect()
            })
            .await
    }

    async fn image(
        &self,
        environment: EnvironmentId,
        document: ResourceId,
        side: Side,
    ) -> Result<Option<Bytes>> {
        self.readers
            .read(move |connection| {
                let Some(env) = known_env(connection, environment)? else { return Ok(None) };
                let sql = "SELECT i.data FROM image AS i JOIN resource AS r ON r.num = i.document
                           WHERE r.env = ?1 AND r.kind = ?2 AND r.id = ?3 AND i.side = ?4";
                let key = params![env, Kind::Document as u8, document.as_bytes(), side as u8];
                connection
                    .prepare_cached(sql)
                    .and_then(|mut query| query.query_row(key, bytes).optional())
                    .map_err(explain)
            })
            .await
    }

    async fn due_resources(&self, now: Timestamp, limit: usize) -> Result<DueResources> {
        self.readers.read(move |connection| due(connection, now, limit)).await
    }
}

const STORED: &str = "SELECT env, kind, version, due_at, body FROM resource";

/// A row, before its body is read.
struct Kept {
    env: i64,
    kind: u8,
    version: u64,
    due_at: Option<Timestamp>,
    body: Vec<u8>,
}

impl Kept {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            env: row.get("env")?,
            kind: row.get("kind")?,
            version: count(row, "version")?,
            due_at: maybe_time(row, "due_at")?,
            body: row.get("body")?,
        })
    }

    fn stored(self) -> Result<Stored> {
        let corrupt = || StoreError::Corrupt("the body of a resource".to_owned());
        let kind = Kind::from_code(self.kind).ok_or_else(corrupt)?;
        let Ok(Value::Object(object)) = exact_json::parse(&self.body) else {
            return Err(corrupt());
        };
        let resource = Resource::from_stored(kind, object, self.due_at).ok_or_else(corrupt)?;
        Ok(Stored { resource, version: self.version })
    }
}

fn bytes(row: &Row<'_>) -> rusqlite::Result<Bytes> {
    row.get::<_, Vec<u8>>(0).map(Bytes::from)
}

/// A list that is asked for.
struct List<'a> {
    connection: &'a Connection,
    env: i64,
    kind: Kind,
    filter: &'a ResourceFilter,
}

/// Of so many at most, the matches of a range of times are read and sorted; of more, the list is
/// gone along until the page is full.
const FEW: u64 = 5_000;

impl List<'_> {
    fn page(&self, page: Page) -> rusqlite::Result<Listed<Bytes>> {
        let total = self.total()?;
        let (offset, size) = (page.offset(), u64::from(page.size()));
        let length = size.min(total.saturating_sub(offset));
        if length == 0 {
            return Ok(Listed { items: Vec::new(), total });
        }
        // From the end that is nearer.
        let behind = total - offset - length;
        let backwards = behind < offset;
        let (skipped, order) = if backwards { (behind, "ASC") } else { (offset, "DESC") };
        let mut conditions = self.conditions();
        let sql = format!(
            "SELECT body FROM resource WHERE num IN
                 (SELECT {num} FROM {from}{conditions} ORDER BY {num} {order} LIMIT ? OFFSET ?)
             ORDER BY num DESC",
            num = self.num(),
            from = self.gone_along(total),
            conditions = conditions.clause(),
        );
        conditions.values.push(Box::new(signed(length)));
        conditions.values.push(Box::new(signed(skipped)));
        let mut query = self.connection.prepare_cached(&sql)?;
        let items = query.query_map(params_from_iter(&conditions.values), bytes)?;
        let items: rusqlite::Result<Vec<_>> = items.collect();
        Ok(Listed { items: items?, total })
    }

    /// How many match.
    fn total(&self) -> rusqlite::Result<u64> {
        if let Some(total) = self.tallied()? {
            return Ok(total);
        }
        let ResourceFilter { attributes, created, updated } = self.filter;
        let none = TimeRange::default();
        let (column, range) = match (attributes.is_empty(), *created == none, *updated == none) {
            (true, false, true) => ("created_at", *created),
            (true, true, false) => ("updated_at", *updated),
            _ => return self.conditions().total(self.connection, self.counted_along()),
        };
        let key = (self.env, self.kind as u8);
        Span { connection: self.connection, key, column }.total(range, self.count_of("")?)
    }

    /// The length, where the tallies know it: of all, or of one attribute that is counted.
    fn tallied(&self) -> rusqlite::Result<Option<u64>> {
        let ResourceFilter { attributes, created, updated } = self.filter;
        let word = match attributes.as_slice() {
            _ if *created != TimeRange::default() || *updated != TimeRange::default() => {
                return Ok(None);
            }
            [] => String::new(),
            [one] if self.kind.shape().is_counted(&one.path) => tally_word(one),
            _ => return Ok(None),
        };
        self.count_of(&word).map(Some)
    }

    /// What the tallies say of a word.
    fn count_of(&self, word: &str) -> rusqlite::Result<u64> {
        let sql = "SELECT count FROM resource_tally WHERE env = ?1 AND kind = ?2 AND word = ?3";
        let key = params![self.env, self.kind as u8, word];
        let total = self.connection.prepare_cached(sql)?.query_row(key, |row| count(row, "count"));
        Ok(total.optional()?.unwrap_or(0))
    }

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        let ResourceFilter { attributes, created, updated } = self.filter;
        if !attributes.is_empty() {
            let words: Vec<_> =
                attributes.iter().map(|one| word(self.env, self.kind, one)).collect();
            conditions.add("w.resource_word MATCH ?", words.join(" AND "));
        }
        if attributes.is_empty() || self.is_timed() {
            conditions.add("r.env = ?", self.env);
            conditions.add("r.kind = ?", self.kind as u8);
        }
        conditions.within(*created, ["r.created_at > ?", "r.created_at < ?"]);
        conditions.within(*updated, ["r.updated_at > ?", "r.updated_at < ?"]);
        conditions
    }

    fn is_timed(&self) -> bool {
        [self.filter.created, self.filter.updated]
            .iter()
            .any(|range| *range != TimeRange::default())
    }

    /// Where matches are counted.
    fn counted_along(&self) -> &'static str {
        let ResourceFilter { created, updated, .. } = self.filter;
        if !self.filter.attributes.is_empty() {
            self.by_words()
        } else if *updated == TimeRange::default() {
            "resource AS r INDEXED BY resource_created"
        } else if *created == TimeRange::default() {
            "resource AS r INDEXED BY resource_updated"
        } else {
            "resource AS r INDEXED BY resource_list"
        }
    }

    /// Where the matches of a page are found, of which there are `total`.
    fn gone_along(&self, total: u64) -> &'static str {
        if self.filter.attributes.is_empty() && !(self.is_timed() && total <= FEW) {
            "resource AS r INDEXED BY resource_list"
        } else {
            self.counted_along()
        }
    }

    fn by_words(&self) -> &'static str {
        if self.is_timed() {
            "resource_word AS w CROSS JOIN resource AS r ON r.num = w.rowid"
        } else {
            "resource_word AS w"
        }
    }

    fn num(&self) -> &'static str {
        if self.filter.attributes.is_empty() { "r.num" } else { "w.rowid" }
    }
}

fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<DueResources> {
    let sql = "SELECT r.env, r.kind, r.version, r.due_at, r.body, a.id AS account
               FROM resource AS r JOIN account AS a ON a.num = r.env / 2
               WHERE r.due_at IS NOT NULL ORDER BY r.due_at, r.num";
    let mut query = connection.prepare_cached(sql).map_err(explain)?;
    let mut rows = query.query([]).map_err(explain)?;
    let mut found = DueResources::default();
    // Row by row, until there are enough: what is skipped must not take the place of others.
    while let Some(row) = rows.next().map_err(explain)? {
        let kept = Kept::read(row).map_err(explain)?;
        if found.due.len() == limit || kept.due_at.is_none_or(|at| at > now) {
            found.next = kept.due_at;
            break;
        }
        let account = AccountId(object_id(row, "account").map_err(explain)?);
        let environment = environment(account, kept.env);
        match kept.stored() {
            Ok(stored) => found.due.push((environment, stored)),
            Err(error) => {
                tracing::error!(%environment, %error, "a resource that is due is skipped");
            }
        }
    }
    Ok(found)
}
