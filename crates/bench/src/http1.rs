//! As much of HTTP/1.1 as a load generator and a receiver need, and no more: whole messages with a
//! `Content-Length`, one after another on a connection.
//!
//! It takes the least of the machine that it can, since Herald is to have the rest: nothing is
//! copied, no header is kept but the length, and what it does not understand ends the connection.

use std::{io, net::SocketAddr, ops::Range};

use anyhow::{Context as _, Result, ensure};
use bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

/// No head of the benchmark is larger, bytes.
const HEAD_LIMIT: usize = 16 * 1024;

/// How much is asked of the socket at a time, bytes: a few messages.
const READ: usize = 8 * 1024;

/// A connection that carries messages.
#[derive(Debug)]
pub(crate) struct Messages<S> {
    stream: S,
    buffer: BytesMut,
    /// Bytes of the message that was handed out last; the next look at the buffer drops them.
    consumed: usize,
}

/// One whole request or response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// Its first line, without the line's end.
    pub(crate) start: &'a [u8],
    /// Its first line and its headers.
    pub(crate) head: &'a [u8],
    /// Its body.
    pub(crate) body: &'a [u8],
}

impl Message<'_> {
    /// The start line's second word: a request's target, a response's status.
    pub(crate) fn second_word(&self) -> &[u8] {
        self.start.split(|byte| *byte == b' ').nth(1).unwrap_or_default()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Messages<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: BytesMut::new(), consumed: 0 }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next message; `None` when the other side has closed between two of them.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Message<'_>>> {
        self.buffer.advance(std::mem::take(&mut self.consumed));
        let layout = loop {
            match Layout::of(&self.buffer)? {
                Some(layout) if layout.body.end <= self.buffer.len() => break layout,
                _ => self.buffer.reserve(READ),
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                let between = self.buffer.is_empty();
                return if between { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        };
        self.consumed = layout.body.end;
        Ok(Some(layout.message(&self.buffer)))
    }
}

/// Where the parts of a message are.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    start: usize,
    body: Range<usize>,
}

impl Layout {
    /// Finds the parts of the message that `bytes` begin with; `None` while its head is not whole.
    fn of(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut length = 0;
        let mut start = None;
        let mut at = 0;
        while let Some(end) = bytes[at..].iter().position(|byte| *byte == b'\n') {
            let line = bytes[at..at + end].trim_ascii_end();
            at += end + 1;
            match start {
                None => start = Some(line.len()),
                Some(start) if line.is_empty() => {
                    return Ok(Some(Self { start, body: at..at + length }));
                }
                Some(_) => length = content_length(line)?.unwrap_or(length),
            }
        }
        if bytes.len() > HEAD_LIMIT { Err(unexpected("the head has no end")) } else { Ok(None) }
    }

    fn message<'a>(&self, bytes: &'a [u8]) -> Message<'a> {
        Message {
            start: &bytes[..self.start],
            head: &bytes[..self.body.start],
            body: &bytes[self.body.clone()],
        }
    }
}

/// The length that a header line gives, if it is the one that gives it.
fn content_length(line: &[u8]) -> io::Result<Option<usize>> {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return Err(unexpected("a header has no colon"));
    };
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    if name.eq_ignore_ascii_case(b"transfer-encoding") {
        return Err(unexpected("the body has no Content-Length"));
    }
    if !name.eq_ignore_ascii_case(b"content-length") {
        return Ok(None);
    }
    let digits = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
    digits.map(Some).ok_or_else(|| unexpected("Content-Length is not a number"))
}

fn unexpected(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// One call on a connection of its own; answers the body. An error unless it succeeds.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
) -> Result<String> {
    let mut messages = Messages::new(TcpStream::connect(address).await?);
    let authorization =
        if key.is_empty() { String::new() } else { format!("Authorization: {key}\r\n") };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: herald\r\n{authorization}Content-Length: {length}\
         \r\nConnection: close\r\n\r\n{body}"
    );
    messages.send(request.as_bytes()).await?;
    let answer = messages.next().await?.context("the server hung up")?;
    let told = String::from_utf8_lossy(answer.body);
    let succeeded = answer.second_word().starts_with(b"2");
    ensure!(succeeded, "{method} {path}: {}: {told}", String::from_utf8_lossy(answer.start));
    Ok(told.into_owned())
}

#[cfg(test)]
mod tests;
