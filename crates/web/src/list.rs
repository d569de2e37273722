//! The envelope of every list: `page, pageSize, totalItems, pages, items`, newest first.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use herald_store::{Listed, Page};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::error::{Refusal, Result};

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    /// This page's number, from 1.
    #[schema(example = 1)]
    page: u32,
    /// How many items a page has room for.
    #[schema(example = 100)]
    page_size: u32,
    /// How many items there are on all pages together.
    #[schema(example = 1)]
    total_items: u64,
    /// How many pages there are; 0 if there are no items.
    #[schema(example = 1)]
    pages: u64,
    /// Newest created first.
    items: Vec<T>,
}

impl<T> List<T> {
    /// The page of what was listed.
    pub(crate) fn new(page: Page, listed: Listed<T>) -> Self {
        Self {
            page: page.number(),
            page_size: page.size(),
            total_items: listed.total,
            pages: listed.total.div_ceil(u64::from(page.size())),
            items: listed.items,
        }
    }

    /// The page of something that is short enough to be always read whole.
    pub(crate) fn of_all(page: Page, all: Vec<T>) -> Self {
        let total = all.len() as u64;
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let items = all.into_iter().skip(offset).take(page.size() as usize).collect();
        Self::new(page, Listed { items, total })
    }
}

/// The answer with a page of what is JSON already: each item in the very bytes that are stored.
pub(crate) fn stored(page: Page, listed: &Listed<Bytes>) -> Result<Response> {
    let raw = |item| {
        serde_json::from_slice::<&RawValue>(item)
            .map_err(|error| Refusal::defect(&format!("a stored item of a list: {error}")))
    };
    let items = listed.items.iter().map(|item| raw(item)).collect::<Result<Vec<_>>>()?;
    Ok(Json(List::new(page, Listed { items, total: listed.total })).into_response())
}

/// Which page of a list is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Query::page` reads")]
pub(crate) struct PageParams {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    page: u32,
    /// Items a page.
    #[param(required = false, rename = "pageSize", minimum = 1, maximum = 1000, default = 100)]
    page_size: u32,
}

/// Only what was made within a range of times.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Query::created` reads")]
pub(crate) struct CreatedParams {
    /// Only what was made strictly later: a time, or a date (its midnight, UTC).
    #[param(example = "2026-01-31T09:30:00.000Z")]
    created_after: Option<String>,
    /// Only what was made strictly earlier.
    created_before: Option<String>,
}

/// Only what last changed within a range of times.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Query::updated` reads")]
pub(crate) struct UpdatedParams {
    /// Only what last changed strictly later: a time, or a date (its midnight, UTC).
    updated_after: Option<String>,
    /// Only what last changed strictly earlier.
    updated_before: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_has_no_pages_and_a_begun_page_counts() {
        for (total, size, pages) in [(0, 100, 0), (1, 100, 1), (100, 100, 1), (101, 100, 2)] {
            let listed = Listed { items: Vec::<u8>::new(), total };
            assert_eq!(List::new(Page::new(1, size).unwrap(), listed).pages, pages);
        }
    }

    #[test]
    fn a_page_beyond_the_end_is_empty() {
        let page = |number, size| Page::new(number, size).unwrap();
        assert_eq!(List::of_all(page(2, 2), vec![1, 2, 3]).items, [3]);
        let beyond = List::of_all(page(u32::MAX, 1000), vec![1, 2, 3]);
        assert_eq!((beyond.items.len(), beyond.total_items, beyond.pages), (0, 3, 1));
    }
}
