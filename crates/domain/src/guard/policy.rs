//! What the operator allows beyond the public internet.
//!
//! A policy only ever adds: there is nothing in it that narrows or switches off the rules, and a
//! network that could not take effect is refused at start rather than ignored in silence.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::{embedded::is_local_nat64, ranges::is_metadata};

/// What the operator allows beyond the public internet. The default allows nothing more.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allowed_networks: Vec<IpNet>,
    allow_http: bool,
}

/// A network that the operator listed and that cannot be meant, or cannot be allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// `10.0.0.5/8`: either a whole network or one host was meant, and guessing wrong opens
    /// 16 million addresses.
    #[error("{given} has bits set after its prefix: write {network}, or one host as {host}")]
    HostBits {
        /// As it was given.
        given: IpNet,
        /// The network that it lies in.
        network: IpNet,
        /// The single address alone.
        host: IpNet,
    },
    /// A prefix of length 0 would switch the guard off for all of IPv4 or IPv6.
    #[error("{0} would allow every address: name the networks that are needed")]
    Everything(IpNet),
    /// A single address that stays forbidden in every policy.
    #[error("{0} is a cloud metadata address and is never allowed")]
    Metadata(IpNet),
    /// In `64:ff9b:1::/48` (RFC 8215) only a /96 tells where the IPv4 address lies, and an IPv4
    /// address that cannot be found cannot be judged.
    #[error("{0} is for NAT64 in the local network, where only /96 or longer can be allowed")]
    TranslatorPrefix(IpNet),
}

/// The length of a translator's prefix after which exactly the IPv4 address follows (RFC 6052).
const TRANSLATOR_PREFIX: u8 = 96;

impl Policy {
    /// A policy that also allows the addresses in `allowed_networks`, and with `allow_http` also
    /// `http` URLs.
    ///
    /// A network of IPv4-mapped addresses (`::ffff:10.0.0.0/104`) counts as the IPv4 network.
    /// Refuses networks as [`PolicyError`] tells.
    pub fn new(allowed_networks: Vec<IpNet>, allow_http: bool) -> Result<Self, PolicyError> {
        let allowed_networks =
            allowed_networks.into_iter().map(accept).collect::<Result<_, _>>()?;
        Ok(Self { allowed_networks, allow_http })
    }

    /// Whether plain `http` URLs are accepted.
    pub fn allows_http(&self) -> bool {
        self.allow_http
    }

    /// The networks that are allowed beyond the public internet, in the order given.
    pub fn allowed_networks(&self) -> &[IpNet] {
        &self.allowed_networks
    }

    /// Whether `ip` lies in an allowed network. Mapped addresses must be made IPv4 first.
    pub(super) fn covers(&self, ip: IpAddr) -> bool {
        // A wider network, such as 64::/16, does not say how its translators are numbered.
        let translated = matches!(ip, IpAddr::V6(ip) if is_local_nat64(ip));
        let counts = |net: &&IpNet| !translated || net.prefix_len() >= TRANSLATOR_PREFIX;
        self.allowed_networks.iter().filter(counts).any(|net| net.contains(&ip))
    }
}

fn accept(given: IpNet) -> Result<IpNet, PolicyError> {
    let network = given.trunc();
    if network != given {
        return Err(PolicyError::HostBits { given, network, host: given.addr().into() });
    }
    let network = unmap(network);
    if network.prefix_len() == 0 {
        return Err(PolicyError::Everything(given));
    }
    if network.prefix_len() == network.max_prefix_len() && is_metadata(network.addr()) {
        return Err(PolicyError::Metadata(given));
    }
    match network {
        IpNet::V6(v6) if is_local_nat64(v6.addr()) && v6.prefix_len() < TRANSLATOR_PREFIX => {
            Err(PolicyError::TranslatorPrefix(given))
        }
        _ => Ok(network),
    }
}

/// The IPv4 network that a network within `::ffff:0:0/96` stands for; any other as it is.
fn unmap(network: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let IpNet::V6(v6) = network else { return network };
    let v4 = |ip: Ipv4Addr| Ipv4Net::new(ip, v6.prefix_len().checked_sub(MAPPED)?).ok();
    v6.addr().to_ipv4_mapped().and_then(v4).map_or(network, IpNet::V4)
}
