//! Which names may be looked up when connecting, and which of DNS's answers may be dialled.

use std::net::IpAddr;

use herald_domain::guard::{AnswersProblem, NameVerdict, Policy, judge_answers, judge_name};
use proptest::prelude::*;

fn allowing(networks: &[&str]) -> Policy {
    let networks = networks.iter().map(|n| n.parse().expect("a network")).collect();
    Policy::new(networks, false).expect("networks that can be allowed")
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|t| t.parse().expect("an address")).collect()
}

fn dialable(policy: &Policy, name: &str, answers: &[&str]) -> Result<Vec<IpAddr>, AnswersProblem> {
    judge_answers(policy, name, &ips(answers))
}

const LOCAL: [&str; 13] = [
    "newurl",
    "newurl.",
    "NEWURL",
    "local",
    "internal",
    "printer.local",
    "api.default.svc.cluster.local.",
    "db.internal",
    "DB.Internal",
    "a.b.corp.internal.",
    "router.home.arpa",
    "home.arpa",
    "com",
];

#[test]
fn public_names_are_resolved() {
    for name in [
        "example.com",
        "EXAMPLE.com.",
        "local.example.com",
        "mylocal.com",
        "notlocal.dev",
        "xinternal.org",
        "localhost.example.com",
        "xhome.arpa",
        "localhost.localdomain",
        "a.b-c_d.example",
    ] {
        assert_eq!(judge_name(&Policy::default(), name), Ok(NameVerdict::Resolve), "{name}");
    }
}

#[test]
fn local_names_are_not_even_looked_up_by_default() {
    for name in LOCAL {
        let refusal = judge_name(&Policy::default(), name).unwrap_err();
        assert_eq!(refusal.to_string(), "the target address is not allowed");
        assert!(refusal.detail().contains("local name"), "{name}: {}", refusal.detail());
    }
}

#[test]
fn local_names_are_looked_up_once_a_network_is_allowed() {
    let policy = allowing(&["10.0.0.0/8"]);
    for name in LOCAL {
        assert_eq!(judge_name(&policy, name), Ok(NameVerdict::Resolve), "{name}");
    }
}

#[test]
fn a_local_name_may_only_be_in_an_allowed_network() {
    let policy = allowing(&["10.0.0.0/8", "fd00::/8"]);
    for name in LOCAL {
        assert_eq!(dialable(&policy, name, &["10.1.1.1"]), Ok(ips(&["10.1.1.1"])), "{name}");
        for answers in [
            &["8.8.8.8"][..],
            &["10.1.1.1", "8.8.8.8"],
            &["192.168.0.1"],
            &["2606:4700::1"],
            &["fd00::1", "fd00:ec2::254"],
            &["fd00::5efe:c0a8:1"],
        ] {
            assert!(
                matches!(dialable(&policy, name, answers), Err(AnswersProblem::Forbidden(_))),
                "{name} at {answers:?}"
            );
        }
    }
    let mapped = dialable(&policy, "db.internal", &["fd00::1", "::ffff:10.1.1.1"]);
    assert_eq!(mapped, Ok(ips(&["fd00::1", "10.1.1.1"])));
}

#[test]
fn a_local_name_that_does_not_exist_looks_like_one_that_is_not_allowed() {
    let policy = allowing(&["10.0.0.0/8"]);
    let missing = dialable(&policy, "db.internal", &[]).unwrap_err();
    let elsewhere = dialable(&policy, "db.internal", &["192.168.0.1"]).unwrap_err();
    assert_eq!(missing.to_string(), elsewhere.to_string());
    assert!(
        matches!(missing, AnswersProblem::Forbidden(why) if why.detail().contains("no address"))
    );
}

#[test]
fn a_public_name_without_an_address_is_a_problem_of_its_own() {
    assert_eq!(dialable(&Policy::default(), "example.com", &[]), Err(AnswersProblem::Empty));
}

#[test]
fn localhost_is_loopback_without_a_look_up() {
    let both = allowing(&["127.0.0.0/8", "::1/128"]);
    for name in ["localhost", "LOCALHOST", "localhost.", "app.localhost", "a.b.localhost."] {
        let loopback = |policy: &Policy| judge_name(policy, name);
        assert_eq!(
            loopback(&both),
            Ok(NameVerdict::Loopback(ips(&["127.0.0.1", "::1"]))),
            "{name}"
        );
        let v4 = NameVerdict::Loopback(ips(&["127.0.0.1"]));
        assert_eq!(loopback(&allowing(&["127.0.0.1/32"])), Ok(v4), "{name}");
        let v6 = NameVerdict::Loopback(ips(&["::1"]));
        assert_eq!(loopback(&allowing(&["::1/128"])), Ok(v6), "{name}");
        assert!(loopback(&allowing(&["10.0.0.0/8", "127.0.0.2/32"])).is_err(), "{name}");
        assert!(loopback(&Policy::default()).is_err(), "{name}");
    }
}

#[test]
fn metadata_names_are_refused_in_every_policy() {
    let policy = allowing(&["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]);
    for name in [
        "metadata.google.internal",
        "Metadata.Google.Internal.",
        "metadata.goog",
        "instance-data.ec2.internal",
        "metadata.tencentyun.com",
    ] {
        assert!(judge_name(&policy, name).is_err(), "{name}");
        assert!(dialable(&policy, name, &["8.8.8.8"]).is_err(), "{name}");
    }
    assert!(dialable(&policy, "example.com", &["169.254.169.254"]).is_err());
}

#[test]
fn what_a_resolver_could_take_for_an_address_is_no_name() {
    let policy = allowing(&["127.0.0.0/8", "::1/128"]);
    for name in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0x1",
        "0x",
        "::1",
        "[::1]",
        "fe80::1%eth0",
        "a.1",
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a b",
        "a\0",
        "a\r\nb",
        "a/b",
        "a:80",
        "a@b",
        "bücher.example",
        "１２７.０.０.１",
    ] {
        assert!(judge_name(&policy, name).is_err(), "{name:?}");
        assert!(dialable(&policy, name, &["8.8.8.8"]).is_err(), "{name:?}");
    }
}

#[test]
fn one_forbidden_answer_forbids_all() {
    let default = Policy::default();
    for bad in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "fe80::1",
        "fd00:ec2::254",
        "2002:7f00:1::",
        "::",
    ] {
        for answers in
            [&[bad][..], &[bad, "8.8.8.8"], &["8.8.8.8", bad], &["8.8.8.8", bad, "1.1.1.1"]]
        {
            let refusal = dialable(&default, "example.com", answers).unwrap_err();
            assert_eq!(refusal.to_string(), "the target address is not allowed", "{answers:?}");
        }
    }
}

#[test]
fn permitted_answers_keep_their_order_and_lose_doubles() {
    let answers = ["2606:4700::1", "8.8.8.8", "::ffff:8.8.8.8", "1.1.1.1", "2606:4700::1"];
    let expected = ips(&["2606:4700::1", "8.8.8.8", "1.1.1.1"]);
    assert_eq!(dialable(&Policy::default(), "example.com", &answers), Ok(expected));
}

#[test]
fn a_public_name_may_point_into_an_allowed_network() {
    let policy = allowing(&["10.0.0.0/8"]);
    let answers = ["10.1.1.1", "8.8.8.8"];
    assert_eq!(dialable(&policy, "example.com", &answers), Ok(ips(&answers)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_panics_and_every_refusal_is_one_line(name in any::<String>(), answer in any::<IpAddr>()) {
        for policy in [Policy::default(), allowing(&["10.0.0.0/8"])] {
            for name in [&name[..], &format!("{name}.local"), &format!("{name}.localhost")] {
                if let Err(refusal) = judge_name(&policy, name) {
                    prop_assert!(!refusal.detail().contains(char::is_control));
                }
                if let Ok(dialable) = judge_answers(&policy, name, &[answer]) {
                    prop_assert_eq!(dialable, vec![answer.to_canonical()]);
                }
            }
        }
    }
}
