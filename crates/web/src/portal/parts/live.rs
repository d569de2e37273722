//! Parts of a page that change while somebody looks at it.
//!
//! The script asks for the page again and puts the part's new form in the place of the old one;
//! what is the same stays, so that what was opened or selected stays so too. Without script one
//! loads the page again oneself.

use maud::{Markup, html};

/// A part of the page at `address` that is kept up to date for as long as it is expected to
/// change.
pub(crate) fn live(address: &str, changes: bool, content: &Markup) -> Markup {
    html! {
        div #live {
            @if changes {
                // It goes with the part's last form, and the asking ends.
                div hidden hx-get=(address) hx-trigger="every 2s" hx-target="#live"
                    hx-select="#live" hx-swap="outerMorph" {}
            }
            (content)
        }
    }
}
