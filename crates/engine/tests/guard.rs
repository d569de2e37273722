//! No forbidden packet: what is judged is what is dialled, for literals, names and answers.

#[path = "receiver_faults/support.rs"]
#[allow(dead_code, reason = "the groups of tests use different parts of it")]
mod support;

use std::{collections::HashSet, sync::Arc};

use herald_domain::{
    attempt::ErrorClass::{self, TargetForbidden},
    guard::Policy,
};
use herald_engine::http::{Client, ClientConfig, ResolveError};
use herald_testkit::{
    names::{Names, Says},
    receiver::{RawReceiver, Receiver, Reply, Step},
};
use support::{class, failure, impatient, patient, post};

fn with_names(config: ClientConfig) -> (Client, Arc<Names>) {
    let names = Arc::new(Names::default());
    let client = Client::new(config, names.clone()).expect("TLS can be set up");
    (client, names)
}

#[tokio::test]
async fn whatever_forbids_a_target_not_one_syn_leaves_and_the_answer_is_the_same() {
    let receiver = RawReceiver::start(|_| vec![Step::Hang]).await;
    let port = receiver.address().port();
    let (client, names) = with_names(ClientConfig::default());
    names.point("private.example.com", &["10.0.0.1"]);
    names.point("loopback.example.com", &["127.0.0.1"]);
    names.point("mapped.example.com", &["::ffff:127.0.0.1"]);
    names.point("nat64.example.com", &["64:ff9b::127.0.0.1"]);
    names.point("six.example.com", &["::1"]);
    names.point("metadata.example.com", &["169.254.169.254"]);
    names.point("one-of-several.example.com", &["93.184.215.14", "127.0.0.1", "93.184.215.15"]);
    names.point("last-of-several.example.com", &["93.184.215.14", "2606:2800::1", "fe80::1"]);
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "internal",
        "db.internal",
        "x.local",
        "metadata.google.internal",
        "private.example.com",
        "loopback.example.com",
        "mapped.example.com",
        "nat64.example.com",
        "six.example.com",
        "metadata.example.com",
        "one-of-several.example.com",
        "last-of-several.example.com",
    ];
    let mut told = HashSet::new();
    for host in hosts {
        let exchange = post(&client, &format!("https://{host}:{port}/")).await;
        assert_eq!(exchange.address, None, "{host}");
        let failure = failure(exchange);
        assert_eq!(failure.class, TargetForbidden, "{host}");
        told.insert(failure.detail);
    }
    assert_eq!(told.len(), 1, "one answer for every kind: {told:?}");
    assert_eq!(receiver.connections().await, 0);
    assert!(!names.asked().iter().any(|name| name.ends_with("localhost") || name == "internal"));
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_what_was_judged_is_dialled() {
    let receiver = RawReceiver::start(|_| {
        vec![Step::ReadRequest, Step::Write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".into())]
    })
    .await;
    let (client, names) = with_names(patient());
    let rebound = Says::Addresses(vec!["127.0.0.2".parse().unwrap()]);
    let allowed = Says::Addresses(vec!["127.0.0.1".parse().unwrap()]);
    names.say("rebinding.example.com", [allowed, rebound]);
    let url = format!("http://rebinding.example.com:{}/", receiver.address().port());
    let exchange = post(&client, &url).await;
    assert!(exchange.answer.is_success(), "{exchange:?}");
    assert_eq!((exchange.address, names.asked().len()), (Some(receiver.address()), 1));
    // The receiver closed; the next connection is judged by what DNS says now.
    let exchange = post(&client, &url).await;
    assert_eq!((exchange.address, names.asked().len()), (None, 2));
    assert_eq!(class(exchange), TargetForbidden);
    assert_eq!(receiver.connections().await, 1);
}

#[tokio::test]
async fn what_dns_fails_with_has_its_own_class() {
    let (client, names) = with_names(impatient());
    let cases = [
        ("nxdomain", Says::Fails(ResolveError::NotFound), ErrorClass::DnsNotFound),
        ("empty", Says::Addresses(vec![]), ErrorClass::DnsNotFound),
        ("servfail", Says::Fails(ResolveError::Failed), ErrorClass::DnsFailed),
        ("timeout", Says::Fails(ResolveError::TimedOut), ErrorClass::DnsTimeout),
        ("silent", Says::Nothing, ErrorClass::DnsTimeout),
    ];
    for (label, says, expected) in cases {
        let name = format!("{label}.example.com");
        names.say(&name, [says]);
        let exchange = post(&client, &format!("https://{name}/")).await;
        assert_eq!(exchange.address, None);
        assert_eq!(class(exchange), expected, "{label}");
    }
}

#[tokio::test]
async fn a_local_name_that_does_not_exist_is_told_like_one_that_is_not_allowed() {
    let (client, names) = with_names(patient());
    names.point("elsewhere", &["93.184.215.14"]);
    let unknown = failure(post(&client, "http://unknown/").await);
    let elsewhere = failure(post(&client, "http://elsewhere/").await);
    assert_eq!((unknown.class, &unknown.detail), (TargetForbidden, &elsewhere.detail));
    assert_eq!(names.asked(), ["unknown", "elsewhere"]);
}

#[tokio::test]
async fn name_servers_that_hang_for_one_name_do_not_delay_another() {
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let (client, names) = with_names(patient());
    names.say("hanging.example.com", [Says::Nothing]);
    names.point("healthy.example.com", &["127.0.0.1"]);
    let stuck: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { post(&client, "http://hanging.example.com/").await })
        })
        .collect();
    let url = receiver.url("/").replace("127.0.0.1", "healthy.example.com");
    assert!(post(&client, &url).await.answer.is_success());
    assert!(stuck.iter().all(|task| !task.is_finished()));
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let policy = Policy::new(vec!["127.0.0.0/8".parse().unwrap()], true);
    let (client, names) = with_names(ClientConfig::new(policy.unwrap()));
    // Nobody listens on the other loopback addresses at this port.
    names.point("several.example.com", &["127.0.0.2", "127.0.0.3", "127.0.0.1"]);
    let url = receiver.url("/").replace("127.0.0.1", "several.example.com");
    let exchange = post(&client, &url).await;
    assert!(exchange.answer.is_success(), "{exchange:?}");
    assert_eq!(exchange.address, Some(receiver.address()));
}

#[tokio::test]
async fn a_name_is_sent_as_the_host_and_only_its_origin_shares_the_connection() {
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let (client, names) = with_names(patient());
    for name in ["a.example.com", "b.example.com"] {
        names.point(name, &["127.0.0.1"]);
        for _ in 0..2 {
            post(&client, &receiver.url("/").replace("127.0.0.1", name)).await;
        }
    }
    let port = receiver.address().port();
    let hosts: Vec<_> = receiver
        .received()
        .iter()
        .map(|one| (one.header("host").to_owned(), one.connection))
        .collect();
    let expected = |name: &str, connection| (format!("{name}.example.com:{port}"), connection);
    assert_eq!(hosts, [expected("a", 0), expected("a", 0), expected("b", 1), expected("b", 1)]);
}

#[tokio::test]
async fn a_target_judged_under_another_policy_is_judged_again() {
    let receiver = RawReceiver::start(|_| vec![Step::Hang]).await;
    let (lenient, _) = with_names(patient());
    // One that allows neither the address nor plain HTTP, and one that only forbids the latter.
    let loopback = vec!["127.0.0.1/32".parse().unwrap()];
    let only_https = Policy::new(loopback, false).unwrap();
    let https = receiver.url("/").replace("http:", "https:");
    for (policy, urls) in
        [(Policy::default(), vec![receiver.url("/"), https]), (only_https, vec![receiver.url("/")])]
    {
        let (strict, _) = with_names(ClientConfig { policy, ..impatient() });
        for url in urls {
            let request = support::request(&lenient, &url, support::BODY);
            let exchange = strict.post(request).await;
            assert_eq!(exchange.address, None);
            assert!(!exchange.answer.is_success());
        }
    }
    assert_eq!(receiver.connections().await, 0);
}
