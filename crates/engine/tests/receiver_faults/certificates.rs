//! Certificates that must be refused, before one byte of payload is sent.

use std::{collections::HashSet, sync::Arc};

use herald_domain::attempt::ErrorClass::TlsCertificate;
use herald_engine::http::{Client, ClientConfig};
use herald_testkit::{
    names::Names,
    receiver::{RawReceiver, Receiver, Reply, Step},
    tls::{Authority, Identity, Leaf},
};

use crate::support::{client, failure, patient, post};

fn trusting(authority: &Authority) -> ClientConfig {
    ClientConfig { extra_ca: vec![authority.certificate()], ..patient() }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_verified_gets_not_one_byte_of_payload() {
    let authority = Authority::new();
    let cases: [(&str, Identity); 5] = [
        ("has expired", authority.issue(Leaf::Expired)),
        ("not valid yet", authority.issue(Leaf::NotYetValid)),
        ("for another host", authority.issue(Leaf::WrongHost)),
        ("self-signed", Identity::self_signed()),
        ("unknown authority", Authority::new().issue(Leaf::Valid)),
    ];
    let mut told = HashSet::new();
    for (what, identity) in cases {
        let receiver = RawReceiver::start_tls(&identity, "http/1.1", |_| vec![Step::Hang]).await;
        let exchange = post(&client(trusting(&authority)), &receiver.url("/")).await;
        assert_eq!(exchange.address, Some(receiver.address()));
        let failure = failure(exchange);
        assert_eq!(failure.class, TlsCertificate, "{what}");
        assert!(failure.detail.contains(what), "{what}: {failure:?}");
        told.insert(failure.detail);
        assert_eq!(receiver.connections().await, 1, "no second try without TLS");
        assert!(receiver.noted().iter().all(|one| one.bytes.is_empty()), "{what}");
    }
    // Self-signed and unknown authority look the same to a verifier.
    assert_eq!(told.len(), 4);
}

#[tokio::test]
async fn a_trusted_certificate_is_accepted_by_address_and_by_name() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Valid);
    for protocols in [&["http/1.1"][..], &["h2"], &[]] {
        let receiver = Receiver::start_tls(&identity, protocols, |_| Reply::ok()).await;
        let names = Arc::new(Names::default());
        names.point("receiver.example.com", &["127.0.0.1"]);
        let client = Client::new(trusting(&authority), names).unwrap();
        for host in ["127.0.0.1", "receiver.example.com", "localhost"] {
            let url = receiver.url("/").replace("127.0.0.1", host);
            let exchange = post(&client, &url).await;
            assert!(exchange.answer.is_success(), "{protocols:?} {host}: {exchange:?}");
        }
    }
}

#[tokio::test]
async fn an_extra_ca_that_is_no_certificate_is_refused_at_the_start() {
    let config = ClientConfig { extra_ca: vec![vec![1, 2, 3].into()], ..patient() };
    assert!(Client::new(config, Arc::new(Names::default())).is_err());
}
