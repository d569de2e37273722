//! Temporary endpoints, and the requests that they keep.
//!
//! An endpoint counts what it keeps, so that the bounds cost nothing but the look at the oldest
//! rows that go. Whoever keeps a request holds the endpoint's row until the commit: so numbers are
//! seen in their order, and whoever reads on from one misses none.

mod requests;

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    id::{AccountId, EndpointId, RequestId},
    time::Timestamp,
    webhook::SealedSecret,
};
use herald_store::{Bounds, Created, Endpoints, Listed, Page, Result, Signal};
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{
        array, count, environment, limit as at_most, maybe_code, object_id, signed, text, time,
    },
    failure::{Failed, Outcome},
    transaction::{Tx, Value},
    webhooks::lock_environments,
};

/// An endpoint with its account.
const SELECT: &str = "
    SELECT e.id, e.env, e.token_hash, e.token, e.description, e.respond_with, e.last_number, e.kept,
        e.expires_at, e.created_at, a.id AS account
    FROM endpoint AS e JOIN account AS a ON a.num = e.env / 2";

/// An endpoint of an environment, if it lives.
const LIVES: &str = "e.id = $1 AND e.env = $2 AND e.expires_at > $3";

#[async_trait]
impl Endpoints for PostgresStore {
    async fn create_endpoint(&self, endpoint: Endpoint, limit: u32) -> Result<Created> {
        self.write((self.shared.clone(), endpoint), move |tx, given| async move {
            let (shared, endpoint) = &*given;
            create(&tx, shared, endpoint, limit).await
        })
        .await
    }

    async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        self.look_up(self.shared.clone(), move |tx, shared| async move {
            let Some(env) = shared.registry.env(&tx, environment).await? else { return Ok(None) };
            only(&tx, LIVES, &[&&id.as_bytes()[..], &env, &at.millis()]).await
        })
        .await
    }

    async fn endpoint_by_token(
        &self,
        token_hash: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        self.look_up(token_hash, move |tx, token_hash| async move {
            let condition = "e.token_hash = $1 AND e.expires_at > $2";
            only(&tx, condition, &[&&token_hash[..], &at.millis()]).await
        })
        .await
    }

    async fn list_endpoints(
        &self,
        environment: EnvironmentId,
        at: Timestamp,
        page: Page,
    ) -> Result<Listed<Endpoint>> {
        self.read(self.shared.clone(), move |tx, shared| async move {
            match shared.registry.env(&tx, environment).await? {
                Some(env) => list(&tx, env, at, page).await,
                None => Ok(Listed::empty()),
            }
        })
        .await
    }

    async fn update_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        patch: EndpointPatch,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        self.write((self.shared.clone(), patch), move |tx, given| async move {
            let (shared, patch) = &*given;
            let Some(env) = shared.registry.env(&tx, environment).await? else { return Ok(None) };
            update(&tx, (env, id), patch, at).await
        })
        .await
    }

    async fn delete_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<bool> {
        let deleted = self
            .write(self.shared.clone(), move |tx, shared| async move {
                let env = shared.registry.env(&tx, environment).await?;
                let sql = "DELETE FROM endpoint WHERE id = $1 AND env = $2 AND expires_at > $3
                           RETURNING num";
                let gone = tx.query(sql, &[&&id.as_bytes()[..], &env, &at.millis()]).await?;
                requests::forget(&tx, &gone).await?;
                Ok(!gone.is_empty())
            })
            .await?;
        if deleted {
            self.shared.signals.tell(Signal::EndpointGone(id));
        }
        Ok(deleted)
    }

    async fn keep_request(
        &self,
        endpoint: EndpointId,
        request: KeptRequest,
        bounds: Bounds,
    ) -> Result<Option<KeptRequest>> {
        let kept = self
            .write(request, move |tx, request| async move {
                requests::keep(&tx, endpoint, &request, bounds).await
            })
            .await?;
        if let Some(request) = &kept {
            self.shared.signals.tell(Signal::RequestKept(endpoint, request.number));
        }
        Ok(kept)
    }

    async fn list_requests(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        page: Page,
    ) -> Result<Listed<KeptRequest>> {
        self.read(self.shared.clone(), move |tx, shared| async move {
            let env = shared.registry.env(&tx, environment).await?;
            requests::list(&tx, (env, endpoint), page).await
        })
        .await
    }

    async fn kept_request(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        id: RequestId,
    ) -> Result<Option<KeptRequest>> {
        self.look_up(self.shared.clone(), move |tx, shared| async move {
            let env = shared.registry.env(&tx, environment).await?;
            requests::find(&tx, (env, endpoint), id).await
        })
        .await
    }

    async fn requests_after(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<KeptRequest>> {
        self.look_up(self.shared.clone(), move |tx, shared| async move {
            let env = shared.registry.env(&tx, environment).await?;
            requests::after(&tx, (env, endpoint), after, limit).await
        })
        .await
    }

    async fn expire_endpoints(&self, at: Timestamp, limit: usize) -> Result<usize> {
        self.write((), move |tx, _| async move {
            let sql = "DELETE FROM endpoint WHERE num = ANY (ARRAY
                           (SELECT num FROM endpoint WHERE expires_at <= $1
                            LIMIT $2 FOR UPDATE SKIP LOCKED))
                       RETURNING num";
            let gone = tx.query(sql, &[&at.millis(), &at_most(limit)]).await?;
            requests::forget(&tx, &gone).await?;
            Ok(gone.len())
        })
        .await
    }
}

async fn create(tx: &Tx, shared: &Shared, endpoint: &Endpoint, limit: u32) -> Outcome<Created> {
    let Some(env) = shared.registry.env(tx, endpoint.environment).await? else {
        return Ok(Created::UnknownAccount);
    };
    lock_environments(tx, &[env]).await?;
    if living(tx, env, endpoint.created_at).await? >= u64::from(limit) {
        return Ok(Created::LimitReached);
    }
    let sql = "INSERT INTO endpoint
                   (id, env, token_hash, token, description, respond_with, expires_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values: &[Value<'_>] = &[
        &&endpoint.id.as_bytes()[..],
        &env,
        &&endpoint.token_hash[..],
        &endpoint.token.0,
        &endpoint.description.as_deref().map(text),
        &status(endpoint.respond_with)?,
        &endpoint.expires_at.millis(),
        &endpoint.created_at.millis(),
    ];
    tx.execute(sql, values).await?;
    Ok(Created::Created)
}

/// How many endpoints of an environment live.
async fn living(tx: &Tx, env: i64, at: Timestamp) -> Outcome<u64> {
    let sql = "SELECT count(*) AS total FROM endpoint WHERE env = $1 AND expires_at > $2";
    count(&tx.query_one(sql, &[&env, &at.millis()]).await?, "total")
}

/// The endpoint for which this holds, if there is one.
async fn only(tx: &Tx, condition: &str, values: &[Value<'_>]) -> Outcome<Option<Endpoint>> {
    let sql = format!("{SELECT} WHERE {condition}");
    tx.query_opt(&sql, values).await?.as_ref().map(endpoint).transpose()
}

async fn list(tx: &Tx, env: i64, at: Timestamp, page: Page) -> Outcome<Listed<Endpoint>> {
    let total = living(tx, env, at).await?;
    let sql = format!(
        "{SELECT} WHERE e.env = $1 AND e.expires_at > $2 ORDER BY e.id DESC LIMIT $3 OFFSET $4"
    );
    let (size, offset) = (i64::from(page.size()), signed(page.offset()));
    let rows = tx.query(&sql, &[&env, &at.millis(), &size, &offset]).await?;
    Ok(Listed { items: rows.iter().map(endpoint).collect::<Outcome<_>>()?, total })
}

async fn update(
    tx: &Tx,
    (env, id): (i64, EndpointId),
    patch: &EndpointPatch,
    at: Timestamp,
) -> Outcome<Option<Endpoint>> {
    let values: &[Value<'_>] = &[&&id.as_bytes()[..], &env, &at.millis()];
    let found = only(tx, &format!("{LIVES} FOR NO KEY UPDATE OF e"), values).await?;
    let Some(updated) = found.map(|endpoint| endpoint.patched(patch)) else { return Ok(None) };
    let sql = "UPDATE endpoint SET description = $2, respond_with = $3 WHERE id = $1";
    let description = updated.description.as_deref().map(text);
    let answer = status(updated.respond_with)?;
    tx.execute(sql, &[&&id.as_bytes()[..], &description, &answer]).await?;
    only(tx, LIVES, values).await
}

/// A status, as it is kept.
fn status(status: u16) -> Outcome<i16> {
    i16::try_from(status).map_err(|_| Failed::corrupt(format!("{status} as a status")))
}

fn endpoint(row: &Row) -> Outcome<Endpoint> {
    let account = AccountId(object_id(row, "account")?);
    let respond_with = maybe_code(row, "respond_with")?;
    Ok(Endpoint {
        id: EndpointId(object_id(row, "id")?),
        environment: environment(account, row.try_get("env")?),
        token_hash: array(row, "token_hash")?,
        token: SealedSecret(row.try_get("token")?),
        description: row.try_get("description")?,
        respond_with: respond_with.ok_or_else(|| Failed::corrupt("no respond_with"))?,
        requests: count(row, "kept")?,
        last_number: count(row, "last_number")?,
        expires_at: time(row, "expires_at")?,
        created_at: time(row, "created_at")?,
    })
}
