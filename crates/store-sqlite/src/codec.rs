//! How values stand in rows.

use bytes::Bytes;
use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure, Response},
    id::{AccountId, ObjectId},
    time::Timestamp,
};
use herald_store::{
    Result, StoreError,
    codec::{decode_address, decode_headers, decode_signatures},
};
use rusqlite::{Row, types::FromSql};

/// The number of an environment: twice its account's, plus 1 for live.
pub(crate) fn env_number(account: i64, mode: Mode) -> i64 {
    account * 2 + i64::from(mode == Mode::Live)
}

/// The mode of a numbered environment.
pub(crate) fn mode_of(env: i64) -> Mode {
    if env & 1 == 1 { Mode::Live } else { Mode::Test }
}

/// The environment of an account's id and an environment's number.
pub(crate) fn environment(account: AccountId, env: i64) -> EnvironmentId {
    EnvironmentId { account, mode: mode_of(env) }
}

/// A column of 12 bytes.
pub(crate) fn object_id(row: &Row<'_>, column: &str) -> rusqlite::Result<ObjectId> {
    row.get(column).map(ObjectId::from_bytes)
}

/// A column of milliseconds.
pub(crate) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// A column of milliseconds that may be absent.
pub(crate) fn maybe_time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A count, which SQLite keeps signed.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let value: i64 = row.get(column)?;
    T::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, value))
}

/// Length of a page or number of its first item, as SQLite takes them.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An attempt from its row, joined with its destination as `destination`.
pub(crate) fn attempt(row: &Row<'_>) -> Result<Attempt> {
    let sql = crate::failure::explain;
    let corrupt = |what: &str| StoreError::Corrupt(format!("an attempt's {what}"));
    let started_at = time(row, "started_at").map_err(sql)?;
    let nanos: u64 = count(row, "nanos").map_err(sql)?;
    let address: Option<Vec<u8>> = row.get("address").map_err(sql)?;
    let signatures: Option<Vec<u8>> = row.get("signatures").map_err(sql)?;
    let signed_at: Option<i64> = row.get("signed_at").map_err(sql)?;
    let signed_at = signed_at.unwrap_or(started_at.seconds());
    Ok(Attempt {
        started_at,
        duration: std::time::Duration::from_nanos(nanos),
        url: row.get("destination").map_err(sql)?,
        address: address
            .map(|bytes| decode_address(&bytes).ok_or_else(|| corrupt("address")))
            .transpose()?,
        signatures: signatures
            .map(|b| decode_signatures(&b, signed_at).ok_or_else(|| corrupt("signatures")))
            .transpose()?,
        answer: answer(row)?,
    })
}

fn answer(row: &Row<'_>) -> Result<Answer> {
    let sql = crate::failure::explain;
    let corrupt = |what: &str| StoreError::Corrupt(format!("an attempt's {what}"));
    if let Some(code) = row.get::<_, Option<u8>>("error").map_err(sql)? {
        let class = ErrorClass::from_code(code).ok_or_else(|| corrupt("error class"))?;
        let detail: Option<String> = row.get("detail").map_err(sql)?;
        return Ok(Answer::Failure(Failure { class, detail: detail.unwrap_or_default() }));
    }
    let status: Option<u16> = row.get("status").map_err(sql)?;
    let headers: Vec<u8> = or_empty(row, "headers")?;
    Ok(Answer::Response(Response {
        status: status.ok_or_else(|| corrupt("status"))?,
        headers: decode_headers(&headers).ok_or_else(|| corrupt("headers"))?,
        body: Bytes::from(or_empty::<Vec<u8>>(row, "body")?),
        truncated: row.get::<_, Option<bool>>("truncated").map_err(sql)?.unwrap_or(false),
    }))
}

fn or_empty<T: FromSql + Default>(row: &Row<'_>, column: &str) -> Result<T> {
    let value: Option<T> = row.get(column).map_err(crate::failure::explain)?;
    Ok(value.unwrap_or_default())
}
