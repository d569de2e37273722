//! Publishing: one event a request, as a platform would, on connections that stay open.
//!
//! [`closed`] publishes as fast as answers come and as the receiver keeps up, to find the rate that
//! can be sustained; [`open`] publishes at a given rate whatever the answers do, to find latencies.

pub(crate) mod closed;
pub(crate) mod open;

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::net::TcpStream;

use crate::{
    event::{EVENT_TYPE, Numbered, new_client, padded_client},
    http1::Messages,
};

/// Where and for whom events are published: event `n` is for account `n` modulo their number.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Connections are spread over these.
    addresses: Vec<SocketAddr>,
    requests: Vec<Numbered>,
    /// The status of what is accepted.
    accepted: &'static [u8],
}

impl Target {
    /// Publishes at this address for these accounts, with the operator's key.
    pub(crate) fn new(address: SocketAddr, key: &str, accounts: &[String]) -> Result<Self> {
        let requests =
            accounts.iter().map(|account| request(key, account)).collect::<Result<_>>()?;
        Ok(Self { addresses: vec![address], requests, accepted: b"202" })
    }

    /// The same at several addresses, which lead to the same.
    pub(crate) fn spread_over(self, addresses: Vec<SocketAddr>) -> Self {
        Self { addresses, ..self }
    }

    /// Makes clients at this address, with an account's key.
    pub(crate) fn clients(address: SocketAddr, key: &str) -> Self {
        let request = post("/v1/clients", key, &new_client(0));
        let requests = vec![Numbered::everywhere(request)];
        Self { addresses: vec![address], requests, accepted: b"200" }
    }
}

fn request(key: &str, account: &str) -> Result<Numbered> {
    let client = padded_client(0)?;
    let body = format!(
        r#"{{"accountId":"{account}","environment":"test","type":"{EVENT_TYPE}","resource":{client}}}"#
    );
    Numbered::new(post("/operator/v1/events", key, &body))
}

fn post(path: &str, key: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: herald\r\nAuthorization: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_str(), body].concat().into_bytes()
}

/// One connection that publishes.
#[derive(Debug)]
struct Line {
    messages: Messages<TcpStream>,
    requests: Vec<Numbered>,
    accepted: &'static [u8],
}

impl Line {
    /// The connection with this number.
    async fn connect(target: &Target, number: usize) -> Result<Self> {
        let address = target.addresses[number % target.addresses.len()];
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let Target { requests, accepted, .. } = target.clone();
        Ok(Self { messages: Messages::new(stream), requests, accepted })
    }

    /// Publishes event `number` and waits until it is accepted. Anything else is an error: a row
    /// in which something was refused has no meaning.
    async fn publish(&mut self, number: u64) -> Result<()> {
        let account = number % self.requests.len() as u64;
        let request = &mut self.requests[usize::try_from(account)?];
        self.messages.send(request.stamped(number)).await?;
        let answer = self.messages.next().await?.context("the publisher was hung up on")?;
        ensure!(
            answer.second_word() == self.accepted,
            "an event was not accepted: {} {}",
            String::from_utf8_lossy(answer.start),
            String::from_utf8_lossy(answer.body)
        );
        Ok(())
    }
}
