//! What a webhook's URL must look like, and what is taken from it.
//!
//! One parser reads the text (crate `url`, the WHATWG rules): it turns every spelling of an address
//! (`2130706433`, `0x7f.1`, full-width digits, `%31`) into the address, and what it returns is what
//! is judged and dialled. Where those rules are lenient (they strip tabs and newlines, take `\` for
//! `/`, need no `//`), the text is refused first: another program that shows, logs or copies the
//! URL would read something else.

use std::net::IpAddr;

use url::Url;

use super::{
    address::judge_address,
    forbidden::Forbidden,
    names::canonical,
    policy::Policy,
    target::{Host, Scheme, Target},
};

/// The longest URL, in bytes, both as given and after percent-encoding.
pub const MAX_URL_LENGTH: usize = 2048;

/// Why a URL is refused. The text is the message for the customer; it names the field as the API
/// does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// Another scheme than `https` (or than `http`, where the policy allows that).
    #[error("'url' should be an HTTPS URL")]
    Scheme,
    /// No URL with a host that could be dialled. The API has one message for this and the former.
    #[error("'url' should be an HTTPS URL")]
    Malformed,
    /// Longer than [`MAX_URL_LENGTH`].
    #[error("'url' should be at most {MAX_URL_LENGTH} characters long")]
    TooLong,
    /// White space or a control character anywhere in it.
    #[error("'url' should not contain spaces or control characters")]
    Blank,
    /// `user:password@`, even empty: it hides the true host from a reader, and secrets don't
    /// belong into a field that everybody sees.
    #[error("'url' should not contain a user name or password")]
    UserInfo,
    /// Port 0, which cannot be dialled.
    #[error("'url' should not use port 0")]
    PortZero,
    /// The host is a literal address that may not be dialled.
    #[error("'url' should point to an address that is allowed")]
    Forbidden(#[source] Forbidden),
}

/// Judges the URL of a webhook, when it is saved and again before it is dialled.
///
/// Nothing is looked up: a name of any kind passes here and is judged by
/// [`judge_name`](super::judge_name) when connecting. A fragment is accepted and never sent.
pub fn judge_url(policy: &Policy, url: &str) -> Result<Target, UrlProblem> {
    let scheme = judge_text(policy, url)?;
    let parsed = Url::parse(url).map_err(|_| UrlProblem::Malformed)?;
    if parsed.as_str().len() > MAX_URL_LENGTH {
        return Err(UrlProblem::TooLong);
    }
    let port = parsed.port().unwrap_or(scheme.default_port());
    if port == 0 {
        return Err(UrlProblem::PortZero);
    }
    let host = match parsed.host().ok_or(UrlProblem::Malformed)? {
        url::Host::Domain(name) => Host::Name(canonical(name).ok_or(UrlProblem::Malformed)?),
        url::Host::Ipv4(ip) => judge_literal(policy, ip.into())?,
        url::Host::Ipv6(ip) => judge_literal(policy, ip.into())?,
    };
    let path_and_query = match parsed.query() {
        Some(query) => format!("{}?{query}", parsed.path()),
        None => parsed.path().to_owned(),
    };
    Ok(Target::new(scheme, host, port, path_and_query))
}

/// Refuses what the parser would forgive, and reads the scheme.
fn judge_text(policy: &Policy, url: &str) -> Result<Scheme, UrlProblem> {
    if url.len() > MAX_URL_LENGTH {
        return Err(UrlProblem::TooLong);
    }
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(UrlProblem::Blank);
    }
    let (scheme, rest) = url.split_once("://").ok_or(UrlProblem::Malformed)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" if policy.allows_http() => Scheme::Http,
        _ => return Err(UrlProblem::Scheme),
    };
    // RFC 3986 has no place for a backslash, and parsers disagree where the host ends before one.
    if rest.contains('\\') {
        return Err(UrlProblem::Malformed);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if authority.is_empty() {
        return Err(UrlProblem::Malformed);
    }
    if authority.contains('@') {
        return Err(UrlProblem::UserInfo);
    }
    Ok(scheme)
}

fn judge_literal(policy: &Policy, ip: IpAddr) -> Result<Host, UrlProblem> {
    judge_address(policy, ip).map_err(UrlProblem::Forbidden)?;
    Ok(Host::Address(ip.to_canonical()))
}
