//! The few pictures, drawn in the text's own colour. They say nothing that a word beside them does
//! not say.

use maud::{Markup, html};

pub(crate) const OVERVIEW: &str = "M3 3h6v8H3zM13 3h4v4h-4zM13 11h4v6h-4zM3 15h6v2H3z";
pub(crate) const WEBHOOKS: &str = "M10 3a3.5 3.5 0 0 1 1.8 6.5l2.7 4.5M10 6.5 7 12M5.5 10.5a3.5 3.5 0 1 0 3.3 4.5H14M14.5 11.5a3 3 0 1 1-1.7 5.5";
pub(crate) const EVENTS: &str = "M11 2 4 11h5l-1 7 8-10h-6z";
pub(crate) const DELIVERIES: &str = "M17.5 2.5 2.5 8l6 3.5 3 6zM17.5 2.5l-9 9";
pub(crate) const ENDPOINTS: &str = "M3 11.5 5.5 4h9l2.5 7.5V16H3zM3 11.5h4l1 2h4l1-2h4";
pub(crate) const TYPES: &str = "M3 5h2M8 5h9M3 10h2M8 10h9M3 15h2M8 15h9";
pub(crate) const KEYS: &str = "M13.5 6.5h.01M9 11 3 17h3v-2h2v-2l1-2M9 11a5 5 0 1 1 2.5 1.5L9 13";

/// An icon of these lines.
pub(crate) fn of(lines: &str) -> Markup {
    html! {
        svg.icon viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor"
            stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
        { path d=(lines); }
    }
}

/// Herald's mark.
pub(crate) fn brand() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" {
            rect width="32" height="32" rx="8" {}
            path d="M9 8v16M9 16h8M17 9.5a9.2 9.2 0 0 1 0 13M21.5 7a14 14 0 0 1 0 18" {}
        }
    }
}
