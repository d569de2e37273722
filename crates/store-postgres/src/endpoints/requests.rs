//! The requests that temporary endpoints keep.

use bytes::Bytes;
use herald_domain::{
    endpoint::KeptRequest,
    id::{EndpointId, RequestId},
    time::Timestamp,
};
use herald_store::{
    Bounds, Listed, Page,
    codec::{decode_headers, encode_headers},
};
use tokio_postgres::Row;

use crate::{
    codec::{count, limit as at_most, maybe_code, object_id, signed, text, time},
    failure::{Failed, Outcome},
    transaction::{Tx, Value},
};

/// How many of the oldest are looked at at once, when there is too much.
const OLDEST: i64 = 32;

/// An environment's number, if it is there, and the id of an endpoint in it.
type Place = (Option<i64>, EndpointId);

/// The requests of an endpoint of an environment.
const SELECT: &str = "
    SELECT r.id, r.number, r.method, r.query, r.headers, r.body, r.length, r.answered, r.received_at
    FROM endpoint AS e JOIN kept_request AS r ON r.endpoint = e.num
    WHERE e.env = $1 AND e.id = $2";

/// Numbers a request and keeps it, with the status that the endpoint answers. The endpoint's row is
/// locked from here on.
const KEEP: &str = "
    WITH counted AS (
        UPDATE endpoint
        SET last_number = last_number + 1, kept = kept + 1, kept_bytes = kept_bytes + $3
        WHERE id = $1 AND expires_at > $2
        RETURNING num, last_number AS number, respond_with AS answered, kept, kept_bytes),
    inserted AS (
        INSERT INTO kept_request
            (endpoint, number, answered, received_at, size, id, method, query, length, headers, body)
        SELECT num, number, answered, $2, $3, $4, $5, $6, $7, $8, $9 FROM counted)
    SELECT num, number, answered, kept, kept_bytes FROM counted";

/// Keeps a request, and makes room for it.
pub(super) async fn keep(
    tx: &Tx,
    endpoint: EndpointId,
    request: &KeptRequest,
    bounds: Bounds,
) -> Outcome<Option<KeptRequest>> {
    let values: &[Value<'_>] = &[
        &&endpoint.as_bytes()[..],
        &request.received_at.millis(),
        &signed(request.size()),
        &&request.id.as_bytes()[..],
        &text(&request.method),
        &request.query.as_deref().map(text),
        &signed(request.length),
        &encode_headers(&request.headers),
        &&request.body[..],
    ];
    let Some(row) = tx.query_opt(KEEP, values).await? else { return Ok(None) };
    let number = count(&row, "number")?;
    let full = Full { requests: count(&row, "kept")?, bytes: count(&row, "kept_bytes")? };
    make_room(tx, (row.try_get("num")?, number), full, bounds).await?;
    Ok(Some(KeptRequest { number, answered: answered(&row)?, ..request.clone() }))
}

/// How much an endpoint keeps.
struct Full {
    requests: u64,
    bytes: u64,
}

impl Full {
    fn is_beyond(&self, bounds: Bounds) -> bool {
        self.requests > bounds.requests || self.bytes > bounds.bytes
    }
}

/// Forgets the oldest requests of an endpoint but the newest, until the rest is within the bounds.
async fn make_room(
    tx: &Tx,
    (endpoint, newest): (i64, u64),
    mut full: Full,
    bounds: Bounds,
) -> Outcome<()> {
    let sql = "SELECT number, size FROM kept_request
               WHERE endpoint = $1 AND number > $2 AND number < $3 ORDER BY number LIMIT $4";
    let mut up_to = 0_i64;
    while full.is_beyond(bounds) {
        let oldest = tx.query(sql, &[&endpoint, &up_to, &signed(newest), &OLDEST]).await?;
        if oldest.is_empty() {
            break;
        }
        for row in oldest {
            if full.is_beyond(bounds) {
                up_to = row.try_get("number")?;
                full.requests = full.requests.saturating_sub(1);
                full.bytes = full.bytes.saturating_sub(count(&row, "size")?);
            }
        }
    }
    if up_to > 0 {
        let sql = "WITH forgotten AS (
                       DELETE FROM kept_request WHERE endpoint = $1 AND number <= $2)
                   UPDATE endpoint SET kept = $3, kept_bytes = $4 WHERE num = $1";
        let values: [Value<'_>; 4] =
            [&endpoint, &up_to, &signed(full.requests), &signed(full.bytes)];
        tx.execute(sql, &values).await?;
    }
    Ok(())
}

/// Forgets all that endpoints kept that were just deleted. A statement of its own, which sees what
/// came while the deletion waited for their rows.
pub(super) async fn forget(tx: &Tx, deleted: &[Row]) -> Outcome<()> {
    if deleted.is_empty() {
        return Ok(());
    }
    let endpoints = deleted.iter().map(|row| Ok(row.try_get("num")?));
    let endpoints: Vec<i64> = endpoints.collect::<Outcome<_>>()?;
    tx.execute("DELETE FROM kept_request WHERE endpoint = ANY($1)", &[&endpoints]).await?;
    Ok(())
}

/// A page of what an endpoint keeps, newest first.
pub(super) async fn list(
    tx: &Tx,
    (env, endpoint): Place,
    page: Page,
) -> Outcome<Listed<KeptRequest>> {
    let id = &endpoint.as_bytes()[..];
    let kept = "SELECT kept FROM endpoint WHERE env = $1 AND id = $2";
    let Some(kept) = tx.query_opt(kept, &[&env, &id]).await? else { return Ok(Listed::empty()) };
    let sql = format!("{SELECT} ORDER BY r.number DESC LIMIT $3 OFFSET $4");
    let (size, offset) = (i64::from(page.size()), signed(page.offset()));
    let items = requests(&tx.query(&sql, &[&env, &id, &size, &offset]).await?)?;
    Ok(Listed { items, total: count(&kept, "kept")? })
}

/// The request with this id.
pub(super) async fn find(
    tx: &Tx,
    (env, endpoint): Place,
    id: RequestId,
) -> Outcome<Option<KeptRequest>> {
    let sql = format!("{SELECT} AND r.id = $3");
    let (endpoint, id) = (&endpoint.as_bytes()[..], &id.as_bytes()[..]);
    tx.query_opt(&sql, &[&env, &endpoint, &id]).await?.as_ref().map(request).transpose()
}

/// What came after a number, oldest first.
pub(super) async fn after(
    tx: &Tx,
    (env, endpoint): Place,
    after: u64,
    limit: usize,
) -> Outcome<Vec<KeptRequest>> {
    let sql = format!("{SELECT} AND r.number > $3 ORDER BY r.number LIMIT $4");
    let id = &endpoint.as_bytes()[..];
    requests(&tx.query(&sql, &[&env, &id, &signed(after), &at_most(limit)]).await?)
}

fn requests(rows: &[Row]) -> Outcome<Vec<KeptRequest>> {
    rows.iter().map(request).collect()
}

fn request(row: &Row) -> Outcome<KeptRequest> {
    let headers = decode_headers(row.try_get("headers")?);
    let received_at: Timestamp = time(row, "received_at")?;
    Ok(KeptRequest {
        id: RequestId(object_id(row, "id")?),
        number: count(row, "number")?,
        method: row.try_get("method")?,
        query: row.try_get("query")?,
        headers: headers.ok_or_else(|| Failed::corrupt("a kept request's headers"))?,
        body: Bytes::copy_from_slice(row.try_get("body")?),
        length: count(row, "length")?,
        answered: answered(row)?,
        received_at,
    })
}

fn answered(row: &Row) -> Outcome<u16> {
    maybe_code(row, "answered")?.ok_or_else(|| Failed::corrupt("no answered"))
}
