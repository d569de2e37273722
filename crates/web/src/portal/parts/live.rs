//! Parts of a page that change while somebody looks at it.
//!
//! The script asks for the page again and puts the part's new form in the place of the old one;
//! what is the same stays, so that what was opened or selected stays so too. Without script one
//! loads the page again oneself.

use std::time::Duration;

use herald_domain::time::Timestamp;
use maud::{Markup, html};

/// What is due sooner than this may change any moment.
const SOON: Duration = Duration::from_secs(120);

/// How often a part of a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    /// It may change any moment.
    Often,
    /// It will change, and not yet.
    Seldom,
    /// It is as it will be.
    Never,
}

impl Pace {
    /// For what happens at this time, if it is known to happen at all.
    pub(crate) fn until(at: Option<Timestamp>, now: Timestamp) -> Self {
        match at {
            None => Self::Never,
            Some(at) if at < now.after(SOON) => Self::Often,
            Some(_) => Self::Seldom,
        }
    }

    const fn trigger(self) -> Option<&'static str> {
        match self {
            Self::Often => Some("every 2s"),
            Self::Seldom => Some("every 30s"),
            Self::Never => None,
        }
    }
}

/// A part of the page at `address` that is kept up to date for as long as it changes.
pub(crate) fn live(address: &str, pace: Pace, content: &Markup) -> Markup {
    html! {
        div #live {
            @if let Some(trigger) = pace.trigger() {
                // It goes with the part's last form, and the asking ends.
                div hidden hx-get=(address) hx-trigger=(trigger) hx-target="#live"
                    hx-select="#live" hx-swap="outerMorph" {}
                p.done.stale role="status" hidden {
                    "This is no longer kept up to date: your session may have ended. Reload the page."
                }
                noscript { p.hint { "Reload the page to see how it goes on." } }
            }
            (content)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_soon_is_asked_for_often() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        assert_eq!(Pace::until(None, now), Pace::Never);
        assert_eq!(Pace::until(Some(now.before(SOON)), now), Pace::Often);
        assert_eq!(Pace::until(Some(now.after(SOON / 2)), now), Pace::Often);
        assert_eq!(Pace::until(Some(now.after(SOON * 2)), now), Pace::Seldom);
        assert!(Pace::Often < Pace::Seldom && Pace::Seldom < Pace::Never);
    }
}
