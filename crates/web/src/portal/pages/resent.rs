//! What came of resending, told on the page to which it leads.

use std::fmt;

use herald_engine::Resent;
use maud::{Markup, html};

use crate::{input::Query, portal::parts::alert};

/// How many attempts were made on request, and how many of them were acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) sent: usize,
    pub(super) acknowledged: usize,
}

impl Outcome {
    pub(super) fn of(resent: &[Resent]) -> Self {
        let good = resent.iter().filter(|one| one.attempt.attempt.answer.is_success());
        Self { sent: resent.len(), acknowledged: good.count() }
    }

    /// What the address tells.
    pub(super) fn told(query: &mut Query) -> Option<Self> {
        let (sent, acknowledged) = (query.parsed("sent"), query.parsed("acknowledged"));
        Some(Self { sent: sent?, acknowledged: acknowledged? })
    }

    pub(super) fn render(self) -> Markup {
        match self {
            Self { sent: 0, .. } => alert(
                "warn",
                "Nothing was sent",
                &html! {
                    p { "Every webhook that it matched was deleted." }
                },
            ),
            Self { sent: 1, acknowledged: 1 } => html! {
                p.done role="status" { "It was sent again, and acknowledged." }
            },
            Self { sent, acknowledged } if sent == acknowledged => html! {
                p.done role="status" { "It was sent again to " (sent) " webhooks, and acknowledged by all." }
            },
            Self { sent: 1, .. } => html! {
                div role="status" {
                    (alert("warn", "It was sent again, and not acknowledged", &html! {
                        p { "What came back is in the delivery's last attempt. Its schedule is as it was." }
                    }))
                }
            },
            Self { sent, acknowledged } => html! {
                div role="status" {
                    (alert("warn", "It was sent again, and not acknowledged by all", &html! {
                        p { (acknowledged) " of " (sent) " webhooks have acknowledged it." }
                    }))
                }
            },
        }
    }
}

impl fmt::Display for Outcome {
    /// As the address tells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent={}&acknowledged={}", self.sent, self.acknowledged)
    }
}
