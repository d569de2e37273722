//! Descriptions as they are written: paragraphs, and `code` between backticks.

use maud::{Markup, html};

/// A text of several paragraphs.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! {
        @for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            p { (inline(paragraph)) }
        }
    }
}

/// A text with `code` in it.
pub(super) fn inline(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_code_are_marked_and_everything_is_escaped() {
        let markup = paragraphs("use `<id>` & go\n\nnext").into_string();
        assert_eq!(markup, "<p>use <code>&lt;id&gt;</code> &amp; go</p><p>next</p>");
    }
}
