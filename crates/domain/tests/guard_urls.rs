//! Which URLs may be saved, and that what is judged is what is dialled: spellings of addresses,
//! tricks with the authority, characters, and what ends up on the wire.

use std::net::IpAddr;

use herald_domain::guard::{
    Host, MAX_URL_LENGTH, Policy, Scheme, Target, UrlProblem, judge_address, judge_url,
};
use proptest::prelude::*;

fn saved(url: &str) -> Target {
    judge_url(&Policy::default(), url).unwrap_or_else(|e| panic!("{url:?}: {e:?}"))
}

fn problem(url: &str) -> UrlProblem {
    match judge_url(&Policy::default(), url) {
        Ok(target) => panic!("{url:?} became {target:?}"),
        Err(problem) => problem,
    }
}

fn with_http() -> Policy {
    Policy::new(Vec::new(), true).expect("no network that could be refused")
}

#[test]
fn names_of_any_kind_are_accepted_when_saving() {
    for (url, name) in [
        ("https://example.com/hook", "example.com"),
        ("https://newurl/endpoint", "newurl"),
        ("https://localhost/", "localhost"),
        ("https://printer.local/", "printer.local"),
        ("https://db.internal/", "db.internal"),
        ("HTTPS://EXAMPLE.Com/", "example.com"),
        ("https://example.com./", "example.com"),
        ("https://under_score.example.com/", "under_score.example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://example\u{3002}com/", "example.com"),
        ("https://ｅｘａｍｐｌｅ．ｃｏｍ/", "example.com"),
        ("https://ex%61mple.com/", "example.com"),
        ("https://127.0.0.1.example.com/", "127.0.0.1.example.com"),
        ("https://0x7f000001.example/", "0x7f000001.example"),
    ] {
        assert_eq!(saved(url).host(), &Host::Name(name.to_owned()), "{url}");
    }
}

/// Each is `127.0.0.1`, `::1` or another forbidden address for some program.
const FORBIDDEN_SPELLINGS: [&str; 44] = [
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://0x7f000001/",
    "https://0X7F.0.0.1/",
    "https://0x7f.1/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://0/",
    "https://0x/",
    "https://0.0.0.0/",
    "https://127.0.0.%31/",
    "https://%31%32%37.0.0.1/",
    "https://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/",
    "https://１２７.０.０.１/",
    "https://①②⑦.⓪.⓪.①/",
    "https://𝟏𝟐𝟕.0.0.1/",
    "https://127。0。0。1/",
    "https://127．0．0．1/",
    "https://127｡0｡0｡1/",
    "https://127.0.0\u{ad}.1/",
    "https://1\u{200b}27.0.0.1/",
    "https://3232235777/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://168.63.129.16/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]:443/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::FFFF:7F00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:808:808::80ff:fffe]/",
    "https://[2a00::5efe:7f00:1]/",
    "https://[fe80::1]/",
];

#[test]
fn a_forbidden_address_is_refused_in_every_spelling() {
    for url in FORBIDDEN_SPELLINGS {
        assert!(matches!(problem(url), UrlProblem::Forbidden(_)), "{url}: {:?}", problem(url));
        let plain = url.replacen("https", "http", 1);
        let refused = judge_url(&with_http(), &plain).unwrap_err();
        assert!(matches!(refused, UrlProblem::Forbidden(_)), "{plain}: {refused:?}");
    }
}

#[test]
fn a_public_address_is_taken_from_any_spelling_as_a_value() {
    for (url, ip, authority) in [
        ("https://8.8.8.8/", "8.8.8.8", "8.8.8.8"),
        ("https://134744072/", "8.8.8.8", "8.8.8.8"),
        ("https://0x8.010.2056/", "8.8.8.8", "8.8.8.8"),
        ("https://８.８.８.８./", "8.8.8.8", "8.8.8.8"),
        ("https://[::ffff:8.8.8.8]:8443/", "8.8.8.8", "8.8.8.8:8443"),
        (
            "https://[2606:4700:4700:0:0:0:0:1111]/",
            "2606:4700:4700::1111",
            "[2606:4700:4700::1111]",
        ),
    ] {
        let target = saved(url);
        assert_eq!(target.host(), &Host::Address(ip.parse::<IpAddr>().unwrap()), "{url}");
        assert_eq!(target.authority(), authority, "{url}");
    }
}

#[test]
fn what_hides_the_true_host_is_refused() {
    for url in [
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "https://8.8.8.8@127.0.0.1/",
        "https://8.8.8.8:443@127.0.0.1/",
        "https://127.0.0.1@example.com/",
        "https://a@b@example.com/",
    ] {
        assert_eq!(problem(url), UrlProblem::UserInfo, "{url}");
    }
    // After the host an @ is an ordinary character.
    assert_eq!(saved("https://example.com/@team?to=a@b").path_and_query(), "/@team?to=a@b");
}

#[test]
fn what_is_no_plain_url_is_malformed() {
    for url in [
        "",
        "example.com",
        "//example.com/",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https:///example.com/",
        "https:////example.com/",
        "https://?x",
        "https://#x",
        "https://:443/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https:\\\\example.com/",
        "https://example.com/a\\b",
        "https://example.com:99999/",
        "https://example.com:-1/",
        "https://example.com:8o/",
        "https://example.com:443:443/",
        "https://./",
        "https://../",
        "https://example..com/",
        "https://.example.com/",
        "https://example.com../",
        // One dot more than the number parser forgives: a name for it, an address for a resolver.
        "https://127.0.0.1../",
        "https://0x7f000001../",
        "https://256.0.0.1/",
        "https://1.2.3.4.5/",
        "https://0xffffffffff/",
        "https://127.0.0.0x100/",
        "https://127.0.0.08/",
        "https://example.1/",
        "https://a%00b.com/",
        "https://exa%20mple.com/",
        "https://example.com%2f@127.0.0.1.evil.com/%",
        "https://exa%zzmple.com/",
        "https://ex$ample.com/",
        "https://*.example.com/",
        "https://a,b.example.com/",
        "https://xn--a/",
        "https://exa＠mple.com/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]x/",
        "https://[fe80::1%eth0]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.a]/",
        "https://[127.0.0.1]/",
        "https://[::g]/",
    ] {
        let refused = problem(url);
        // Where there is an @ too, the check for a user name may come first.
        assert!(
            matches!(refused, UrlProblem::Malformed | UrlProblem::UserInfo),
            "{url}: {refused:?}"
        );
    }
}

#[test]
fn names_longer_than_dns_allows_are_malformed() {
    let label = "a".repeat(63);
    saved(&format!("https://{label}.example/"));
    assert_eq!(problem(&format!("https://{label}a.example/")), UrlProblem::Malformed);
    let longest = [&label[..], &label, &label, &label[..61]].join(".");
    assert_eq!(longest.len(), 253);
    saved(&format!("https://{longest}/"));
    saved(&format!("https://{longest}./"));
    assert_eq!(problem(&format!("https://{longest}a/")), UrlProblem::Malformed);
}

#[test]
fn blanks_and_control_characters_are_refused_before_a_parser_strips_them() {
    for blank in [
        "\r\n", "\n", "\r", "\t", " ", "\0", "\u{b}", "\u{1b}", "\u{7f}", "\u{85}", "\u{a0}",
        "\u{2028}", "\u{3000}",
    ] {
        for url in [
            format!("{blank}https://example.com/"),
            format!("https://example.com/{blank}"),
            format!("ht{blank}tps://example.com/"),
            format!("https:/{blank}/example.com/"),
            format!("https://exam{blank}ple.com/"),
            format!("https://example.com/a{blank}b"),
            format!("https://example.com/?a{blank}b"),
            format!("https://example.com/#a{blank}b"),
            format!("https://127.0.0{blank}.1/"),
        ] {
            assert_eq!(problem(&url), UrlProblem::Blank, "{url:?}");
        }
    }
}

#[test]
fn only_https_is_accepted_unless_the_policy_allows_http() {
    for url in [
        "http://example.com/",
        "HTTP://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "ws://example.com/",
        "https+unix://example.com/",
        "gopher://example.com/",
        "://example.com/",
    ] {
        assert_eq!(problem(url), UrlProblem::Scheme, "{url}");
    }
    let plain = judge_url(&with_http(), "http://example.com/").unwrap();
    assert_eq!((plain.scheme(), plain.port()), (Scheme::Http, 80));
    assert_eq!(judge_url(&with_http(), "https://example.com/").unwrap().scheme(), Scheme::Https);
    assert_eq!(judge_url(&with_http(), "ftp://example.com/"), Err(UrlProblem::Scheme));
}

#[test]
fn the_port_is_read_defaulted_and_never_zero() {
    for (url, port, authority) in [
        ("https://example.com/", 443, "example.com"),
        ("https://example.com:/", 443, "example.com"),
        ("https://example.com:443/", 443, "example.com"),
        ("https://example.com:00443/", 443, "example.com"),
        ("https://example.com:80/", 80, "example.com:80"),
        ("https://example.com:65535/", 65535, "example.com:65535"),
        ("https://[2606:4700::1]:8443/", 8443, "[2606:4700::1]:8443"),
    ] {
        let target = saved(url);
        assert_eq!((target.port(), target.authority()), (port, authority), "{url}");
    }
    for url in ["https://example.com:0/", "https://example.com:0000/", "https://8.8.8.8:0/"] {
        assert_eq!(problem(url), UrlProblem::PortZero, "{url}");
    }
    let crossed = judge_url(&with_http(), "http://example.com:443/").unwrap();
    assert_eq!(crossed.authority(), "example.com:443");
}

#[test]
fn what_goes_on_the_wire_is_encoded_and_has_no_fragment() {
    for (url, wire) in [
        ("https://example.com", "/"),
        ("https://example.com?a=1", "/?a=1"),
        ("https://example.com/a/./b/../c", "/a/c"),
        ("https://example.com/a#secret", "/a"),
        ("https://example.com/a?b#c?d", "/a?b"),
        ("https://example.com/?", "/?"),
        ("https://example.com/ä/日本?q=ü", "/%C3%A4/%E6%97%A5%E6%9C%AC?q=%C3%BC"),
        ("https://example.com/%0d%0aX-Evil:1", "/%0d%0aX-Evil:1"),
        ("https://example.com/a%2Fb//c", "/a%2Fb//c"),
        ("https://example.com/{id}?q='\"<>", "/%7Bid%7D?q=%27%22%3C%3E"),
        ("https://example.com/http://127.0.0.1/", "/http://127.0.0.1/"),
    ] {
        assert_eq!(saved(url).path_and_query(), wire, "{url}");
    }
}

#[test]
fn a_url_has_at_most_2048_bytes_as_given_and_as_sent() {
    let of_length = |length: usize| {
        let start = "https://example.com/";
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    assert_eq!(MAX_URL_LENGTH, 2048);
    saved(&of_length(2048));
    assert_eq!(problem(&of_length(2049)), UrlProblem::TooLong);
    // Long as given, short as sent.
    assert_eq!(problem(&format!("https://example.com/{}", "./".repeat(1100))), UrlProblem::TooLong);
    // 1,020 bytes as given, 3,020 as sent.
    assert_eq!(problem(&format!("https://example.com/{}", "é".repeat(500))), UrlProblem::TooLong);
}

#[test]
fn equal_origins_are_those_that_share_connections() {
    let origin = |url: &str| judge_url(&with_http(), url).unwrap().origin().clone();
    let base = origin("https://example.com/a");
    for same in ["https://EXAMPLE.com:443/b?c", "https://example.com./", "https://ex%61mple.com"] {
        assert_eq!(origin(same), base, "{same}");
    }
    for other in [
        "http://example.com/a",
        "https://example.com:444/a",
        "https://a.example.com/a",
        "http://example.com:443/a",
    ] {
        assert_ne!(origin(other), base, "{other}");
    }
    assert_eq!(origin("https://[::ffff:8.8.8.8]/"), origin("https://8.8.8.8/"));
    assert_eq!(base.to_string(), "https://example.com");
    assert_eq!(origin("http://example.com:443/a").to_string(), "http://example.com:443");
}

#[test]
fn each_problem_has_its_one_line_message() {
    for (url, message) in [
        ("http://example.com/", "'url' should be an HTTPS URL"),
        ("url", "'url' should be an HTTPS URL"),
        ("https://a b/", "'url' should not contain spaces or control characters"),
        ("https://u@example.com/", "'url' should not contain a user name or password"),
        ("https://example.com:0/", "'url' should not use port 0"),
        ("https://10.0.0.1/", "'url' should point to an address that is allowed"),
        ("https://[::1]/", "'url' should point to an address that is allowed"),
        ("https://169.254.169.254/", "'url' should point to an address that is allowed"),
    ] {
        assert_eq!(problem(url).to_string(), message, "{url}");
    }
    let long = format!("https://example.com/{}", "a".repeat(2048));
    assert_eq!(problem(&long).to_string(), "'url' should be at most 2048 characters long");
}

#[test]
fn an_allowed_network_lets_a_literal_address_be_saved_but_not_its_neighbour() {
    let policy = Policy::new(vec!["127.0.0.0/8".parse().unwrap()], true).unwrap();
    for url in ["http://127.0.0.1:3000/", "https://[::ffff:127.0.0.1]/", "https://2130706433/"] {
        let target = judge_url(&policy, url).unwrap();
        assert_eq!(target.host(), &Host::Address("127.0.0.1".parse().unwrap()), "{url}");
    }
    assert!(judge_url(&policy, "http://[::1]:3000/").is_err());
}

/// What no accepted target may ever violate, whatever was typed.
fn assert_sound(policy: &Policy, url: &str) {
    let Ok(target) = judge_url(policy, url) else { return };
    match target.host() {
        Host::Address(ip) => assert_eq!(judge_address(policy, *ip), Ok(()), "{url:?}"),
        Host::Name(name) => {
            assert!(name.parse::<IpAddr>().is_err(), "{url:?}");
            assert_eq!(url::Host::parse(name), Ok(url::Host::Domain(name.clone())), "{url:?}");
            let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
            assert!(name.bytes().all(plain) && !name.ends_with('.'), "{url:?}: {name}");
        }
    }
    assert_ne!(target.port(), 0);
    assert!(target.path_and_query().starts_with('/'), "{url:?}");
    for wire in [target.path_and_query(), target.authority()] {
        assert!(wire.bytes().all(|b| b.is_ascii_graphic()), "{url:?}: {wire:?}");
    }
    let again = format!("{}{}", target.origin(), target.path_and_query());
    assert_eq!(judge_url(policy, &again), Ok(target), "{url:?} read back from {again:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_text_panics_and_every_accepted_one_is_sound(
        text in any::<String>(),
        host in "[a-z0-9.:%@/\\\\\\[\\]xX１。\\x00-\\x20-]{0,24}",
        tail in "\\PC{0,24}",
    ) {
        for policy in [Policy::default(), with_http()] {
            assert_sound(&policy, &text);
            assert_sound(&policy, &format!("https://{text}"));
            assert_sound(&policy, &format!("https://{host}{tail}"));
            assert_sound(&policy, &format!("http://{host}/{tail}"));
            assert_sound(&policy, &format!("https://example.com/{tail}"));
        }
    }

    #[test]
    fn a_number_as_host_is_judged_as_the_address_it_means(bits in any::<u32>()) {
        let ip = IpAddr::V4(bits.into());
        let [a, b, c, d] = bits.to_be_bytes();
        for host in [
            format!("{bits}"),
            format!("{bits:#x}"),
            format!("0{bits:o}"),
            format!("{a}.{}", bits & 0x00ff_ffff),
            format!("{a}.{b}.{}", bits & 0xffff),
            format!("0{a:o}.{b:#x}.{c}.0{d:o}."),
            format!("[::ffff:{a}.{b}.{c}.{d}]"),
        ] {
            let judged = judge_url(&Policy::default(), &format!("https://{host}/"))
                .map(|target| target.host().clone());
            match judge_address(&Policy::default(), ip) {
                Ok(()) => prop_assert_eq!(judged, Ok(Host::Address(ip))),
                Err(why) => prop_assert_eq!(judged, Err(UrlProblem::Forbidden(why))),
            }
        }
    }
}
