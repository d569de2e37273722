//! What a form carries, and whether it was sent from a page of ours.

use herald_domain::problem::Problem;
use http::{HeaderMap, header};

use super::Portal;

/// Most bytes of a form.
pub(super) const SIZE: usize = 64 * 1024;

/// The field that carries the session's token.
pub(super) const TOKEN: &str = "form";

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads what a browser sends.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let fields: Vec<(String, String)> =
            url::form_urlencoded::parse(body).into_owned().collect();
        // Not every store can keep it, and no browser's field can have it typed in.
        if fields.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(Problem::malformed("a field of the form has a NUL character in it"));
        }
        Ok(Self(fields))
    }

    /// A field without what stands around it; empty if it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// Every value of a field, as boxes that are ticked.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    /// Whether a box is ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

/// Whether what the browser says of where a request comes from, if it says so, is this host, or the
/// configured origin (a proxy may have another name for this host than browsers have). Our
/// policy keeps the referrer to ourselves, for which browsers say `Origin: null` even from our own
/// pages; a foreign page that makes them say so too is betrayed by `Sec-Fetch-Site`.
pub(super) fn is_from_here(portal: &Portal, headers: &HeaderMap) -> bool {
    comes_from(portal.origin.as_deref(), headers)
}

fn comes_from(configured: Option<&str>, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let fetched_here = match text("sec-fetch-site") {
        None => true,
        Some(site) => site == "same-origin" || site == "none",
    };
    let origin_here = match text(header::ORIGIN.as_str()) {
        None | Some("null") => true,
        given if given == configured => true,
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            let host = text(header::HOST.as_str());
            authority.is_some_and(|a| host.is_some_and(|host| a.eq_ignore_ascii_case(host)))
        }
    };
    fetched_here && origin_here
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_of_another_site_is_not_from_here() {
        for (origin, site, expected) in [
            (None, None, true),
            (Some("https://hooks.example"), Some("same-origin"), true),
            (Some("null"), Some("same-origin"), true),
            (Some("null"), Some("cross-site"), false),
            (Some("https://evil.example"), None, false),
            (Some("https://hooks.example.evil.example"), None, false),
            (Some("https://hooks.example"), Some("same-site"), false),
            (Some("hooks.example"), None, false),
            (None, Some("cross-site"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("hooks.example"));
            for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(comes_from(None, &headers), expected, "{origin:?} {site:?}");
            let elsewhere = Some("https://public.example");
            assert_eq!(comes_from(elsewhere, &headers), expected, "{origin:?} {site:?}");
        }
    }

    #[test]
    fn a_proxy_may_have_another_name_for_this_host() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8400"));
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://hooks.example"));
        assert!(comes_from(Some("https://hooks.example"), &headers));
        assert!(!comes_from(Some("https://hooks.example:8443"), &headers));
        assert!(!comes_from(None, &headers));
    }

    #[test]
    fn a_form_has_its_fields_trimmed_and_no_nul() {
        let form = Form::parse(b"url=+https%3A%2F%2Fa+&event=a&event=b&on=").unwrap();
        assert_eq!((form.text("url"), form.text("none")), ("https://a", ""));
        assert_eq!(form.all("event"), ["a", "b"]);
        assert!(form.is_ticked("on") && !form.is_ticked("off"));
        assert!(Form::parse(b"a=%00").is_err());
    }
}
