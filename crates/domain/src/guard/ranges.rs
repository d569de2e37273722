//! The tables: networks that are not the public internet, and addresses of metadata services.
//!
//! Sources are the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190, as
//! of October 2025) and, per row, the document that reserves the network. Two departures, both
//! stricter: blocks of protocol assignments (`192.0.0.0/24`, `2001::/23`) are refused whole, since
//! the few anycast services in them that are globally reachable receive no webhooks; and IPv6 is
//! allowed by what IANA hands out (`2000::/3`), so that space assigned later fails closed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A network that is forbidden unless the operator allows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) network: IpNet,
    /// What it is for, in the operator's words.
    pub(super) what: &'static str,
    /// The document that says so.
    pub(super) source: &'static str,
}

const fn v4(octets: [u8; 4], length: u8, what: &'static str, source: &'static str) -> Range {
    let [a, b, c, d] = octets;
    let network = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length));
    Range { network, what, source }
}

/// `top` is the upper half of the address; only `::/96` and its like reach below it.
const fn v6(top: [u16; 4], length: u8, what: &'static str, source: &'static str) -> Range {
    let [a, b, c, d] = top;
    v6_whole(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length, what, source)
}

const fn v6_whole(ip: Ipv6Addr, length: u8, what: &'static str, source: &'static str) -> Range {
    Range { network: IpNet::V6(Ipv6Net::new_assert(ip, length)), what, source }
}

static SPECIAL_V4: [Range; 16] = [
    v4([0, 0, 0, 0], 8, "this host, this network", "RFC 791 §3.2, RFC 1122 §3.2.1.3"),
    v4([10, 0, 0, 0], 8, "private use", "RFC 1918"),
    v4([100, 64, 0, 0], 10, "shared address space behind carrier NAT", "RFC 6598"),
    v4([127, 0, 0, 0], 8, "loopback", "RFC 1122 §3.2.1.3"),
    v4([169, 254, 0, 0], 16, "link-local", "RFC 3927"),
    v4([172, 16, 0, 0], 12, "private use", "RFC 1918"),
    v4([192, 0, 0, 0], 24, "IETF protocol assignments", "RFC 6890 §2.1"),
    v4([192, 0, 2, 0], 24, "documentation", "RFC 5737"),
    v4([192, 88, 99, 0], 24, "6to4 relay anycast, deprecated", "RFC 7526"),
    v4([192, 168, 0, 0], 16, "private use", "RFC 1918"),
    v4([198, 18, 0, 0], 15, "benchmarking", "RFC 2544"),
    v4([198, 51, 100, 0], 24, "documentation", "RFC 5737"),
    v4([203, 0, 113, 0], 24, "documentation", "RFC 5737"),
    v4([224, 0, 0, 0], 4, "multicast", "RFC 5771"),
    // Before 240.0.0.0/4, so that the log names the narrower reason.
    v4([255, 255, 255, 255], 32, "limited broadcast", "RFC 8190, RFC 919 §7"),
    v4([240, 0, 0, 0], 4, "reserved", "RFC 1112 §4"),
];

static SPECIAL_V6: [Range; 19] = [
    v6_whole(Ipv6Addr::UNSPECIFIED, 128, "unspecified", "RFC 4291 §2.5.2"),
    v6_whole(Ipv6Addr::LOCALHOST, 128, "loopback", "RFC 4291 §2.5.3"),
    v6_whole(Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible, deprecated", "RFC 4291 §2.5.5.1"),
    v6_whole(
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0),
        96,
        "IPv4-translated, deprecated",
        "RFC 2765 §2.1",
    ),
    v6([0x64, 0xff9b, 0, 0], 96, "IPv4/IPv6 translation (NAT64)", "RFC 6052 §2.1"),
    v6([0x64, 0xff9b, 1, 0], 48, "local-use IPv4/IPv6 translation (NAT64)", "RFC 8215"),
    v6([0x100, 0, 0, 0], 64, "discard only", "RFC 6666"),
    v6([0x100, 0, 0, 1], 64, "dummy prefix", "RFC 9780"),
    v6([0x2001, 0, 0, 0], 32, "Teredo", "RFC 4380 §2.6"),
    v6([0x2001, 0, 0, 0], 23, "IETF protocol assignments", "RFC 2928"),
    v6([0x2001, 0xdb8, 0, 0], 32, "documentation", "RFC 3849"),
    v6([0x2002, 0, 0, 0], 16, "6to4", "RFC 3056 §2, RFC 7526"),
    v6([0x3fff, 0, 0, 0], 20, "documentation", "RFC 9637"),
    v6([0x5f00, 0, 0, 0], 16, "segment routing (SRv6) SIDs", "RFC 9602"),
    v6([0xfc00, 0, 0, 0], 7, "unique local (private use)", "RFC 4193"),
    v6([0xfe80, 0, 0, 0], 10, "link-local", "RFC 4291 §2.5.6"),
    v6([0xfec0, 0, 0, 0], 10, "site-local, deprecated", "RFC 3879"),
    v6([0xff00, 0, 0, 0], 8, "multicast", "RFC 4291 §2.7"),
    // The last row catches what no row above names; `special` lets `2000::/3` pass before it.
    v6_whole(Ipv6Addr::UNSPECIFIED, 0, "outside global unicast 2000::/3", "RFC 4291 §2.4"),
];

/// The only IPv6 space from which IANA hands out globally reachable addresses (RFC 4291 §2.4,
/// IANA "IPv6 Global Unicast Address Assignments").
const GLOBAL_UNICAST: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// The networks of `SPECIAL_V6` but its last, which holds everything.
const NAMED_V6: usize = SPECIAL_V6.len() - 1;

/// The reason why `ip` is not on the public internet, or `None` if it is.
///
/// Takes the address as it is written: an IPv4-mapped one must be made IPv4 first.
pub(super) fn special(ip: IpAddr) -> Option<&'static Range> {
    let rows: &'static [Range] = match ip {
        IpAddr::V4(_) => &SPECIAL_V4,
        IpAddr::V6(ip) if GLOBAL_UNICAST.contains(&ip) => &SPECIAL_V6[..NAMED_V6],
        IpAddr::V6(_) => &SPECIAL_V6,
    };
    rows.iter().find(|range| range.network.contains(&ip))
}

/// Addresses at which clouds hand out credentials and configuration to whoever asks from inside.
/// Never allowed, whatever the policy: most lie in networks that an operator may well allow.
static METADATA: [IpAddr; 13] = [
    // AWS, Azure, Google Cloud, Oracle, DigitalOcean, OpenStack: instance metadata service.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    // AWS ECS: task metadata and credentials.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    // AWS EKS: Pod Identity agent.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    // Tencent Cloud: metadata.tencentyun.com.
    IpAddr::V4(Ipv4Addr::new(169, 254, 0, 23)),
    // Scaleway: instance metadata.
    IpAddr::V4(Ipv4Addr::new(169, 254, 42, 42)),
    // Alibaba Cloud: ECS instance metadata.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Azure WireServer (host agent); looks like any public address.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle Cloud classic: instance metadata.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    // AWS over IPv6: instance metadata.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // AWS EKS over IPv6: Pod Identity agent.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    // Google Cloud over IPv6: metadata server.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // Scaleway over IPv6: instance metadata.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    // OpenStack over IPv6: 169.254.169.254 in hexadecimal on the link.
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

/// Whether `ip` is a metadata service. Mapped addresses must be made IPv4 first.
pub(super) fn is_metadata(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
}
