//! A client towards loopback, and requests for it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, ErrorClass, Failure, Response},
    guard::Policy,
    id::EventId,
    signature::{Secret, Signer},
};
use herald_engine::http::{Client, ClientConfig, Exchange, Request};
use herald_testkit::names::Names;

/// The body that is sent.
pub(crate) const BODY: &[u8] = br#"{"id":"5eb04fcd0f3e360008035eb2","type":"client.created"}"#;

/// For receivers that hang: what a client waits at most for a head, and then for a body.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(300);

/// May dial 127.0.0.1 and nothing else that is not public, also without TLS.
pub(crate) fn loopback() -> Policy {
    Policy::new(vec!["127.0.0.1/32".parse().unwrap()], true).unwrap()
}

/// Towards loopback, with deadlines that a healthy receiver keeps on a busy machine.
pub(crate) fn patient() -> ClientConfig {
    ClientConfig::new(loopback())
}

/// Towards loopback, with deadlines to see a hanging receiver fail.
pub(crate) fn impatient() -> ClientConfig {
    ClientConfig { deadline: IMPATIENT, body_time: IMPATIENT, ..patient() }
}

/// A client of this configuration, for which no name exists.
pub(crate) fn client(config: ClientConfig) -> Client {
    Client::new(config, Arc::new(Names::default())).unwrap()
}

/// A signed request with this body.
pub(crate) fn request(client: &Client, url: &str, body: impl Into<Bytes>) -> Request {
    let event: EventId = "5eb04fcd0f3e360008035eb2".parse().unwrap();
    let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").unwrap();
    let body = body.into();
    let signatures = Signer::new(&secret).sign(event, 1_700_000_000, &body);
    Request { target: client.target(url).unwrap(), event, signatures, body }
}

/// Posts [`BODY`]. A URL that is refused at once is a failure like that of a connection.
pub(crate) async fn post(client: &Client, url: &str) -> Exchange {
    match client.target(url) {
        Ok(_) => client.post(request(client, url, BODY)).await,
        Err(failure) => {
            Exchange { address: None, duration: Duration::ZERO, answer: Answer::Failure(failure) }
        }
    }
}

/// The response, which there must be.
#[track_caller]
pub(crate) fn response(exchange: Exchange) -> Response {
    match exchange.answer {
        Answer::Response(response) => response,
        Answer::Failure(failure) => panic!("no response: {failure:?}"),
    }
}

/// The failure, which there must be.
#[track_caller]
pub(crate) fn failure(exchange: Exchange) -> Failure {
    match exchange.answer {
        Answer::Failure(failure) => failure,
        Answer::Response(response) => panic!("not a failure: {response:?}"),
    }
}

/// The class of the failure, which there must be.
#[track_caller]
pub(crate) fn class(exchange: Exchange) -> ErrorClass {
    failure(exchange).class
}
