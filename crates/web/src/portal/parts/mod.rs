//! What pages are made of: texts from outside, times, states, tables, empty states.

mod body;
mod chart;
pub(super) mod icon;
mod json;
mod live;
mod pager;
mod show;
mod times;

use axum::response::{Html, IntoResponse, Response};
use maud::Markup;

pub(super) use body::{block, body};
pub(super) use chart::{Performance, Period};
pub(super) use json::{pretty, pretty_if_json};
pub(super) use live::{Pace, live};
pub(super) use pager::Pager;
pub(super) use show::{
    alert, copied, delivery_state, empty, fact, facts, grouped, header, plain, recovery_state,
    table, table_fixed, text, webhook_state,
};
pub(super) use times::{duration, moment, when};

/// A page, as an answer.
#[derive(Debug)]
pub(super) struct Page(pub(super) Markup);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        Html(self.0.into_string()).into_response()
    }
}
