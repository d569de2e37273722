//! How values stand in rows.

use bytes::Bytes;
use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure, Response},
    delivery::DeliveryState,
    id::{AccountId, ObjectId},
    time::Timestamp,
};
pub(crate) use herald_store::codec::text;
use herald_store::codec::{decode_address, decode_headers, decode_signatures};
use tokio_postgres::Row;

use crate::failure::{Failed, Outcome};

/// The number of an environment: twice its account's, plus 1 for live.
pub(crate) fn env_number(account: i64, mode: Mode) -> i64 {
    account * 2 + i64::from(mode == Mode::Live)
}

/// The environment of an account's id and an environment's number.
pub(crate) fn environment(account: AccountId, env: i64) -> EnvironmentId {
    let mode = if env & 1 == 1 { Mode::Live } else { Mode::Test };
    EnvironmentId { account, mode }
}

/// A column of 12 bytes.
pub(crate) fn object_id(row: &Row, column: &str) -> Outcome<ObjectId> {
    Ok(ObjectId::from_bytes(array(row, column)?))
}

/// A column of so many bytes.
pub(crate) fn array<const N: usize>(row: &Row, column: &str) -> Outcome<[u8; N]> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| Failed::corrupt(format!("{column} of {} bytes", bytes.len())))
}

/// A column of milliseconds.
pub(crate) fn time(row: &Row, column: &str) -> Outcome<Timestamp> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// A column of milliseconds that may be absent.
pub(crate) fn maybe_time(row: &Row, column: &str) -> Outcome<Option<Timestamp>> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A count (bigint), which PostgreSQL keeps signed.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row, column: &str) -> Outcome<T> {
    let value: i64 = row.try_get(column)?;
    T::try_from(value).map_err(|_| Failed::corrupt(format!("{value} as {column}")))
}

/// A small count (integer).
pub(crate) fn small(row: &Row, column: &str) -> Outcome<u32> {
    let value: i32 = row.try_get(column)?;
    u32::try_from(value).map_err(|_| Failed::corrupt(format!("{value} as {column}")))
}

/// A code or an HTTP status (smallint) that may be absent.
pub(crate) fn maybe_code<T: TryFrom<i16>>(row: &Row, column: &str) -> Outcome<Option<T>> {
    let Some(value) = row.try_get::<_, Option<i16>>(column)? else { return Ok(None) };
    let code = T::try_from(value);
    code.map(Some).map_err(|_| Failed::corrupt(format!("{value} as {column}")))
}

/// A code (smallint).
pub(crate) fn code(row: &Row, column: &str) -> Outcome<u8> {
    maybe_code(row, column)?.ok_or_else(|| Failed::corrupt(format!("no {column}")))
}

/// The state of a delivery (smallint).
pub(crate) fn delivery_state(row: &Row, column: &str) -> Outcome<DeliveryState> {
    let code = code(row, column)?;
    let known = DeliveryState::from_code(code);
    known.ok_or_else(|| Failed::corrupt(format!("state {code} of a delivery")))
}

/// Length of a page or number of its first item, as PostgreSQL takes them.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The same for a limit.
pub(crate) fn limit(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The same for what is an integer column.
pub(crate) fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// An attempt from its row.
pub(crate) fn attempt(row: &Row) -> Outcome<Attempt> {
    let corrupt = |what: &str| Failed::corrupt(format!("an attempt's {what}"));
    let started_at = time(row, "started_at")?;
    let address: Option<&[u8]> = row.try_get("address")?;
    let signatures: Option<&[u8]> = row.try_get("signatures")?;
    let signed_at: Option<i64> = row.try_get("signed_at")?;
    let signed_at = signed_at.unwrap_or(started_at.seconds());
    Ok(Attempt {
        started_at,
        duration: std::time::Duration::from_nanos(count(row, "nanos")?),
        url: row.try_get("url")?,
        address: address
            .map(|bytes| decode_address(bytes).ok_or_else(|| corrupt("address")))
            .transpose()?,
        signatures: signatures
            .map(|b| decode_signatures(b, signed_at).ok_or_else(|| corrupt("signatures")))
            .transpose()?,
        answer: answer(row)?,
    })
}

fn answer(row: &Row) -> Outcome<Answer> {
    let corrupt = |what: &str| Failed::corrupt(format!("an attempt's {what}"));
    if let Some(code) = maybe_code::<u8>(row, "error")? {
        let class = ErrorClass::from_code(code).ok_or_else(|| corrupt("error class"))?;
        let detail: Option<String> = row.try_get("detail")?;
        return Ok(Answer::Failure(Failure { class, detail: detail.unwrap_or_default() }));
    }
    let headers: Option<&[u8]> = row.try_get("headers")?;
    let body: Option<&[u8]> = row.try_get("body")?;
    Ok(Answer::Response(Response {
        status: maybe_code(row, "status")?.ok_or_else(|| corrupt("status"))?,
        headers: decode_headers(headers.unwrap_or_default()).ok_or_else(|| corrupt("headers"))?,
        body: Bytes::copy_from_slice(body.unwrap_or_default()),
        truncated: row.try_get::<_, Option<bool>>("truncated")?.unwrap_or(false),
    }))
}
