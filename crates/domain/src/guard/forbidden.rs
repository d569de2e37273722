//! The refusal: one sentence for the customer, the whole reason for the operator.
//!
//! If the customer could tell "private" from "loopback" from "such a name is never looked up",
//! a list of webhooks would be a map of the operator's network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ranges::Range;

/// The target may not be dialled. Its text is the same for every cause; show that to customers,
/// and keep [`Forbidden::detail`] (and the `Debug` form) for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the target address is not allowed")]
pub struct Forbidden {
    cause: Cause,
}

impl Forbidden {
    /// Why, for the operator's log. Must not reach a customer, not even in an attempt's record.
    ///
    /// The text is one line: names in it have passed the check for plain host-name characters.
    pub fn detail(&self) -> String {
        self.cause.to_string()
    }
}

impl From<Cause> for Forbidden {
    fn from(cause: Cause) -> Self {
        Self { cause }
    }
}

/// What exactly was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Cause {
    #[error("{ip} is in {}: {} ({})", range.network, range.what, range.source)]
    Special { ip: IpAddr, range: &'static Range },
    #[error("{ip} is a cloud metadata address, which no policy can allow")]
    Metadata { ip: IpAddr },
    #[error("{carrier} carries {inside} ({form}): {cause}")]
    Embedded { carrier: Ipv6Addr, inside: Ipv4Addr, form: &'static str, cause: Box<Cause> },
    #[error("{ip} is outside the allowed networks, the only ones that local name {name} may be in")]
    LocalNameOutside { name: String, ip: IpAddr },
    #[error("{name} is a local name, and no network is allowed that it could be in")]
    LocalName { name: String },
    #[error("the local name {name} has no address")]
    LocalNameUnknown { name: String },
    #[error("{name} is loopback (RFC 6761 §6.3), and no loopback address is allowed")]
    Loopback { name: String },
    #[error("{name} is the name of a cloud metadata service, which no policy can allow")]
    MetadataName { name: String },
    #[error("the host is not a DNS name")]
    NotAName,
}
