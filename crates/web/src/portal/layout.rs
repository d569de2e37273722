//! The frame around every page: who is where, the ways to the others, and the page itself.

use herald_domain::account::Mode;
use maud::{DOCTYPE, Markup, html};

use super::{
    assets,
    form::TOKEN,
    parts::{icon, text},
    theme::Theme,
    visitor::Here,
};

/// How htmx behaves: what is not a page is not shown in its place (a session may have ended),
/// what somebody has opened stays open, no page is kept in the browser, and no style is added.
const HTMX: &str = r#"{"noSwap":[204,304,"4xx","5xx"],"morphIgnore":["data-htmx-powered","open"],
"history":false,"includeIndicatorCSS":false}"#;

/// The areas of the portal, as the navigation shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Overview,
    Webhooks,
    Events,
    Deliveries,
    Endpoints,
    EventTypes,
    Keys,
}

impl Area {
    const ALL: [(Self, &'static str, &'static str, &'static str); 7] = [
        (Self::Overview, "Overview", "", icon::OVERVIEW),
        (Self::Webhooks, "Webhooks", "/webhooks", icon::WEBHOOKS),
        (Self::Events, "Events", "/events", icon::EVENTS),
        (Self::Deliveries, "Deliveries", "/deliveries", icon::DELIVERIES),
        (Self::Endpoints, "Temporary endpoints", "/endpoints", icon::ENDPOINTS),
        (Self::EventTypes, "Event types", "/event-types", icon::TYPES),
        (Self::Keys, "API keys", "/keys", icon::KEYS),
    ];
}

/// What the frame shows of whoever looks at the page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) account: String,
    pub(super) mode: Mode,
    pub(super) role: &'static str,
    pub(super) may_change: bool,
    pub(super) theme: Theme,
    /// What the page's forms carry.
    pub(super) form_token: String,
    /// The page's own address.
    pub(super) address: String,
}

impl Frame {
    /// The frame of this visitor's page.
    pub(super) fn of(here: &Here) -> Self {
        let signed_in = &here.visitor.signed_in;
        Self {
            account: here.account.name.clone(),
            mode: here.mode,
            role: signed_in.session.role.as_str(),
            may_change: here.visitor.may_change(),
            theme: here.visitor.theme,
            form_token: signed_in.form_token.clone(),
            address: here.address.clone(),
        }
    }

    /// The address of something of this environment.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/portal/{}{rest}", self.mode)
    }

    /// A form that is sent to `action`, with the token in it.
    pub(super) fn form(&self, action: &str, class: &str, fields: &Markup) -> Markup {
        html! {
            form class=(class) method="post" action=(action) {
                input type="hidden" name=(TOKEN) value=(self.form_token);
                (fields)
            }
        }
    }

    /// A page of an area.
    pub(super) fn page(&self, area: Area, title: &str, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" data-theme=(self.theme.as_str()) {
                (head(title))
                body.app {
                    a.skip href="#content" { "Skip to content" }
                    header.side {
                        (self.identity())
                        (self.modes())
                        (self.navigation(area))
                        (self.footer())
                    }
                    main #content tabindex="-1" { (content) }
                }
            }
        }
    }

    fn identity(&self) -> Markup {
        html! {
            a.brand href=(self.path("")) {
                (icon::brand())
                span.brand-name {
                    span { "Herald" }
                    span.account { (text(&self.account)) }
                }
            }
        }
    }

    fn modes(&self) -> Markup {
        html! {
            nav.modes aria-label="Environment" {
                @for (mode, name) in [(Mode::Test, "Test"), (Mode::Live, "Live")] {
                    @let here = mode == self.mode;
                    a href={ "/portal/" (mode) } aria-current=[here.then_some("true")] { (name) }
                }
            }
        }
    }

    fn navigation(&self, area: Area) -> Markup {
        html! {
            nav.areas aria-label="Main" {
                ul {
                    @for (each, name, path, glyph) in Area::ALL {
                        @let here = (each == area).then_some("page");
                        li {
                            a href=(self.path(path)) aria-current=[here] { (icon::of(glyph)) (name) }
                        }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        let themes = html! {
            input type="hidden" name="back" value=(self.address);
            @for theme in Theme::ALL {
                button type="submit" name="theme" value=(theme.as_str())
                    aria-pressed=(if theme == self.theme { "true" } else { "false" })
                { (theme.as_str()) }
            }
        };
        let out = html! { button.link type="submit" { "Sign out" } };
        html! {
            div.foot {
                div role="group" aria-label="Theme" { (self.form("/portal/theme", "themes", &themes)) }
                div.who {
                    span { "Role: " (self.role) }
                    (self.form("/portal/sign-out", "", &out))
                }
            }
        }
    }
}

/// A page for somebody who is not signed in: nothing but its content.
pub(super) fn alone(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.alone {
                main #content {
                    div.brand { (icon::brand()) span { "Herald" } }
                    div.panel { (content) }
                }
            }
        }
    }
}

/// A title and what there is to say.
pub(super) fn notice(title: &str, message: &str) -> Markup {
    html! {
        h1 { (text(title)) }
        p.lead { (text(message)) }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex";
            title { (title) " · Herald" }
            link rel="icon" href=(assets::icon()) type="image/svg+xml";
            link rel="stylesheet" href=(assets::style());
            meta name="htmx-config" content=(HTMX);
            @for script in assets::scripts() { script src=(script) defer {} }
        }
    }
}
