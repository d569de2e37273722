//! The form of a webhook, for a new one and for one that is there.

use herald_domain::{
    catalogue::{Catalogue, EventType},
    webhook::ALL_EVENTS,
};
use maud::{Markup, html};

use crate::portal::{
    form::Form,
    layout::Frame,
    parts::{alert, text},
};

/// What stands in the form.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    pub(super) url: String,
    pub(super) description: String,
    pub(super) enabled: bool,
    pub(super) events: Vec<String>,
}

impl Entries {
    /// What somebody has entered.
    pub(super) fn of(form: &Form) -> Self {
        Self {
            url: form.text("url").to_owned(),
            description: form.text("description").to_owned(),
            enabled: form.is_ticked("enabled"),
            events: form.all("event"),
        }
    }
}

/// Why what was entered cannot be.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    /// The field to blame, as the API names it.
    pub(super) field: Option<String>,
    pub(super) message: String,
}

impl Wrong {
    /// The message with the names that the fields have on the page.
    fn told(&self) -> String {
        let names = [
            ("'url'", "The URL"),
            ("'description'", "The description"),
            ("'events'", "The events"),
        ];
        names.iter().fold(self.message.clone(), |text, (theirs, ours)| text.replace(theirs, ours))
    }
}

/// Event types that belong together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The kind of resource that they are about.
    pub(super) resource: String,
    /// Names and descriptions.
    pub(super) types: Vec<(String, String)>,
}

/// The catalogue by resource, in its order.
pub(super) fn groups(catalogue: &Catalogue) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for EventType { name, resource, description, .. } in catalogue.iter() {
        let entry = (name.clone(), description.clone());
        match groups.iter_mut().find(|group| group.resource == *resource) {
            Some(group) => group.types.push(entry),
            None => groups.push(Group { resource: resource.clone(), types: vec![entry] }),
        }
    }
    groups
}

/// The form, and what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct WebhookForm {
    pub(super) entries: Entries,
    pub(super) wrong: Option<Wrong>,
    pub(super) groups: Vec<Group>,
    /// Where it is sent.
    pub(super) action: String,
    /// What its button says.
    pub(super) button: &'static str,
    /// Where giving up leads.
    pub(super) back: String,
}

impl WebhookForm {
    /// The form.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        let fields = html! {
            (self.complaint())
            (self.url())
            (self.description())
            (self.events())
            div.field {
                label.tick {
                    input type="checkbox" name="enabled" value="on" checked[self.entries.enabled];
                    span {
                        span.strong { "Enabled" }
                        span.hint {
                            "While it is disabled, matching events are held: kept, and sent only on request."
                        }
                    }
                }
            }
            div.buttons {
                button.button.primary type="submit" { (self.button) }
                a.button href=(self.back) { "Cancel" }
            }
        };
        frame.form(&self.action, "stack", &fields)
    }

    /// What was asked for and has left the catalogue. It is not dropped in silence.
    fn gone(&self) -> Vec<&String> {
        let known = |name: &String| {
            name == ALL_EVENTS
                || self
                    .groups
                    .iter()
                    .any(|group| group.types.iter().any(|(other, _)| other == name))
        };
        self.entries.events.iter().filter(|name| !known(name)).collect()
    }

    fn complaint(&self) -> Markup {
        html! {
            @if let Some(wrong) = &self.wrong {
                div role="alert" {
                    (alert("bad", "Not saved", &html! { p { (text(&wrong.told())) } }))
                }
            }
        }
    }

    fn blames(&self, field: &str) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.field.as_deref() == Some(field))
    }

    fn url(&self) -> Markup {
        html! {
            div.field {
                label for="url" { "URL" }
                input.mono #url type="url" name="url" value=(self.entries.url) required
                    placeholder="https://example.com/hooks" autocomplete="off" spellcheck="false"
                    aria-describedby="url-hint" aria-invalid=[self.blames("url").then_some("true")];
                p.hint #url-hint { "Where notifications are POSTed. HTTPS, and reachable from the internet; or the URL of a temporary endpoint." }
            }
        }
    }

    fn description(&self) -> Markup {
        html! {
            div.field {
                label for="description" { "Description " span.optional { "optional" } }
                input #description type="text" name="description" maxlength="1000"
                    value=(self.entries.description) autocomplete="off"
                    aria-describedby="description-hint"
                    aria-invalid=[self.blames("description").then_some("true")];
                p.hint #description-hint { "For you and your colleagues: what receives it, who looks after it." }
            }
        }
    }

    fn events(&self) -> Markup {
        let ticked = |name: &str| self.entries.events.iter().any(|event| event == name);
        html! {
            fieldset.events aria-describedby="events-hint" data-wrong=[self.blames("events").then_some("yes")] {
                legend { "Events" }
                p.hint #events-hint { "Choose everything, or the types that this receiver handles." }
                label.tick.every {
                    input type="checkbox" name="event" value="*" checked[ticked("*")];
                    span {
                        span.strong { "All events " code { "*" } }
                        span.hint { "Types that are added later are included." }
                    }
                }
                @for group in &self.groups {
                    fieldset.group {
                        legend { (text(&group.resource)) }
                        @for (name, description) in &group.types {
                            (choice(name, description, ticked(name)))
                        }
                    }
                }
                @let gone = self.gone();
                @if !gone.is_empty() {
                    fieldset.group {
                        legend { "No longer in the catalogue" }
                        @for name in gone { (choice(name, "Untick it to save", true)) }
                    }
                }
            }
        }
    }
}

fn choice(name: &str, description: &str, ticked: bool) -> Markup {
    html! {
        label.tick {
            input type="checkbox" name="event" value=(name) checked[ticked];
            span {
                span.mono { (text(name)) }
                span.hint { (text(description)) }
            }
        }
    }
}
