//! The real resolver against a name server on loopback.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use hickory_resolver::{
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::{
        op::{Message, ResponseCode},
        rr::{Name, RData, Record, RecordType, rdata::A},
    },
};
use tokio::net::UdpSocket;

use super::*;

/// What was asked, as `name type`.
type Asked = Arc<Mutex<Vec<String>>>;

/// A name server that answers by the first label of the name; of `silent` it says nothing.
async fn name_server() -> (SocketAddr, Asked) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Asked::default();
    let log = asked.clone();
    tokio::spawn(async move {
        let mut buffer = [0; 2_048];
        while let Ok((count, peer)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..count]).unwrap();
            let (name, kind) = (query.queries[0].name().clone(), query.queries[0].query_type());
            log.lock().unwrap().push(format!("{name} {kind}"));
            if let Some(answer) = answer(&query, &name, kind) {
                socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
            }
        }
    });
    (address, asked)
}

fn answer(query: &Message, name: &Name, kind: RecordType) -> Option<Message> {
    let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
    answer.add_query(query.queries[0].clone());
    match name.iter().next() {
        Some(b"nxdomain") => answer.metadata.response_code = ResponseCode::NXDomain,
        Some(b"servfail") => answer.metadata.response_code = ResponseCode::ServFail,
        Some(b"refused") => answer.metadata.response_code = ResponseCode::Refused,
        Some(b"empty") => {}
        Some(b"silent") => return None,
        _ if kind == RecordType::A => {
            for last in [14, 15] {
                let address = RData::A(A(Ipv4Addr::new(93, 184, 215, last)));
                answer.add_answer(Record::from_rdata(name.clone(), 60, address));
            }
        }
        _ => {}
    }
    Some(answer)
}

/// Tuned like the real one, but for its patience.
async fn resolver() -> (SystemResolver, Asked) {
    let (address, asked) = name_server().await;
    let mut connection = ConnectionConfig::udp();
    connection.port = address.port();
    let server = NameServerConfig::new(address.ip(), true, vec![connection]);
    let search = Name::from_ascii("corp.example.net.").unwrap();
    let config = ResolverConfig::from_parts(None, vec![search], vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    tune(builder.options_mut());
    builder.options_mut().timeout = Duration::from_millis(100);
    (SystemResolver { resolver: builder.build().unwrap() }, asked)
}

#[tokio::test]
async fn each_way_to_fail_is_told_apart() {
    let (resolver, _) = resolver().await;
    for (label, expected) in [
        ("nxdomain", ResolveError::NotFound),
        ("empty", ResolveError::NotFound),
        ("servfail", ResolveError::Failed),
        ("refused", ResolveError::Failed),
        ("silent", ResolveError::TimedOut),
    ] {
        let outcome = resolver.resolve(&format!("{label}.example.com")).await;
        assert_eq!(outcome, Err(expected), "{label}");
    }
}

#[tokio::test]
async fn all_addresses_are_returned_and_asked_for_once_while_they_are_valid() {
    let (resolver, asked) = resolver().await;
    for _ in 0..3 {
        let mut addresses = resolver.resolve("receiver.example.com").await.unwrap();
        addresses.sort_unstable();
        let expected: [IpAddr; 2] = [[93, 184, 215, 14].into(), [93, 184, 215, 15].into()];
        assert_eq!(addresses, expected);
    }
    let mut asked = asked.lock().unwrap().clone();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked, ["receiver.example.com. A", "receiver.example.com. AAAA"]);
}

#[tokio::test]
async fn a_name_with_a_dot_is_never_completed_with_a_search_domain() {
    let (resolver, asked) = resolver().await;
    assert!(resolver.resolve("nxdomain.example.com").await.is_err());
    let asked = asked.lock().unwrap().clone();
    assert!(!asked.is_empty() && asked.iter().all(|name| !name.contains("corp")), "{asked:?}");
}

#[tokio::test]
async fn a_name_whose_servers_are_silent_does_not_delay_others() {
    let (resolver, _) = resolver().await;
    let silent: Vec<_> = (0..200)
        .map(|n| {
            let resolver = resolver.clone();
            tokio::spawn(async move { resolver.resolve(&format!("silent.n{n}.example.com")).await })
        })
        .collect();
    assert!(resolver.resolve("receiver.example.com").await.is_ok());
    for one in silent {
        assert_eq!(one.await.unwrap(), Err(ResolveError::TimedOut));
    }
}
