//! A test event: a sample of a type, looked at and sent to one webhook.

use axum::{extract::State, response::Redirect};
use herald_domain::{id::WebhookId, webhook::Webhook};
use maud::{Markup, html};

use super::webhook_form::{Group, groups};
use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::Result,
        layout::{Area, Frame},
        parts::{Page, alert, header, plain, pretty},
    },
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) webhook: Webhook,
    pub(super) groups: Vec<Group>,
    /// The type that is chosen.
    pub(super) chosen: String,
    /// Its sample.
    pub(super) sample: String,
}

/// The sample of the type that the address names, or else of one that the webhook asked for.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    here.to_change()?;
    let engine = &portal.engine;
    let webhook = engine.webhook(here.environment(), here.id()?).await?;
    let catalogue = engine.catalogue();
    let named = query.text("type").and_then(|name| catalogue.get(&name));
    let asked = || webhook.events.names().iter().find_map(|name| catalogue.get(name));
    let chosen = named.or_else(asked).or_else(|| catalogue.iter().next());
    let sample = chosen.map(|event_type| engine.sample(event_type).body).unwrap_or_default();
    let view = View {
        groups: groups(catalogue),
        chosen: chosen.map(|event_type| event_type.name.clone()).unwrap_or_default(),
        sample: String::from_utf8_lossy(&sample).into_owned(),
        webhook,
    };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Sends it, and goes to its delivery.
pub(crate) async fn send(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, form } = change;
    let id: WebhookId = here.id()?;
    let sent = portal.engine.send_test_event(here.environment(), id, form.text("type")).await?;
    Ok(Redirect::to(&here.path(&format!("/deliveries/{}", sent.delivery))))
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let path = frame.webhook(self.webhook.id, "");
        let above = frame.below_webhook(&self.webhook);
        let send = html! {
            input type="hidden" name="type" value=(self.chosen);
            button.button.primary type="submit" { "Send this event" }
        };
        frame.page(
            Area::Webhooks,
            "Send a test event",
            &html! {
                (header(&above, &html! { "Send a test event" }, &html! {}))
                p.lead { "It is signed, retried and shown like any other event, and goes to this webhook only." }
                @if !self.webhook.enabled {
                    (alert("warn", "This webhook is disabled", &html! {
                        p { "Nothing is sent to it until " a href=(path) { "it is enabled" } "." }
                    }))
                }
                (self.choice(&format!("{path}/test-event")))
                div #sample {
                    pre.code tabindex="0" { code { (pretty(&self.sample)) } }
                    p.hint { "Laid out for reading. Its id and times will be new." }
                    @if self.webhook.enabled { (frame.form(&format!("{path}/test-event"), "", &send)) }
                }
            },
        )
    }

    /// The types; the script shows another sample as soon as another one is chosen.
    fn choice(&self, path: &str) -> Markup {
        html! {
            form.filters method="get" action=(path) hx-get=(path) hx-trigger="change"
                hx-select="#sample" hx-target="#sample" hx-swap="outerHTML"
            {
                div.wide {
                    label for="type" { "Event type" }
                    select #type name="type" {
                        @for group in &self.groups {
                            optgroup label=(plain(&group.resource)) {
                                @for (name, _) in &group.types {
                                    option value=(name) selected[*name == self.chosen] { (plain(name)) }
                                }
                            }
                        }
                    }
                }
                div.filter-buttons { button.button type="submit" { "Show its sample" } }
            }
        }
    }
}
