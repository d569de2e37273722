//! The portal's cookies: which session, and which theme.
//!
//! The session's is `__Host-herald`: only over HTTPS, only for this very host, out of the reach of
//! scripts, and not sent along with requests that another site makes, except when somebody follows
//! a link. A browser keeps no such cookie over plain HTTP; only a Herald that is tried out on
//! loopback uses one of another name without all of that.

use http::{HeaderMap, HeaderValue, header};

use super::Portal;
use herald_engine::Token;

/// The session's cookie.
const HOST: &str = "__Host-herald";

/// The session's cookie on loopback without TLS.
const PLAIN: &str = "herald";

/// The theme's cookie.
pub(super) const THEME: &str = "herald-theme";

impl Portal {
    /// The session that the browser says it has.
    pub(super) fn session_token(&self, headers: &HeaderMap) -> Option<Token> {
        only(headers, self.name(headers)).map(Token::presented)
    }

    /// Makes the browser keep a session until it is closed.
    pub(super) fn keep_session(&self, headers: &HeaderMap, token: &Token) -> HeaderValue {
        self.set(headers, token.reveal(), "")
    }

    /// Makes the browser forget its session.
    pub(super) fn forget_session(&self, headers: &HeaderMap) -> HeaderValue {
        self.set(headers, "", "; Max-Age=0")
    }

    fn set(&self, headers: &HeaderMap, value: &str, more: &str) -> HeaderValue {
        let name = self.name(headers);
        let secure = if name == HOST { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
        cookie.try_into().expect("a token is letters and digits")
    }

    fn name(&self, headers: &HeaderMap) -> &'static str {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_plain = !self.is_over_https() && host.is_some_and(is_loopback);
        if is_plain { PLAIN } else { HOST }
    }
}

/// The value of a cookie; none if there are several of its name, since they may come from two
/// places of which one is not ours.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE);
    let pairs = all.iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
    let mut values = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(key, value)| (key == name).then_some(value));
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Whether a `Host` is this very machine, as its browser spells it.
fn is_loopback(host: &str) -> bool {
    let url = url::Url::parse(&format!("http://{host}/")).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_loopback() {
        for (host, expected) in [
            ("127.0.0.1:8400", true),
            ("localhost:8400", true),
            ("[::1]:8400", true),
            ("localhost.example.com", false),
            ("hooks.example.com", false),
            ("10.0.0.1", false),
            ("127.0.0.1@evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host:?}");
        }
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; b=2; ab=3"));
        assert_eq!(only(&headers, "a"), Some("1"));
        assert_eq!(only(&headers, "b"), Some("2"));
        assert_eq!(only(&headers, "c"), None);
        headers.append(header::COOKIE, HeaderValue::from_static("a=4"));
        assert_eq!((only(&headers, "a"), only(&headers, "b")), (None, Some("2")));
    }
}
