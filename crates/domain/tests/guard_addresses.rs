//! Which addresses may be dialled: every forbidden network with its neighbours just outside, every
//! way to hide an IPv4 address in an IPv6 address, and what a policy can and cannot allow.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use herald_domain::guard::{Forbidden, Policy, PolicyError, judge_address};
use ipnet::IpNet;
use proptest::prelude::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn allowing(networks: &[&str]) -> Policy {
    policy(networks).unwrap_or_else(|e| panic!("{networks:?}: {e}"))
}

fn policy(networks: &[&str]) -> Result<Policy, PolicyError> {
    Policy::new(networks.iter().map(|n| n.parse::<IpNet>().expect("a network")).collect(), false)
}

fn verdict(policy: &Policy, text: &str) -> Result<(), Forbidden> {
    judge_address(policy, ip(text))
}

/// First and last address of each forbidden network, and the public neighbours just before and
/// just after it; `-` where the neighbour is forbidden for another reason (or there is none).
const V4_BOUNDARIES: [(&str, &str, &str, &str); 17] = [
    ("-", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
    ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
    ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
    ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
    ("168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"),
    ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
    ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
    ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
    ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
    ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
    ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
    ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
    ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
    ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
    ("223.255.255.255", "224.0.0.0", "239.255.255.255", "-"),
    ("-", "240.0.0.0", "255.255.255.254", "-"),
    ("-", "255.255.255.255", "255.255.255.255", "-"),
];

const V6_BOUNDARIES: [(&str, &str, &str, &str); 17] = [
    ("-", "::", "::", "-"),
    ("-", "::1", "::1", "-"),
    ("-", "::2", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"),
    ("-", "64:ff9b::808:808", "64:ff9b::ffff:ffff", "-"),
    ("-", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "-"),
    ("-", "100::", "100::1:ffff:ffff:ffff:ffff", "-"),
    ("2000:ffff:ffff::1", "2001::", "2001::ffff:ffff:ffff:ffff:ffff:ffff", "-"),
    ("-", "2001:1::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"),
    (
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
    ),
    (
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
    ),
    (
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
    ),
    (
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::",
        "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "-",
    ),
    ("-", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"),
    ("-", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"),
    ("-", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"),
    ("-", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"),
    ("-", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"),
];

#[test]
fn each_special_network_is_forbidden_up_to_its_very_edges() {
    let default = Policy::default();
    for (before, first, last, after) in V4_BOUNDARIES.into_iter().chain(V6_BOUNDARIES) {
        for inside in [first, last] {
            assert!(verdict(&default, inside).is_err(), "{inside} is special");
        }
        for neighbour in [before, after].into_iter().filter(|n| *n != "-") {
            assert_eq!(verdict(&default, neighbour), Ok(()), "{neighbour} is public");
        }
    }
}

#[test]
fn public_addresses_are_permitted() {
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.215.14",
        "192.31.196.1",    // AS112: special-purpose, but globally reachable (RFC 7535)
        "192.52.193.1",    // AMT: likewise (RFC 7450)
        "192.175.48.1",    // AS112 direct delegation: likewise (RFC 7534)
        "2620:4f:8000::1", // AS112: likewise (RFC 7534)
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "::ffff:8.8.8.8", // the kernel dials 8.8.8.8
    ];
    for text in public {
        assert_eq!(verdict(&Policy::default(), text), Ok(()), "{text}");
    }
}

#[test]
fn the_operator_learns_the_reason_and_the_customer_does_not() {
    let cases = [
        ("10.1.2.3", "10.1.2.3 is in 10.0.0.0/8: private use (RFC 1918)"),
        ("255.255.255.255", "limited broadcast"),
        ("::ffff:127.0.0.1", "127.0.0.1 is in 127.0.0.0/8: loopback"),
        ("169.254.169.254", "cloud metadata"),
        ("2002:a00:1::", "carries 10.0.0.1 (6to4): 10.0.0.1 is in 10.0.0.0/8"),
        ("2a00::5efe:c0a8:1", "carries 192.168.0.1 (ISATAP)"),
        ("2002:808:808::", "6to4 (RFC 3056"),
        ("4000::1", "outside global unicast"),
    ];
    for (text, reason) in cases {
        let refusal = verdict(&Policy::default(), text).unwrap_err();
        assert_eq!(refusal.to_string(), "the target address is not allowed");
        assert!(refusal.detail().contains(reason), "{text}: {}", refusal.detail());
    }
}

#[test]
fn the_reason_names_the_narrowest_network_and_its_source() {
    let reasons = [
        ("::", "::/128: unspecified (RFC 4291"),
        ("::1", "::1/128: loopback (RFC 4291"),
        ("::8.8.8.8", "::/96: IPv4-compatible, deprecated (RFC 4291"),
        ("::ffff:0:8.8.8.8", "::ffff:0:0:0/96: IPv4-translated, deprecated (RFC 2765"),
        ("64:ff9b::8.8.8.8", "64:ff9b::/96: IPv4/IPv6 translation (NAT64) (RFC 6052"),
        ("64:ff9b:1::8.8.8.8", "64:ff9b:1::/48: local-use IPv4/IPv6 translation (NAT64) (RFC 8215"),
        ("100::1", "100::/64: discard only (RFC 6666"),
        ("100:0:0:1::1", "100:0:0:1::/64: dummy prefix (RFC 9780"),
        ("2001:0:808:808::f7f7:f7f7", "2001::/32: Teredo (RFC 4380"),
        ("2001:2::1", "2001::/23: IETF protocol assignments (RFC 2928"),
        ("5f00::1", "5f00::/16: segment routing (SRv6) SIDs (RFC 9602"),
        ("fd00::1", "fc00::/7: unique local (private use) (RFC 4193"),
        ("fe80::1", "fe80::/10: link-local (RFC 4291"),
        ("fec0::1", "fec0::/10: site-local, deprecated (RFC 3879"),
        ("ff02::1", "ff00::/8: multicast (RFC 4291"),
        ("240.0.0.1", "240.0.0.0/4: reserved (RFC 1112"),
    ];
    for (text, reason) in reasons {
        let detail = verdict(&Policy::default(), text).unwrap_err().detail();
        assert!(detail.contains(&format!(" is in {reason}")), "{text}: {detail}");
    }
}

/// Everything that a policy can be made to allow.
fn widest() -> Policy {
    allowing(&["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "64:ff9b:1::/96"])
}

const METADATA: [&str; 13] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.23",
    "169.254.42.42",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:42::42",
    "fe80::a9fe:a9fe",
];

#[test]
fn metadata_addresses_are_forbidden_even_where_everything_is_allowed() {
    for text in METADATA {
        assert!(verdict(&widest(), text).is_err(), "{text}");
        if let IpAddr::V4(v4) = ip(text) {
            for form in every_form(v4) {
                assert!(judge_address(&widest(), form.into()).is_err(), "{text} as {form}");
            }
        }
    }
    for neighbour in ["169.254.169.253", "168.63.129.17", "fd00:ec2::255", "fe80::a9fe:a9fd"] {
        assert_eq!(verdict(&widest(), neighbour), Ok(()), "{neighbour}");
    }
}

#[test]
fn a_network_with_a_metadata_address_in_it_is_allowed_but_for_that_address() {
    let policy = allowing(&["169.254.169.254/31"]);
    assert!(verdict(&policy, "169.254.169.254").is_err());
    assert_eq!(verdict(&policy, "169.254.169.255"), Ok(()));
}

#[test]
fn an_allowed_network_is_reachable_and_nothing_beside_it() {
    let policy = allowing(&["10.1.0.0/16", "127.0.0.0/8", "fd12:3456::/32", "::1/128"]);
    for text in ["10.1.0.0", "10.1.255.255", "127.0.0.1", "fd12:3456::1", "::1", "8.8.8.8"] {
        assert_eq!(verdict(&policy, text), Ok(()), "{text}");
    }
    for text in ["10.0.255.255", "10.2.0.0", "fd12:3457::1", "::2", "::", "192.168.0.1"] {
        assert!(verdict(&policy, text).is_err(), "{text}");
    }
}

#[test]
fn allowing_an_ipv4_network_allows_its_mapped_form_and_no_tunnel_to_it() {
    let policy = allowing(&["127.0.0.0/8"]);
    assert_eq!(verdict(&policy, "::ffff:127.0.0.1"), Ok(()));
    for form in every_form(Ipv4Addr::LOCALHOST).into_iter().filter(|f| f.to_ipv4_mapped().is_none())
    {
        // An ISATAP identifier under a public prefix is a public address, once what it carries is
        // allowed.
        let public = form.segments()[0] == 0x2a00;
        assert_eq!(judge_address(&policy, form.into()).is_ok(), public, "{form}");
    }
}

#[test]
fn a_mapped_network_counts_as_the_ipv4_network() {
    let policy = allowing(&["::ffff:10.0.0.0/104"]);
    assert_eq!(policy.allowed_networks(), ["10.0.0.0/8".parse::<IpNet>().unwrap()]);
    assert_eq!(verdict(&policy, "10.9.9.9"), Ok(()));
    assert_eq!(verdict(&policy, "::ffff:10.9.9.9"), Ok(()));
}

#[test]
fn an_allowed_translator_reaches_only_what_may_be_dialled_directly() {
    for (prefix, public, private) in [
        ("64:ff9b::/96", "64:ff9b::808:808", "64:ff9b::a00:1"),
        ("64:ff9b:1:2::/96", "64:ff9b:1:2::808:808", "64:ff9b:1:2::a00:1"),
        ("2002::/16", "2002:808:808::1", "2002:a00:1::1"),
        ("2001::/32", "2001:0:808:808::f7f7:f7f7", "2001:0:808:808::f5ff:fffe"),
        ("::ffff:0:0:0/96", "::ffff:0:808:808", "::ffff:0:a00:1"),
        ("fd00::/8", "fd00::5efe:808:808", "fd00::5efe:a00:1"),
    ] {
        let policy = allowing(&[prefix]);
        assert_eq!(verdict(&policy, public), Ok(()), "{public}");
        assert!(verdict(&policy, private).is_err(), "{private}");
        assert_eq!(verdict(&allowing(&[prefix, "10.0.0.0/8"]), private), Ok(()), "{private}");
    }
}

#[test]
fn a_wide_network_does_not_allow_local_translators_whose_layout_is_unknown() {
    // RFC 6052 §2.2, prefix of 64 bits: these bits mean 127.0.0.1, read as a /96 they are 1.0.0.0.
    assert!(verdict(&allowing(&["::/1"]), "64:ff9b:1:0:7f:0:100:0").is_err());
    assert!(verdict(&allowing(&["64:ff9b::/32"]), "64:ff9b:1::808:808").is_err());
}

#[test]
fn networks_that_cannot_be_meant_are_refused() {
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    let cases = [
        (
            "10.0.0.5/8",
            PolicyError::HostBits {
                given: net("10.0.0.5/8"),
                network: net("10.0.0.0/8"),
                host: net("10.0.0.5/32"),
            },
        ),
        ("0.0.0.0/0", PolicyError::Everything(net("0.0.0.0/0"))),
        ("::/0", PolicyError::Everything(net("::/0"))),
        ("::ffff:0:0/96", PolicyError::Everything(net("::ffff:0:0/96"))),
        ("169.254.169.254/32", PolicyError::Metadata(net("169.254.169.254/32"))),
        ("::ffff:169.254.169.254/128", PolicyError::Metadata(net("::ffff:169.254.169.254/128"))),
        ("fd00:ec2::254/128", PolicyError::Metadata(net("fd00:ec2::254/128"))),
        ("64:ff9b:1::/48", PolicyError::TranslatorPrefix(net("64:ff9b:1::/48"))),
        ("64:ff9b:1:7::/64", PolicyError::TranslatorPrefix(net("64:ff9b:1:7::/64"))),
    ];
    for (text, problem) in cases {
        assert_eq!(policy(&[text]).unwrap_err(), problem, "{text}");
    }
    let message = policy(&["10.0.0.5/8"]).unwrap_err().to_string();
    assert!(message.contains("10.0.0.0/8") && message.contains("10.0.0.5/32"), "{message}");
}

/// `v4` in every IPv6 form that some kernel, tunnel or translator would turn back into it.
fn every_form(v4: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(v4.to_bits());
    let low = |prefix: &str| {
        Ipv6Addr::from_bits(prefix.parse::<Ipv6Addr>().expect("a prefix").to_bits() | bits)
    };
    let mut forms: Vec<_> = [
        "::ffff:0:0",        // mapped
        "::ffff:0:0:0",      // translated
        "64:ff9b::",         // NAT64
        "64:ff9b:1::",       // NAT64, local use
        "64:ff9b:1:ab:cd::", // NAT64, local use, subdivided
        "2a00::5efe:0:0",    // ISATAP under a public prefix, u and g clear
        "2a00::200:5efe:0:0",
        "2a00::300:5efe:0:0",
        "fe80::5efe:0:0",
    ]
    .into_iter()
    .map(low)
    .collect();
    // ::0.0.0.0 and ::0.0.0.1 are the unspecified address and loopback, not compatible forms.
    if bits > 1 {
        forms.push(low("::"));
    }
    let server = 0x0808_0808 << 64;
    forms.extend([
        Ipv6Addr::from_bits(0x2002 << 112 | bits << 80),
        Ipv6Addr::from_bits(0x2002 << 112 | bits << 80 | 1),
        Ipv6Addr::from_bits(0x2001 << 112 | server | u128::from(!v4.to_bits())),
        Ipv6Addr::from_bits(0x2001 << 112 | bits << 64 | u128::from(!0x0808_0808_u32)),
    ]);
    forms
}

/// Any IPv4 address, the forbidden ones no rarity.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let special = prop::sample::select(&V4_BOUNDARIES[..]).prop_flat_map(|(_, first, last, _)| {
        let bits = |text: &str| text.parse::<Ipv4Addr>().expect("an address").to_bits();
        bits(first)..=bits(last)
    });
    prop_oneof![special, any::<u32>()].prop_map(Ipv4Addr::from_bits)
}

fn any_network() -> impl Strategy<Value = IpNet> {
    let v4 = (any_v4(), 1_u8..=32).prop_map(|(ip, length)| (IpAddr::V4(ip), length));
    let v6 = (any::<u128>(), 1_u8..=128)
        .prop_map(|(bits, length)| (IpAddr::V6(Ipv6Addr::from_bits(bits)), length));
    let form = (any_v4(), any::<prop::sample::Index>(), 1_u8..=128)
        .prop_map(|(ip, at, length)| (IpAddr::V6(*at.get(&every_form(ip))), length));
    prop_oneof![v4, v6, form]
        .prop_map(|(ip, length)| IpNet::new(ip, length).expect("length fits the family").trunc())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_forbidden_ipv4_address_is_forbidden_in_every_form_whatever_else_is_allowed(
        v4 in any_v4(),
        networks in prop::collection::vec(any_network(), 0..4),
    ) {
        let networks = networks.into_iter().filter(|n| Policy::new(vec![*n], false).is_ok()).collect();
        let policy = Policy::new(networks, false).unwrap();
        if judge_address(&policy, v4.into()).is_err() {
            for form in every_form(v4) {
                prop_assert!(judge_address(&policy, form.into()).is_err(), "{} as {}", v4, form);
            }
        }
    }

    #[test]
    fn allowing_more_networks_never_forbids_what_was_allowed(
        bits in any::<u128>(),
        network in any_network(),
    ) {
        let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
        if let Ok(policy) = Policy::new(vec![network], false)
            && judge_address(&Policy::default(), address).is_ok()
        {
            prop_assert!(judge_address(&policy, address).is_ok());
        }
    }
}
