//! The verdict about one address.
//!
//! In this order: what no policy can allow, what is hidden inside, what the operator allows, and
//! what is public anyway.

use std::net::IpAddr;

use super::{
    embedded::{Embedded, embedded},
    forbidden::{Cause, Forbidden},
    policy::Policy,
    ranges,
};

/// Whether `ip` may be dialled: it is on the public internet, or the policy allows it.
///
/// An IPv4-mapped address (`::ffff:a.b.c.d`) is judged as the IPv4 address that the kernel would
/// dial. An IPv4 address inside an IPv6 address (NAT64, 6to4, Teredo, ISATAP, …) is judged as
/// well, even where the policy allows the IPv6 address around it.
pub fn judge_address(policy: &Policy, ip: IpAddr) -> Result<(), Forbidden> {
    Ok(judge(policy, ip.to_canonical())?)
}

fn judge(policy: &Policy, ip: IpAddr) -> Result<(), Cause> {
    if ranges::is_metadata(ip) {
        return Err(Cause::Metadata { ip });
    }
    if let IpAddr::V6(carrier) = ip {
        for Embedded { ip: inside, form } in embedded(carrier) {
            judge(policy, inside.into()).map_err(|cause| Cause::Embedded {
                carrier,
                inside,
                form,
                cause: Box::new(cause),
            })?;
        }
    }
    if policy.covers(ip) {
        return Ok(());
    }
    ranges::special(ip).map_or(Ok(()), |range| Err(Cause::Special { ip, range }))
}
