//! What is read of the account's resources.

mod list;
mod span;

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::{self, Value},
    id::{AccountId, ResourceId},
    resource::{Kind, Resource, document::Side},
    time::Timestamp,
};
use herald_store::{DueResources, Listed, Page, ResourceFilter, Resources, Result, Stored};
use tokio_postgres::Row;

use crate::{
    PostgresStore,
    codec::{code, count, environment, limit, maybe_time, object_id},
    failure::{Failed, Outcome},
    transaction::Tx,
};
use list::List;

#[async_trait]
impl Resources for PostgresStore {
    async fn resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Option<Stored>> {
        self.look_up((self.shared.clone(), environment, kind, id), |tx, given| async move {
            let (shared, environment, kind, id) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else { return Ok(None) };
            let sql = "SELECT kind, version, due_at, body FROM resource
                       WHERE env = $1 AND kind = $2 AND id = $3";
            let row = tx.query_opt(sql, &[&env, &(*kind as i16), &&id.as_bytes()[..]]).await?;
            row.as_ref().map(stored).transpose()
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
        let given = (self.shared.clone(), environment, kind, filter, page);
        self.read(given, |tx, given| async move {
            let (shared, environment, kind, filter, page) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else {
                return Ok(Listed::empty());
            };
            List { tx: &tx, env, kind: *kind, filter }.page(*page).await
        })
        .await
    }

    async fn belongings(
        &self,
        environment: EnvironmentId,
        client: ResourceId,
    ) -> Result<Vec<Stored>> {
        self.look_up((self.shared.clone(), environment, client), |tx, given| async move {
            let (shared, environment, client) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else {
                return Ok(Vec::new());
            };
            let sql = "SELECT kind, version, due_at, body FROM resource
                       WHERE env = $1 AND owner =
                           (SELECT num FROM resource WHERE env = $1 AND kind = $2 AND id = $3)
                       ORDER BY num";
            let key = (Kind::Client as i16, &client.as_bytes()[..]);
            tx.query(sql, &[&env, &key.0, &key.1]).await?.iter().map(stored).collect()
        })
        .await
    }

    async fn image(
        &self,
        environment: EnvironmentId,
        document: ResourceId,
        side: Side,
    ) -> Result<Option<Bytes>> {
        self.look_up((self.shared.clone(), environment, document, side), |tx, given| async move {
            let (shared, environment, document, side) = &*given;
            let Some(env) = shared.registry.env(&tx, *environment).await? else { return Ok(None) };
            let sql = "SELECT i.data
                       FROM resource AS r JOIN image AS i ON i.env = r.env AND i.document = r.num
                       WHERE r.env = $1 AND r.kind = $2 AND r.id = $3 AND i.side = $4";
            let (kind, id) = (Kind::Document as i16, &document.as_bytes()[..]);
            let row = tx.query_opt(sql, &[&env, &kind, &id, &(*side as i16)]).await?;
            row.map(|row| bytes(&row, "data")).transpose()
        })
        .await
    }

    async fn due_resources(&self, now: Timestamp, limit: usize) -> Result<DueResources> {
        self.look_up((now, limit), |tx, given| async move {
            let (now, limit) = *given;
            due(&tx, now, limit).await
        })
        .await
    }
}

/// A resource from its row.
fn stored(row: &Row) -> Outcome<Stored> {
    let corrupt = || Failed::corrupt("the body of a resource");
    let kind = Kind::from_code(code(row, "kind")?).ok_or_else(corrupt)?;
    let Ok(Value::Object(object)) = exact_json::parse(row.try_get("body")?) else {
        return Err(corrupt());
    };
    let due_at = maybe_time(row, "due_at")?;
    let resource = Resource::from_stored(kind, object, due_at).ok_or_else(corrupt)?;
    Ok(Stored { resource, version: count(row, "version")? })
}

fn bytes(row: &Row, column: &str) -> Outcome<Bytes> {
    Ok(Bytes::copy_from_slice(row.try_get(column)?))
}

/// What is due, and the first that is not yet. A resource that cannot be read does not take the place
/// of another: as many more are asked for.
async fn due(tx: &Tx, now: Timestamp, most: usize) -> Outcome<DueResources> {
    let mut found = DueResources::default();
    let mut after = (i64::MIN, 0_i64);
    loop {
        let asked = most - found.due.len() + 1;
        let rows = tx.query(DUE, &[&now.millis(), &after.0, &after.1, &limit(asked)]).await?;
        let mut due = 0;
        for row in &rows {
            let due_at = maybe_time(row, "due_at")?;
            if found.due.len() == most || due_at.is_none_or(|at| at > now) {
                found.next = due_at;
                return Ok(found);
            }
            due += 1;
            after = (row.try_get("due_at")?, row.try_get("num")?);
            let account = AccountId(object_id(row, "account")?);
            let environment = environment(account, row.try_get("env")?);
            match stored(row) {
                Ok(stored) => found.due.push((environment, stored)),
                Err(error) => {
                    tracing::error!(%environment, ?error, "a resource that is due is skipped");
                }
            }
        }
        if due < asked {
            return Ok(found);
        }
    }
}

/// What is due and comes after a place in the order; and one more, the first that is not due, without
/// reading all the others that are not.
const DUE: &str = "
    SELECT r.env, r.num, r.kind, r.version, r.due_at, r.body, a.id AS account
    FROM (
        (SELECT env, num, kind, version, due_at, body FROM resource
         WHERE due_at <= $1 AND (due_at, num) > ($2, $3) ORDER BY due_at, num LIMIT $4)
        UNION ALL
        (SELECT env, num, kind, version, due_at, body FROM resource WHERE due_at > $1 ORDER BY due_at, num LIMIT 1)
    ) AS r JOIN account AS a ON a.num = r.env / 2
    ORDER BY r.due_at, r.num";
