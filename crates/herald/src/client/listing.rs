//! Lists: which page, which items, or all of them.

use herald_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    api::{Api, Path, Query},
    failure::Failure,
    moment::Moment,
    output::{self, Column, Table},
};
use crate::terminal::say;

/// Most items that a page can have; what `--all` asks for.
const LARGEST_PAGE: u32 = 1000;

/// Which page.
#[derive(Debug, clap::Args)]
pub(super) struct Pages {
    /// Which page; the newest items are on page 1
    #[arg(long, value_name = "N", conflicts_with = "all")]
    page: Option<u32>,
    /// Items a page, at most 1000 [default: 100]
    #[arg(long, value_name = "N")]
    page_size: Option<u32>,
    /// Every page; with --json one line an item
    #[arg(long)]
    all: bool,
}

impl Pages {
    /// All of them, for lists that are short.
    pub(super) fn every() -> Self {
        Self { page: None, page_size: None, all: true }
    }
}

/// Only what was made, or last changed, within a range of times.
#[derive(Debug, clap::Args)]
pub(super) struct Times {
    /// Only what was created later: a time, a date, or how long ago, such as 2h
    #[arg(long, value_name = "TIME")]
    created_after: Option<Moment>,
    /// Only what was created earlier
    #[arg(long, value_name = "TIME")]
    created_before: Option<Moment>,
    /// Only what last changed later
    #[arg(long, value_name = "TIME")]
    updated_after: Option<Moment>,
    /// Only what last changed earlier
    #[arg(long, value_name = "TIME")]
    updated_before: Option<Moment>,
}

impl Times {
    /// These filters as the API has them.
    pub(super) fn query(&self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let text = |moment: Option<Moment>| moment.map(|moment| moment.0.to_string());
        [
            ("createdAfter", text(self.created_after)),
            (CREATED_BEFORE, text(self.created_before)),
            ("updatedAfter", text(self.updated_after)),
            ("updatedBefore", text(self.updated_before)),
        ]
        .into_iter()
    }
}

const CREATED_BEFORE: &str = "createdBefore";

/// The filters that were given.
pub(super) fn given(
    filters: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> impl Iterator<Item = (&'static str, String)> {
    filters.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

/// The envelope of a page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(rename = "page")]
    number: u64,
    total_items: u64,
    pages: u64,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// Prints what is asked for.
pub(super) async fn show(
    api: &Api,
    path: Path<'_>,
    filters: Query,
    pages: &Pages,
    columns: &'static [Column],
) -> Result<(), Failure> {
    if pages.all {
        all(api, path, filters, pages, columns).await
    } else {
        one(api, path, filters, pages, columns).await
    }
}

async fn one(
    api: &Api,
    path: Path<'_>,
    mut query: Query,
    pages: &Pages,
    columns: &'static [Column],
) -> Result<(), Failure> {
    query.extend(pages.page.map(|page| ("page", page.to_string())));
    query.extend(pages.page_size.map(|size| ("pageSize", size.to_string())));
    let answer = api.get(path, &query).await?;
    let page: Page<'_> = answer.read()?;
    if api.json {
        output::json(&answer.bytes);
        return Ok(());
    }
    let mut lines = Table::new(columns).lines(&values(&page)?);
    lines.extend(foot(&page));
    say(&lines.join("\n"));
    Ok(())
}

fn foot(page: &Page<'_>) -> Option<String> {
    let Page { number, total_items, pages, items } = page;
    match (*total_items, items.len()) {
        (0, _) => Some("nothing is found".into()),
        (total, 0) => {
            Some(format!("page {number} is beyond the end: {pages} pages, {total} items"))
        }
        (total, _) if *pages > 1 => {
            Some(format!("page {number} of {pages}, {total} in all; --page or --all shows more"))
        }
        _ => None,
    }
}

/// Every page. What is made meanwhile would push items to the next page, and so be shown twice;
/// so the end of the list is pinned to what was the newest item at the beginning.
async fn all(
    api: &Api,
    path: Path<'_>,
    mut query: Query,
    pages: &Pages,
    columns: &'static [Column],
) -> Result<(), Failure> {
    query.push(("pageSize", pages.page_size.unwrap_or(LARGEST_PAGE).to_string()));
    let mut table = Table::new(columns);
    for number in 1_u64.. {
        let mut question = query.clone();
        question.push(("page", number.to_string()));
        let answer = api.get(path, &question).await?;
        let page: Page<'_> = answer.read()?;
        if api.json {
            page.items.iter().for_each(|item| output::json(item.get().as_bytes()));
        } else {
            let mut lines = table.lines(&values(&page)?);
            if page.total_items == 0 {
                lines.extend(foot(&page));
            }
            if !lines.is_empty() {
                say(&lines.join("\n"));
            }
        }
        if number == 1 {
            pin(&mut query, page.items.first());
        }
        if number >= page.pages || page.items.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Asks from now on for nothing newer than this item.
fn pin(query: &mut Query, newest: Option<&&RawValue>) {
    let created = newest.and_then(|item| serde_json::from_str::<Value>(item.get()).ok());
    let created = created.as_ref().and_then(|item| item["createdAt"].as_str());
    let Some(created) = created.and_then(|text| text.parse::<Timestamp>().ok()) else { return };
    let end = created.after(std::time::Duration::from_millis(1));
    query.retain(|(name, _)| *name != CREATED_BEFORE);
    query.push((CREATED_BEFORE, end.to_string()));
}

fn values(page: &Page<'_>) -> Result<Vec<Value>, Failure> {
    let read = |item: &&RawValue| serde_json::from_str(item.get());
    let values: Result<_, _> = page.items.iter().map(read).collect();
    values.map_err(|error| Failure::Failed(format!("an item of the answer is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_after_the_first_end_where_the_first_began() {
        let item = RawValue::from_string(r#"{"createdAt":"2026-01-31T09:30:00.000Z"}"#.into());
        let mut query = vec![("state", "held".into()), (CREATED_BEFORE, "2030-01-01".into())];
        pin(&mut query, Some(&&*item.unwrap()));
        let pinned = (CREATED_BEFORE, "2026-01-31T09:30:00.001Z".to_owned());
        assert_eq!(query, [("state", "held".to_owned()), pinned]);
    }
}
