//! Bodies of requests and responses: a stranger's bytes, shown as text or as base64.

use maud::{Markup, html};

use super::pretty_if_json;

/// A body as it is to be shown; `cut` says which part of it, if it is not the whole.
pub(crate) fn body(content: &str, encoding: &str, cut: Option<&str>) -> Markup {
    if content.is_empty() && cut.is_none() {
        return html! { p.quiet { "It had no body." } };
    }
    let what = html! {
        @if encoding == "utf-8" { "Body" } @else { "Body, which is no text, as base64" }
        @if let Some(part) = cut { ": " (part) }
    };
    block(&what, &pretty_if_json(content))
}

/// Some lines of code, and what they are.
pub(crate) fn block(what: &Markup, content: &Markup) -> Markup {
    html! {
        p.hint { (what) }
        pre.code tabindex="0" { code { (content) } }
    }
}
