//! IPv4 addresses that hide in IPv6 addresses.
//!
//! A translator or a tunnel takes the packet for the IPv6 address and delivers it to the IPv4
//! address inside. So the one inside is judged too, even if the operator allows the network
//! around it: whoever needs `64:ff9b::/96` on an IPv6-only network wants the public IPv4 internet
//! through it, not `10.0.0.0/8`.
//!
//! Two things are not here. An IPv4-mapped address (`::ffff:a.b.c.d`) carries nothing: the kernel
//! dials IPv4, and the judge turns it into the IPv4 address before anything else. And a
//! translator's prefix out of the network's own public space (RFC 6052 §2.2) looks like any other
//! public address; only that network's owner knows it.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 address found in an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Embedded {
    pub(super) ip: Ipv4Addr,
    /// The name of the scheme that put it there.
    pub(super) form: &'static str,
}

/// Every IPv4 address that some known scheme would find in `ip`.
///
/// The schemes are told apart by their prefix, except ISATAP, which is an interface identifier
/// under any prefix; so there can be several.
pub(super) fn embedded(ip: Ipv6Addr) -> Vec<Embedded> {
    let bits = ip.to_bits();
    let mut found = Vec::new();
    let mut note = |form, ip| found.push(Embedded { ip, form });

    // RFC 4291 §2.5.5.1; `::` and `::1` have a meaning of their own.
    if bits >> 32 == 0 && bits > 1 {
        note("IPv4-compatible", low_32(bits));
    }
    // RFC 2765 §2.1: ::ffff:0:a.b.c.d
    if bits >> 32 == 0xffff_0000 {
        note("IPv4-translated", low_32(bits));
    }
    // RFC 6052 §2.1: 64:ff9b::/96. Local use, RFC 8215: `Policy` sees to it that it is a /96 too.
    if bits >> 32 == 0x0064_ff9b << 64 || is_local_nat64(ip) {
        note("NAT64", low_32(bits));
    }
    // RFC 3056 §2: 2002:a.b.c.d::/48
    if bits >> 112 == 0x2002 {
        note("6to4", low_32(bits >> 80));
    }
    // RFC 4380 §4: the server's address, and the client's with every bit inverted.
    if bits >> 96 == 0x2001_0000 {
        note("Teredo server", low_32(bits >> 64));
        note("Teredo client", low_32(!bits));
    }
    // RFC 5214 §6.1: the identifier is [ug]00:5efe:a.b.c.d; u and g may be set or not.
    if (bits >> 32) & 0xfcff_ffff == 0x5efe {
        note("ISATAP", low_32(bits));
    }
    found
}

/// Whether `ip` lies in `64:ff9b:1::/48`, the prefix for translators of the local network
/// (RFC 8215). Where such a translator finds the IPv4 address depends on the length of its prefix.
pub(super) fn is_local_nat64(ip: Ipv6Addr) -> bool {
    ip.to_bits() >> 80 == 0x0064_ff9b_0001
}

fn low_32(bits: u128) -> Ipv4Addr {
    let [.., a, b, c, d] = bits.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}
