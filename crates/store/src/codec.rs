//! How backends may keep the parts of an attempt that have no type of their own in a database.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt},
    signature::Signatures,
};

/// Address and port as 6 or 18 bytes.
pub fn encode_address(address: SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend_from_slice(&address.port().to_be_bytes());
    bytes
}

/// What [`encode_address`] has made; `None` if it is something else.
pub fn decode_address(bytes: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = bytes.split_last_chunk::<2>()?;
    let ip: IpAddr = match ip.len() {
        4 => <[u8; 4]>::try_from(ip).ok()?.into(),
        16 => <[u8; 16]>::try_from(ip).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}

/// Headers as name and value in turn, each led by its length as a LEB128 number.
pub fn encode_headers(headers: &[(String, Bytes)]) -> Vec<u8> {
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
pub fn decode_headers(mut bytes: &[u8]) -> Option<Vec<(String, Bytes)>> {
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
pub fn encode_signatures(signatures: &Signatures) -> Vec<u8> {
    let mut bytes = signatures.complycube.to_vec();
    bytes.extend(signatures.standard.iter().flatten());
    bytes
}

/// What [`encode_signatures`] has made, with when they were made; `None` if it is something else.
pub fn decode_signatures(bytes: &[u8], timestamp: i64) -> Option<Signatures> {
    let (complycube, rest) = bytes.split_first_chunk::<32>()?;
    let (standard, rest) = rest.as_chunks::<32>();
    let complete = rest.is_empty();
    complete.then(|| Signatures { timestamp, complycube: *complycube, standard: standard.to_vec() })
}

/// A text as every backend can keep it: not all know U+0000, so that becomes its picture, `␀`.
pub fn text(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{2400}").into() } else { text.into() }
}

/// An answer as columns; what is empty is not stored.
#[derive(Clone, Debug, Default)]
pub struct AnswerColumns<'a> {
    /// Of a response.
    pub status: Option<u16>,
    /// The class of a failure.
    pub error: Option<u8>,
    /// What is said of a failure.
    pub detail: Option<&'a str>,
    /// Of a response, as [`encode_headers`] writes them.
    pub headers: Option<Vec<u8>>,
    /// Of a response.
    pub body: Option<&'a [u8]>,
    /// `true` if there was more of it.
    pub truncated: Option<bool>,
}

impl<'a> AnswerColumns<'a> {
    /// Those of an attempt.
    pub fn of(attempt: &'a Attempt) -> Self {
        match &attempt.answer {
            Answer::Failure(failure) => Self {
                error: Some(failure.class as u8),
                detail: Some(&failure.detail),
                ..Self::default()
            },
            Answer::Response(response) => Self {
                status: Some(response.status),
                headers: (!response.headers.is_empty()).then(|| encode_headers(&response.headers)),
                body: (!response.body.is_empty()).then_some(&response.body[..]),
                truncated: response.truncated.then_some(true),
                ..Self::default()
            },
        }
    }
}
