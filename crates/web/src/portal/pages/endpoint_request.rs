//! A request that a temporary endpoint keeps, as its page lists it and as its stream tells it.

use herald_domain::{
    doctor::{Diagnosis, Trouble},
    endpoint::KeptRequest,
};
use herald_engine::Examined;
use maud::{Markup, html};
use serde::Deserialize;

use super::delivery::headers;
use crate::{
    portal::{
        layout::Frame,
        parts::{self, fact, facts, moment, text},
    },
    v1::deliveries::attempt::{joined, readable},
};

/// Bytes of a body that are shown: a page has many of them, written by anybody.
const SHOWN: usize = 16 * 1024;

/// Letters of an event type that are shown; every real one is shorter.
const TYPE_SHOWN: usize = 100;

/// The request, in the list.
pub(super) fn item(frame: &Frame, Examined { request, diagnosis }: &Examined) -> Markup {
    let (colour, verdict) = verdict(diagnosis);
    html! {
        li.request {
            div.step {
                span.strong { "#" (request.number) }
                span.mono { (text(&request.method)) }
                @if let Some(event_type) = event_type(request) { span.mono { (text(&event_type)) } }
                span class={ "badge " (colour) } { (verdict) }
                span.quiet { "answered " span.mono { (request.answered) } }
                (moment(request.received_at))
            }
            p.reason {
                (text(&diagnosis.explanation))
                @if let Some(webhook) = diagnosis.verdict().1.webhook {
                    " The secret is that of "
                    a href=(frame.webhook(webhook, "")) { "this webhook" }
                    "."
                }
            }
            details {
                summary { "Headers and body" span.visually-hidden { " of request " (request.number) } }
                @if let Some(query) = &request.query {
                    (facts(&fact("Query", &html! { span.mono { (text(query)) } })))
                }
                (headers("Headers of the request", &joined(&request.headers)))
                (body(request))
            }
        }
    }
}

/// The verdict in two or three words, and their colour.
fn verdict(diagnosis: &Diagnosis) -> (&'static str, &'static str) {
    match diagnosis.verdict().1.trouble {
        None => ("good", "signature verified"),
        Some(Trouble::Missing) => ("calm", "no signature"),
        Some(Trouble::NoWebhook | Trouble::BodyNotKept) => ("warn", "signature not checked"),
        Some(_) => ("bad", "signature wrong"),
    }
}

/// What a body says that it is, if it is a notification's or looks like one.
fn event_type(request: &KeptRequest) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    let Typed { r#type } = serde_json::from_slice(&request.body).ok()?;
    (r#type.len() <= TYPE_SHOWN).then_some(r#type)
}

fn body(request: &KeptRequest) -> Markup {
    let shown = &request.body[..request.body.len().min(SHOWN)];
    let is_cut = request.length > shown.len() as u64;
    let (content, encoding) = readable(shown, is_cut);
    let part = format!("the first {} of its {} bytes", shown.len(), request.length);
    parts::body(&content, encoding, is_cut.then_some(part.as_str()))
}
