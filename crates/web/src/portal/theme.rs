//! Light, dark, or whatever the system says; kept in a cookie of its own.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, header};

use super::{cookie, fault::Result, visitor::Own};

/// How the pages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system looks.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme, in the order of the buttons.
    pub(super) const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in the cookie and on the button.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one that this browser has chosen.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self::named(cookie::only(headers, cookie::THEME).unwrap_or_default())
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name).unwrap_or_default()
    }
}

/// Keeps a theme for a year, and goes back to the page.
pub(super) async fn choose(own: Own) -> Result<Response> {
    let theme = Theme::named(own.form.text("theme")).as_str();
    let year = 365 * 24 * 3600;
    let cookie = format!("{}={theme}; Path=/; Max-Age={year}; SameSite=Lax", cookie::THEME);
    let cookie: HeaderValue = cookie.try_into().expect("a theme is a word");
    let back = own_page(own.form.text("back"));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response())
}

/// The page, if it is one of the portal's; so that a form cannot lead anywhere else.
fn own_page(address: &str) -> &str {
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_plain && address.starts_with("/portal/") { address } else { "/portal" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_a_page_of_the_portal_only() {
        for (given, expected) in [
            ("/portal/test/events?page=2", "/portal/test/events?page=2"),
            ("//evil.example", "/portal"),
            ("https://evil.example/portal/", "/portal"),
            ("/portal/\r\nX: y", "/portal"),
            ("/portal\\@evil.example", "/portal"),
            ("", "/portal"),
        ] {
            assert_eq!(own_page(given), expected, "{given:?}");
        }
    }
}
