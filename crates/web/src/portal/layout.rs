//! The frame around every page: who is where, the ways to the others, and the page itself.

use herald_domain::{account::Mode, id::WebhookId, webhook::Webhook};
use maud::{DOCTYPE, Markup, html};

use super::{
    assets,
    form::TOKEN,
    parts::{icon, plain, text},
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

    /// The area that a page's address belongs to.
    pub(super) fn of(address: &str) -> Self {
        let path = address.split('?').next().unwrap_or_default();
        let segment = path.split('/').nth(3).unwrap_or_default();
        let found = Self::ALL.into_iter().find(|(_, _, path, _)| path.trim_matches('/') == segment);
        match (found, segment) {
            (Some((area, ..)), _) => area,
            (None, "recoveries") => Self::Webhooks,
            (None, _) => Self::Overview,
        }
    }

    /// Its name in the navigation.
    pub(super) fn name(self) -> &'static str {
        self.entry().1
    }

    /// Its address within an environment.
    pub(super) fn path(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> (Self, &'static str, &'static str, &'static str) {
        Self::ALL.into_iter().find(|(area, ..)| *area == self).unwrap_or(Self::ALL[0])
    }
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
    /// Whether the page can be shown only this once, so that nothing on it may lead back to it.
    pub(super) is_shown_once: bool,
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
            is_shown_once: false,
        }
    }

    /// The frame of a page that can be shown only this once.
    pub(super) fn once(mut self) -> Self {
        self.is_shown_once = true;
        self
    }

    /// The frame of a page that stands in for an area's.
    pub(super) fn at(mut self, area: Area) -> Self {
        self.address = self.path(area.path());
        self
    }

    /// The address of something of this environment.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/portal/{}{rest}", self.mode)
    }

    /// The address of a webhook's page, or of one below it.
    pub(super) fn webhook(&self, id: WebhookId, below: &str) -> String {
        self.path(&format!("/webhooks/{id}{below}"))
    }

    /// The way to a page below a webhook's.
    pub(super) fn below_webhook(&self, webhook: &Webhook) -> Markup {
        html! {
            a href=(self.path("/webhooks")) { "Webhooks" }
            a href=(self.webhook(webhook.id, "")) { (text(&webhook.url)) }
        }
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
                (head(&format!("{} · {}", plain(title), mode_name(self.mode))))
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
                @for mode in [Mode::Test, Mode::Live] {
                    @let here = mode == self.mode;
                    a href={ "/portal/" (mode) } aria-current=[here.then_some("true")] { (mode_name(mode)) }
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
                @if !self.is_shown_once {
                    div role="group" aria-label="Theme" { (self.form("/portal/theme", "themes", &themes)) }
                }
                div.who {
                    span { "Role: " (self.role) }
                    (self.form("/portal/sign-out", "", &out))
                }
            }
        }
    }
}

const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "Test",
        Mode::Live => "Live",
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
            script src=(assets::script()) defer {}
        }
    }
}
