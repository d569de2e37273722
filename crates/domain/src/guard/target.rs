//! The target of a delivery as values: whom to dial, and what to write on the wire.
//!
//! Only [`judge_url`](super::judge_url) makes one. After that nobody needs the URL's text again.

use std::{fmt, net::IpAddr};

/// How to speak to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP; only where the policy allows it.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The scheme as it is written in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is meant when a URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Whom to dial.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name: lower case, ASCII (IDNA), no trailing dot, and nothing that any resolver could
    /// read as an address. Ask [`judge_name`](super::judge_name) before looking it up.
    Name(String),
    /// An address, already judged; an IPv4-mapped one as the IPv4 address.
    Address(IpAddr),
}

impl fmt::Display for Host {
    /// As in a URL: IPv6 addresses in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Address(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// Scheme, host and port: what a connection can be reused for.
///
/// Two URLs have equal origins exactly if they mean the same, however they are spelt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// How to speak to it.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whom to dial.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The TCP port, never 0.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` header: the port only if it is not the scheme's own.
    fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Origin {
    /// As in a URL, without the scheme's own port: `https://example.com:8443`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// A URL that may be saved, taken apart. A name in it is still to be judged when connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    origin: Origin,
    authority: String,
    path_and_query: String,
}

impl Target {
    pub(super) fn new(scheme: Scheme, host: Host, port: u16, path_and_query: String) -> Self {
        let origin = Origin { scheme, host, port };
        Self { authority: origin.authority(), origin, path_and_query }
    }

    /// How to speak to it.
    pub fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    /// Whom to dial.
    pub fn host(&self) -> &Host {
        &self.origin.host
    }

    /// The TCP port, never 0.
    pub fn port(&self) -> u16 {
        self.origin.port
    }

    /// The value of the `Host` header (or `:authority`): the host, and the port if it is not the
    /// scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What goes into the request line (or `:path`): starts with `/`, visible ASCII only, without
    /// the fragment.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// What a connection to this target can be reused for; the key for a pool.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}
