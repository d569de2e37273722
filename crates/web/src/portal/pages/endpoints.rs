//! The temporary endpoints of an environment, and the form that makes one.

use axum::{extract::State, response::Redirect};
use herald_domain::{problem::Problem, time::Timestamp};
use herald_engine::{NewEndpoint, OpenEndpoint};
use maud::{Markup, html};

use crate::{
    input::Query,
    portal::{
        Change, Here, Portal,
        fault::Result,
        form::Form,
        layout::{Area, Frame},
        parts::{Page, Pager, empty, header, table, text, when},
    },
};

/// What the page shows.
#[derive(Debug)]
pub(super) struct View {
    pub(super) endpoints: Vec<OpenEndpoint>,
    pub(super) pager: Pager,
    pub(super) was_deleted: bool,
    pub(super) now: Timestamp,
}

/// The page.
pub(crate) async fn show(
    State(portal): State<Portal>,
    here: Here,
    mut query: Query,
) -> Result<Page> {
    let page = Pager::asked(&query)?;
    let listed = portal.engine.list_endpoints(here.environment(), page).await?;
    let pager = Pager {
        path: here.path("/endpoints"),
        filters: Vec::new(),
        number: page.number(),
        total: listed.total,
    };
    let was_deleted = query.text("done").is_some_and(|done| done == "deleted");
    let view = View { endpoints: listed.items, pager, was_deleted, now: portal.engine.now() };
    Ok(Page(view.render(&Frame::of(&here))))
}

/// Makes one, and goes to it.
pub(crate) async fn create(State(portal): State<Portal>, change: Change) -> Result<Redirect> {
    let Change { here, form } = change;
    let made = portal.engine.create_endpoint(here.environment(), read(&form)?).await?;
    Ok(Redirect::to(&here.path(&format!("/endpoints/{}", made.endpoint.id))))
}

fn read(form: &Form) -> Result<NewEndpoint, Problem> {
    let (description, hours) = (form.text("description"), form.text("hours"));
    let wrong = |_| Problem::invalid("hours", "'hours' should be a whole number");
    Ok(NewEndpoint {
        description: (!description.is_empty()).then(|| description.to_owned()),
        hours: Some(hours.parse().map_err(wrong)?),
    })
}

impl View {
    /// The page.
    pub(super) fn render(&self, frame: &Frame) -> Markup {
        frame.page(
            Area::Endpoints,
            "Temporary endpoints",
            &html! {
                (header(&html! {}, &html! { "Temporary endpoints" }, &html! {}))
                @if self.was_deleted { p.done role="status" { "The endpoint was deleted, with all that it kept." } }
                p.lead {
                    "A URL of Herald's own that keeps what is sent to it for some hours. See there what \
                     a notification looks like, whether its signatures are right, and what a failure \
                     leads to, before there is a receiver of yours."
                }
                @if frame.may_change { (form(frame)) }
                @if self.pager.total == 0 {
                    (empty(
                        "No temporary endpoints",
                        "Create one, use its URL as a webhook's, and watch notifications come in.",
                        &html! {},
                    ))
                } @else {
                    (self.table(frame))
                    (self.pager.render())
                }
            },
        )
    }

    fn table(&self, frame: &Frame) -> Markup {
        let head = html! {
            th scope="col" { "Endpoint" }
            th.number scope="col" { "Requests" }
            th.number scope="col" { "Answers with" }
            th scope="col" { "Expires" }
        };
        let rows = html! { @for open in &self.endpoints { (self.row(frame, open)) } };
        table("Temporary endpoints", &head, &rows)
    }

    fn row(&self, frame: &Frame, OpenEndpoint { endpoint, url }: &OpenEndpoint) -> Markup {
        html! {
            tr {
                td {
                    a.strong href=(frame.path(&format!("/endpoints/{}", endpoint.id))) {
                        (name(endpoint.description.as_deref()))
                    }
                    span.whole.mono { (text(url)) }
                }
                td.number { (endpoint.requests) }
                td.number.mono { (endpoint.respond_with) }
                td { (when(endpoint.expires_at, self.now)) }
            }
        }
    }
}

/// What an endpoint is called.
pub(super) fn name(description: Option<&str>) -> Markup {
    html! {
        @match description {
            Some(description) => (text(description)),
            None => "Temporary endpoint",
        }
    }
}

fn form(frame: &Frame) -> Markup {
    let fields = html! {
        div.wide {
            label for="description" { "Description " span.optional { "optional" } }
            input #description type="text" name="description" maxlength="1000" autocomplete="off"
                placeholder="What you try out with it";
        }
        div {
            label for="hours" { "Lives for" }
            select #hours name="hours" {
                @for (hours, name) in [("1", "1 hour"), ("24", "1 day"), ("168", "1 week")] {
                    option value=(hours) selected[hours == "24"] { (name) }
                }
            }
        }
        button.button.primary type="submit" { "Create endpoint" }
    };
    frame.form(&frame.path("/endpoints"), "filters", &fields)
}
