//! Names that belong to the machine or its network, and what DNS answered.
//!
//! Some names never mean the public internet, whatever a resolver says: the resolver of the
//! network that Herald runs in would answer them with that network's own hosts. They are refused
//! without a look-up, so that not even the look-up tells what exists; only an operator who allowed
//! networks has them looked up, and then every answer must lie in those networks.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{
    address::judge_address,
    forbidden::{Cause, Forbidden},
    policy::Policy,
};

/// What to do with a name that may be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameVerdict {
    /// Ask DNS, and give what it answers to [`judge_answers`].
    Resolve,
    /// The name is this machine (RFC 6761 §6.3). Ask nobody: dial these, which the policy allows,
    /// in this order. Never empty.
    Loopback(Vec<IpAddr>),
}

/// Why none of the answers for a name may be dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswersProblem {
    /// A public name without an address: a failure of DNS, like a name that does not exist.
    #[error("the name has no address")]
    Empty,
    /// At least one answer is forbidden, so all are.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

/// Suffixes (and names) that are never in the public DNS, and who says so.
static LOCAL_SUFFIXES: [&str; 4] = [
    "localhost", // RFC 6761 §6.3
    "local",     // RFC 6762 §3, multicast DNS; also `svc.cluster.local` of Kubernetes
    "internal",  // ICANN board resolution 2024.07.29.06, private use
    "home.arpa", // RFC 8375
];

/// Names of metadata services. Refused in every policy, like their addresses: also those under
/// `internal`, which an allowed network would otherwise open for a look-up.
static METADATA_NAMES: [&str; 4] = [
    "metadata.google.internal",   // Google Cloud
    "metadata.goog",              // Google Cloud
    "instance-data.ec2.internal", // AWS
    "metadata.tencentyun.com",    // Tencent Cloud
];

/// Whether `name` may be looked up at the time of connecting.
///
/// Local names (`localhost`, `.local`, `.internal`, `.home.arpa`, a single label) are refused
/// unless the policy allows networks; `localhost` and what ends in it is loopback without a
/// look-up. Upper case and one trailing dot make no difference.
pub fn judge_name(policy: &Policy, name: &str) -> Result<NameVerdict, Forbidden> {
    let name = canonical(name).ok_or(Cause::NotAName)?;
    refuse_metadata(&name)?;
    if has_suffix(&name, "localhost") {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let allowed: Vec<_> =
            loopback.into_iter().filter(|ip| judge_address(policy, *ip).is_ok()).collect();
        if allowed.is_empty() {
            return Err(Cause::Loopback { name }.into());
        }
        return Ok(NameVerdict::Loopback(allowed));
    }
    if is_local(&name) && policy.allowed_networks().is_empty() {
        return Err(Cause::LocalName { name }.into());
    }
    Ok(NameVerdict::Resolve)
}

/// The addresses of `name` that may be dialled: `answers` in their order, IPv4-mapped ones as
/// IPv4, each once. Dial these very values; never empty.
///
/// One forbidden answer forbids all: a mixed answer is how a rebinding attack looks. For a local
/// name each answer must lie in an allowed network.
///
/// Call it with an empty slice also when DNS says that the name does not exist: for a local name
/// that is the same [`Forbidden`] as an address that is not allowed, and so does not tell the
/// customer which internal names exist.
pub fn judge_answers(
    policy: &Policy,
    name: &str,
    answers: &[IpAddr],
) -> Result<Vec<IpAddr>, AnswersProblem> {
    let name = canonical(name).ok_or(Forbidden::from(Cause::NotAName))?;
    refuse_metadata(&name)?;
    let local = is_local(&name);
    if answers.is_empty() {
        return Err(if local {
            Forbidden::from(Cause::LocalNameUnknown { name }).into()
        } else {
            AnswersProblem::Empty
        });
    }
    for &ip in answers {
        judge_address(policy, ip)?;
        if local && !policy.covers(ip.to_canonical()) {
            return Err(Forbidden::from(Cause::LocalNameOutside { name, ip }).into());
        }
    }
    let mut seen = HashSet::new();
    Ok(answers.iter().map(IpAddr::to_canonical).filter(|ip| seen.insert(*ip)).collect())
}

/// `name` in lower case and without its trailing dot; `None` if it is no DNS name for a host.
///
/// RFC 1035 §2.3.4 gives the lengths; letters, digits, `-` and `_` are what certificates and the
/// `Host` header agree on. A last label that reads as a number is refused, because resolvers would
/// take `127.1` or `0x7f000001` for an address that nobody judged.
pub(super) fn canonical(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    let valid = name.len() <= 253 && name.split('.').all(is_label) && !ends_in_number(&name);
    valid.then_some(name)
}

fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn refuse_metadata(name: &str) -> Result<(), Forbidden> {
    if METADATA_NAMES.contains(&name) {
        return Err(Cause::MetadataName { name: name.to_owned() }.into());
    }
    Ok(())
}

fn is_local(name: &str) -> bool {
    !name.contains('.') || LOCAL_SUFFIXES.iter().any(|suffix| has_suffix(name, suffix))
}

/// Whether `name` is `suffix` or ends in it, label by label: `mylocal` does not end in `local`.
fn has_suffix(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
