//! Temporary endpoints, and the requests that they keep.
//!
//! An endpoint counts what it keeps, so that the bounds cost nothing but the look at the oldest
//! rows that go.

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    id::{AccountId, EndpointId, RequestId},
    time::Timestamp,
    webhook::SealedSecret,
};
use herald_store::{
    Bounds, Created, Endpoints, Listed, Page, Result, StoreError,
    codec::{decode_headers, encode_headers},
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use crate::{
    SqliteStore,
    codec::{count, environment, object_id, signed, time},
    failure::explain,
    registry::known_env,
};

/// An endpoint with its account.
const SELECT: &str = "SELECT e.*, a.id AS account
                      FROM endpoint AS e JOIN account AS a ON a.num = e.env / 2";

#[async_trait]
impl Endpoints for SqliteStore {
    async fn create_endpoint(&self, endpoint: Endpoint, limit: u32) -> Result<Created> {
        self.writer.write(move |session| create(session.connection, &endpoint, limit)).await
    }

    async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        self.readers.read(move |connection| find(connection, environment, id, at)).await
    }

    async fn endpoint_by_token(
        &self,
        token_hash: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        let condition = "e.token_hash = ?1 AND e.expires_at > ?2";
        self.readers
            .read(move |connection| only(connection, condition, params![token_hash, at.millis()]))
            .await
    }

    async fn list_endpoints(
        &self,
        environment: EnvironmentId,
        at: Timestamp,
        page: Page,
    ) -> Result<Listed<Endpoint>> {
        self.readers.read(move |connection| list(connection, environment, at, page)).await
    }

    async fn update_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        patch: EndpointPatch,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        self.writer
            .write(move |session| {
                let found = find(session.connection, environment, id, at)?;
                let Some(updated) = found.map(|endpoint| endpoint.patched(&patch)) else {
                    return Ok(None);
                };
                let sql = "UPDATE endpoint SET description = ?2, respond_with = ?3 WHERE id = ?1";
                let values = params![id.as_bytes(), updated.description, updated.respond_with];
                session.connection.execute(sql, values).map_err(explain)?;
                Ok(Some(updated))
            })
            .await
    }

    async fn delete_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<bool> {
        self.writer
            .write(move |session| {
                let found = find(session.connection, environment, id, at)?;
                if found.is_some() {
                    remove(session.connection, id).map_err(explain)?;
                }
                Ok(found.is_some())
            })
            .await
    }

    async fn keep_request(
        &self,
        endpoint: EndpointId,
        request: KeptRequest,
        bounds: Bounds,
    ) -> Result<Option<KeptRequest>> {
        self.writer
            .write(move |session| {
                keep(session.connection, endpoint, &request, bounds).map_err(explain)
            })
            .await
    }

    async fn list_requests(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        page: Page,
    ) -> Result<Listed<KeptRequest>> {
        self.readers
            .read(move |connection| {
                let Some((num, total)) = numbered(connection, environment, endpoint)? else {
                    return Ok(Listed::empty());
                };
                let sql = "SELECT * FROM kept_request WHERE endpoint = ?1
                           ORDER BY number DESC LIMIT ?2 OFFSET ?3";
                let values = params![num, page.size(), signed(page.offset())];
                Ok(Listed { items: requests(connection, sql, values)?, total })
            })
            .await
    }

    async fn kept_request(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        id: RequestId,
    ) -> Result<Option<KeptRequest>> {
        self.readers
            .read(move |connection| {
                let Some((num, _)) = numbered(connection, environment, endpoint)? else {
                    return Ok(None);
                };
                let sql = "SELECT * FROM kept_request WHERE endpoint = ?1 AND id = ?2";
                Ok(requests(connection, sql, params![num, id.as_bytes()])?.pop())
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
        self.readers
            .read(move |connection| {
                let Some((num, _)) = numbered(connection, environment, endpoint)? else {
                    return Ok(Vec::new());
                };
                let sql = "SELECT * FROM kept_request WHERE endpoint = ?1 AND number > ?2
                           ORDER BY number LIMIT ?3";
                requests(connection, sql, params![num, signed(after), signed(limit as u64)])
            })
            .await
    }

    async fn expire_endpoints(&self, at: Timestamp, limit: usize) -> Result<usize> {
        self.writer
            .write(move |session| {
                let sql = "SELECT id FROM endpoint WHERE expires_at <= ?1 LIMIT ?2";
                let run = || {
                    let connection = session.connection;
                    let expired: Vec<_> = connection
                        .prepare_cached(sql)?
                        .query_map([at.millis(), signed(limit as u64)], |row| {
                            object_id(row, "id").map(EndpointId)
                        })?
                        .collect::<Result<_, _>>()?;
                    expired.iter().try_for_each(|id| remove(connection, *id))?;
                    Ok(expired.len())
                };
                run().map_err(explain)
            })
            .await
    }
}

fn create(connection: &Connection, endpoint: &Endpoint, limit: u32) -> Result<Created> {
    let Some(env) = known_env(connection, endpoint.environment)? else {
        return Ok(Created::UnknownAccount);
    };
    let run = || {
        let sql = "SELECT count(*) FROM endpoint WHERE env = ?1 AND expires_at > ?2";
        let living: u32 = connection
            .prepare_cached(sql)?
            .query_row([env, endpoint.created_at.millis()], |row| row.get(0))?;
        if living >= limit {
            return Ok(Created::LimitReached);
        }
        let sql = "INSERT INTO endpoint
                       (id, env, token_hash, token, description, respond_with, expires_at, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        connection.prepare_cached(sql)?.insert(params![
            endpoint.id.as_bytes(),
            env,
            endpoint.token_hash,
            endpoint.token.0,
            endpoint.description,
            endpoint.respond_with,
            endpoint.expires_at.millis(),
            endpoint.created_at.millis(),
        ])?;
        Ok(Created::Created)
    };
    run().map_err(explain)
}

fn find(
    connection: &Connection,
    environment: EnvironmentId,
    id: EndpointId,
    at: Timestamp,
) -> Result<Option<Endpoint>> {
    let Some(env) = known_env(connection, environment)? else { return Ok(None) };
    let condition = "e.id = ?1 AND e.env = ?2 AND e.expires_at > ?3";
    only(connection, condition, params![id.as_bytes(), env, at.millis()])
}

/// The endpoint for which this holds, if there is one.
fn only(
    connection: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
) -> Result<Option<Endpoint>> {
    let run = || {
        let mut query = connection.prepare_cached(&format!("{SELECT} WHERE {condition}"))?;
        query.query_row(values, endpoint).optional()
    };
    run().map_err(explain)
}

fn list(
    connection: &Connection,
    environment: EnvironmentId,
    at: Timestamp,
    page: Page,
) -> Result<Listed<Endpoint>> {
    let Some(env) = known_env(connection, environment)? else { return Ok(Listed::empty()) };
    let run = || {
        let total = "SELECT count(*) AS total FROM endpoint WHERE env = ?1 AND expires_at > ?2";
        let total = connection
            .prepare_cached(total)?
            .query_row([env, at.millis()], |row| count(row, "total"))?;
        let sql = format!(
            "{SELECT} WHERE e.env = ?1 AND e.expires_at > ?2 ORDER BY e.id DESC LIMIT ?3 OFFSET ?4"
        );
        let values = params![env, at.millis(), page.size(), signed(page.offset())];
        let mut query = connection.prepare_cached(&sql)?;
        let items = query.query_map(values, endpoint)?.collect::<Result<_, _>>()?;
        Ok(Listed { items, total })
    };
    run().map_err(explain)
}

fn endpoint(row: &Row<'_>) -> rusqlite::Result<Endpoint> {
    let account = AccountId(object_id(row, "account")?);
    Ok(Endpoint {
        id: EndpointId(object_id(row, "id")?),
        environment: environment(account, row.get("env")?),
        token_hash: row.get("token_hash")?,
        token: SealedSecret(row.get("token")?),
        description: row.get("description")?,
        respond_with: row.get("respond_with")?,
        requests: count(row, "kept")?,
        last_number: count(row, "last_number")?,
        expires_at: time(row, "expires_at")?,
        created_at: time(row, "created_at")?,
    })
}

/// Keeps a request, and makes room for it.
fn keep(
    connection: &Connection,
    endpoint: EndpointId,
    request: &KeptRequest,
    bounds: Bounds,
) -> rusqlite::Result<Option<KeptRequest>> {
    let size = signed(request.size());
    let sql = "UPDATE endpoint
               SET last_number = last_number + 1, kept = kept + 1, kept_bytes = kept_bytes + ?3
               WHERE id = ?1 AND expires_at > ?2 RETURNING *";
    let counted = connection.prepare_cached(sql)?.query_row(
        params![endpoint.as_bytes(), request.received_at.millis(), size],
        |row| {
            Ok((row.get("num")?, count(row, "last_number")?, row.get("respond_with")?, full(row)?))
        },
    );
    let Some((num, number, answered, full)): Option<(i64, u64, u16, Full)> = counted.optional()?
    else {
        return Ok(None);
    };
    let sql = "INSERT INTO kept_request
                   (endpoint, number, id, method, query, answered, received_at, size, length,
                    headers, body)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.prepare_cached(sql)?.insert(params![
        num,
        signed(number),
        request.id.as_bytes(),
        request.method,
        request.query,
        answered,
        request.received_at.millis(),
        size,
        signed(request.length),
        encode_headers(&request.headers),
        &request.body[..],
    ])?;
    make_room(connection, num, number, full, bounds)?;
    Ok(Some(KeptRequest { number, answered, ..request.clone() }))
}

/// How much an endpoint keeps.
struct Full {
    requests: u64,
    bytes: u64,
}

fn full(row: &Row<'_>) -> rusqlite::Result<Full> {
    Ok(Full { requests: count(row, "kept")?, bytes: count(row, "kept_bytes")? })
}

/// Forgets the oldest requests but `newest`, until the rest is within the bounds.
fn make_room(
    connection: &Connection,
    num: i64,
    newest: u64,
    mut full: Full,
    bounds: Bounds,
) -> rusqlite::Result<()> {
    let mut up_to = None;
    {
        let sql = "SELECT number, size FROM kept_request WHERE endpoint = ?1 AND number < ?2
                   ORDER BY number";
        let mut oldest = connection.prepare_cached(sql)?;
        let mut rows = oldest.query([num, signed(newest)])?;
        while (full.requests > bounds.requests || full.bytes > bounds.bytes)
            && let Some(row) = rows.next()?
        {
            up_to = Some(row.get::<_, i64>("number")?);
            full.requests -= 1;
            full.bytes = full.bytes.saturating_sub(count(row, "size")?);
        }
    }
    let Some(up_to) = up_to else { return Ok(()) };
    let sql = "DELETE FROM kept_request WHERE endpoint = ?1 AND number <= ?2";
    connection.prepare_cached(sql)?.execute([num, up_to])?;
    let sql = "UPDATE endpoint SET kept = ?2, kept_bytes = ?3 WHERE num = ?1";
    let values = [num, signed(full.requests), signed(full.bytes)];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn remove(connection: &Connection, id: EndpointId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM endpoint WHERE id = ?1 RETURNING num";
    let num: i64 = connection.prepare_cached(sql)?.query_row([id.as_bytes()], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM kept_request WHERE endpoint = ?1")?.execute([num])?;
    Ok(())
}

/// The number of an environment's endpoint, and how many requests it keeps.
fn numbered(
    connection: &Connection,
    environment: EnvironmentId,
    id: EndpointId,
) -> Result<Option<(i64, u64)>> {
    let Some(env) = known_env(connection, environment)? else { return Ok(None) };
    let sql = "SELECT num, kept FROM endpoint WHERE id = ?1 AND env = ?2";
    let run = || {
        let mut query = connection.prepare_cached(sql)?;
        let read = |row: &Row<'_>| Ok((row.get("num")?, count(row, "kept")?));
        query.query_row(params![id.as_bytes(), env], read).optional()
    };
    run().map_err(explain)
}

fn requests(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<KeptRequest>> {
    let mut query = connection.prepare_cached(sql).map_err(explain)?;
    let mut rows = query.query(values).map_err(explain)?;
    let mut requests = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        requests.push(request(row)?);
    }
    Ok(requests)
}

fn request(row: &Row<'_>) -> Result<KeptRequest> {
    let headers: Vec<u8> = row.get("headers").map_err(explain)?;
    let corrupt = || StoreError::Corrupt("a kept request's headers".to_owned());
    let headers = decode_headers(&headers).ok_or_else(corrupt)?;
    let read = || {
        Ok(KeptRequest {
            id: RequestId(object_id(row, "id")?),
            number: count(row, "number")?,
            method: row.get("method")?,
            query: row.get("query")?,
            headers,
            body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
            length: count(row, "length")?,
            answered: row.get("answered")?,
            received_at: time(row, "received_at")?,
        })
    };
    read().map_err(explain)
}
