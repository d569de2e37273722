//! How values stand in rows.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure, Response},
    id::{AccountId, ObjectId},
    signature::Signatures,
    time::Timestamp,
};
use herald_store::{Result, StoreError};
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

/// Address and port as 6 or 18 bytes.
pub(crate) fn encode_address(address: SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes
}

fn decode_address(bytes: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = bytes.split_last_chunk::<2>()?;
    let ip: IpAddr = match ip.len() {
        4 => <[u8; 4]>::try_from(ip).ok()?.into(),
        16 => <[u8; 16]>::try_from(ip).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}

/// Headers as name and value in turn, each led by its length as a LEB128 number.
pub(crate) fn encode_headers(headers: &[(String, Bytes)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(headers.iter().map(|(n, v)| n.len() + v.len() + 4).sum());
    for (name, value) in headers {
        for part in [name.as_bytes(), value] {
            let mut length = part.len();
            while length >= 0x80 {
                out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
                length >>= 7;
            }
            out.push(u8::try_from(length).unwrap_or_default());
            out.extend_from_slice(part);
        }
    }
    out
}

/// What [`encode_headers`] has made; `None` if it is something else.
pub(crate) fn decode_headers(mut bytes: &[u8]) -> Option<Vec<(String, Bytes)>> {
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let name = take_part(&mut bytes)?;
        let value = take_part(&mut bytes)?;
        headers.push((std::str::from_utf8(name).ok()?.to_owned(), Bytes::copy_from_slice(value)));
    }
    Some(headers)
}

fn take_part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut length = 0usize;
    for shift in (0..28).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (part, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            return Some(part);
        }
    }
    None
}

/// All signatures of an attempt in one blob.
pub(crate) fn encode_signatures(signatures: &Signatures) -> Vec<u8> {
    let mut bytes = signatures.complycube.to_vec();
    bytes.extend(signatures.standard.iter().flatten());
    bytes
}

fn decode_signatures(bytes: &[u8], timestamp: i64) -> Option<Signatures> {
    let (complycube, rest) = bytes.split_first_chunk::<32>()?;
    let (standard, rest) = rest.as_chunks::<32>();
    let complete = rest.is_empty();
    complete.then(|| Signatures { timestamp, complycube: *complycube, standard: standard.to_vec() })
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
