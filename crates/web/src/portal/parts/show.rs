//! Texts from outside, states, and the small blocks that pages share.

use herald_domain::{delivery::DeliveryState, hidden::is_hidden, webhook::Webhook};
use herald_store::RecoveryStatus;
use maud::{Markup, html};

/// A text from outside: never markup, and nothing in it hides or turns around what stands beside
/// it. Characters that would are shown by their names.
pub(crate) fn text(text: &str) -> Markup {
    html! {
        bdi {
            @for part in parts(text) {
                @match part {
                    Ok(plain) => (plain),
                    Err(control) => {
                        span.control title="control character" {
                            "U+" (format!("{:04X}", u32::from(control)))
                        }
                    },
                }
            }
        }
    }
}

/// The same for places that take no markup, such as the options of a list.
pub(crate) fn plain(text: &str) -> String {
    let name = |part| match part {
        Ok(plain) => std::borrow::Cow::Borrowed(plain),
        Err(control) => format!("[U+{:04X}]", u32::from(control)).into(),
    };
    parts(text).into_iter().map(name).collect()
}

/// Runs of ordinary characters, and single ones that cannot be shown as they are.
fn parts(text: &str) -> Vec<Result<&str, char>> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for (at, character) in text.char_indices().filter(|(_, c)| is_named(*c)) {
        if begin < at {
            parts.push(Ok(&text[begin..at]));
        }
        parts.push(Err(character));
        begin = at + character.len_utf8();
    }
    if begin < text.len() {
        parts.push(Ok(&text[begin..]));
    }
    parts
}

/// What is not shown as it is. Lines and tabs are.
fn is_named(character: char) -> bool {
    is_hidden(character) && !matches!(character, '\n' | '\t')
}

/// The head of a page: where it belongs, what it is, what can be done.
pub(crate) fn header(above: &Markup, title: &Markup, actions: &Markup) -> Markup {
    html! {
        header.page {
            div {
                @if !above.0.is_empty() { nav.crumbs aria-label="Breadcrumb" { (above) } }
                h1 { (title) }
            }
            @if !actions.0.is_empty() { div.actions { (actions) } }
        }
    }
}

/// Where a delivery stands.
pub(crate) fn delivery_state(state: DeliveryState) -> Markup {
    let colour = match state {
        DeliveryState::Delivered => "good",
        DeliveryState::Pending => "busy",
        DeliveryState::Exhausted => "bad",
        DeliveryState::Held => "warn",
        DeliveryState::Cancelled => "calm",
    };
    badge(colour, state.as_str())
}

/// Whether notifications flow, and if not, who stopped them.
pub(crate) fn webhook_state(webhook: &Webhook) -> Markup {
    match (&webhook.disabled, webhook.enabled) {
        (Some(_), _) => badge("bad", "disabled by Herald"),
        (None, true) if webhook.failing.is_some() => badge("bad", "failing"),
        (None, true) => badge("good", "enabled"),
        (None, false) => badge("calm", "disabled"),
    }
}

/// How far a recovery has come.
pub(crate) fn recovery_state(status: RecoveryStatus) -> Markup {
    let colour = match status {
        RecoveryStatus::Running => "busy",
        RecoveryStatus::Done => "good",
        RecoveryStatus::Cancelled => "calm",
    };
    badge(colour, status.as_str())
}

/// A word with a dot of its colour.
fn badge(colour: &str, word: &str) -> Markup {
    html! { span class={ "badge " (colour) } { (word) } }
}

/// What there is to do where there is nothing to see.
pub(crate) fn empty(title: &str, hint: &str, action: &Markup) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title) }
            p { (hint) }
            (action)
        }
    }
}

/// Something that should be read before the rest.
pub(crate) fn alert(colour: &str, title: &str, content: &Markup) -> Markup {
    html! {
        div class={ "alert " (colour) } role="note" {
            p.alert-title { (title) }
            (content)
        }
    }
}

/// Facts about one thing.
pub(crate) fn facts(content: &Markup) -> Markup {
    html! { dl.facts { (content) } }
}

/// One fact.
pub(crate) fn fact(name: &str, value: &Markup) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (value) }
        }
    }
}

/// A table: its head's cells, and its rows. It can be scrolled with the keyboard if it is wider
/// than the page.
pub(crate) fn table(caption: &str, head: &Markup, rows: &Markup) -> Markup {
    table_like(None, caption, head, rows)
}

/// One whose columns are as wide in every table of its kind.
pub(crate) fn table_fixed(caption: &str, head: &Markup, rows: &Markup) -> Markup {
    table_like(Some("fixed"), caption, head, rows)
}

fn table_like(class: Option<&str>, caption: &str, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.table tabindex="0" role="region" aria-label=(caption) {
            table class=[class] {
                caption.visually-hidden { (caption) }
                thead { tr { (head) } }
                tbody { (rows) }
            }
        }
    }
}

/// A number with thin spaces between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

/// A value to be taken along: a field from which it can be selected, to which the script adds a
/// button.
pub(crate) fn copied(label: &str, id: &str, value: &str) -> Markup {
    html! {
        div.copied {
            label for=(id) { (label) }
            div.copied-row {
                input.mono id=(id) type="text" value=(value) readonly data-copy=(label)
                    autocomplete="off" spellcheck="false";
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_what_turns_a_text_around_is_named() {
        let shown = text("<b>\"a\u{202e}b\r\n&").into_string();
        assert!(shown.contains("&lt;b&gt;&quot;a<span"), "{shown}");
        assert!(shown.contains("U+202E</span>b<span") && shown.contains("U+000D"), "{shown}");
        assert!(shown.ends_with("\n&amp;</bdi>"), "{shown}");
        assert!(!shown.contains(['\u{202e}', '\r']));
    }
}
