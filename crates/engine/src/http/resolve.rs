//! Names to addresses.
//!
//! What comes back is only what DNS said; whether it may be dialled is the guard's business. The
//! resolver is asynchronous and every look-up has its own time limit, so a name whose servers hang
//! holds up nobody but the attempts that wait for it.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, ResolverOpts},
    net::{DnsError, NetError},
};

/// Looks names up.
#[async_trait]
pub trait Resolve: Send + Sync + std::fmt::Debug {
    /// The addresses of `name` (lower case, without a trailing dot), in the order in which they
    /// should be tried. An empty list means the same as [`ResolveError::NotFound`].
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError>;
}

/// Why a look-up gave no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or has no address.
    #[error("the name does not exist or has no address")]
    NotFound,
    /// The look-up failed: SERVFAIL, REFUSED, a broken answer, no name server.
    #[error("the look-up failed")]
    Failed,
    /// No name server answered in time.
    #[error("the look-up timed out")]
    TimedOut,
}

/// The system's resolver configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the system's resolver configuration cannot be used: {0}")]
pub struct ResolverProblem(#[from] NetError);

/// At most this long for one look-up with all its tries, so that time is left in an attempt's
/// 15 s to use the answer of a server that was slow.
const LOOKUP_TIME: Duration = Duration::from_secs(8);

/// Answers kept: positive and negative ones, a few hundred bytes each.
const CACHE_ENTRIES: u64 = 8_192;

/// The resolver that `/etc/resolv.conf` and `/etc/hosts` describe, with a bounded cache that
/// follows the records' TTL. Both files are read once.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    resolver: TokioResolver,
}

impl SystemResolver {
    /// Reads the system's configuration.
    pub fn new() -> Result<Self, ResolverProblem> {
        let mut builder = TokioResolver::builder_tokio()?;
        tune(builder.options_mut());
        Ok(Self { resolver: builder.build()? })
    }
}

fn tune(options: &mut ResolverOpts) {
    options.timeout = Duration::from_secs(2);
    options.attempts = 2;
    options.cache_size = CACHE_ENTRIES;
    // A receiver that moves is followed within five minutes, whatever its TTL; one that is set up
    // just now is found by the first retry.
    options.positive_max_ttl = Some(Duration::from_secs(300));
    options.negative_max_ttl = Some(Duration::from_secs(30));
    // IPv4 first: many hosts that run Herald have no way to the IPv6 internet.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // The default of 32 would refuse look-ups while the servers of 32 other names hang.
    options.max_active_requests = 4_096;
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        // The search list turns `example.com` into `example.com.corp.internal`; only a single
        // label, which the guard lets pass where an operator allowed networks, may mean that.
        let absolute = if name.contains('.') { format!("{name}.") } else { name.to_owned() };
        match tokio::time::timeout(LOOKUP_TIME, self.resolver.lookup_ip(absolute)).await {
            Ok(Ok(answer)) => Ok(answer.iter().collect()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_elapsed) => Err(ResolveError::TimedOut),
        }
    }
}

fn classify(error: &NetError) -> ResolveError {
    match error {
        NetError::Timeout => ResolveError::TimedOut,
        NetError::Dns(DnsError::NoRecordsFound(_)) => ResolveError::NotFound,
        _ => ResolveError::Failed,
    }
}

#[cfg(test)]
mod tests;
