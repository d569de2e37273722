//! Questions in the query: which page, and which items.
//!
//! A wrong page is a 400. A wrong filter is a question that nothing answers: 200 and no items.
//! Parameters that a list does not know are ignored, and so are the trailing slashes and
//! spellings of booleans in which the SDKs differ.

use std::{collections::HashSet, convert::Infallible, str::FromStr};

use axum::extract::FromRequestParts;
use herald_domain::{problem::Problem, time::Timestamp};
use herald_store::{Page, PageProblem, TimeRange};
use http::request::Parts;

/// The parameters of a request for a list.
#[derive(Debug, Default)]
pub(crate) struct Query {
    parameters: Vec<(String, String)>,
    unanswerable: bool,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    /// Reads what stands behind the question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let parameters = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { parameters, unanswerable: false }
    }

    /// The same without parameters that have no value, as a browser sends a form's empty fields.
    pub(crate) fn without_empty(mut self) -> Self {
        self.parameters.retain(|(_, value)| !value.is_empty());
        self
    }

    /// The page that is asked for: `page` and `pageSize`.
    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let defaults = Page::default();
        let number = self.whole("page", defaults.number()).ok_or(PageProblem::Number);
        let size = self.whole("pageSize", defaults.size()).ok_or(PageProblem::Size);
        number.and_then(|number| Page::new(number, size?)).map_err(|problem| {
            let param = match problem {
                PageProblem::Number => "page",
                PageProblem::Size => "pageSize",
            };
            Problem::invalid(param, problem.to_string())
        })
    }

    /// A text that items have to have exactly.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        // No item has a U+0000 anywhere, and not every store could be asked for it.
        let usable = |text: &str| !text.contains('\0');
        self.filter(name, |text| (usable(name) && usable(text)).then(|| text.to_owned()))
    }

    /// The names of the parameters, each once, in the order in which they came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        self.parameters.iter().map(|(name, _)| name.as_str()).filter(move |name| seen.insert(*name))
    }

    /// Notes that no item can match what is asked.
    pub(crate) fn nothing_matches(&mut self) {
        self.unanswerable = true;
    }

    /// A word or an id that items have to have.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.filter(name, |text| text.parse().ok())
    }

    /// Yes or no, as JSON, Python and PHP spell them.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.filter(name, |text| match text {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        })
    }

    /// `createdAfter` and `createdBefore`.
    pub(crate) fn created(&mut self) -> TimeRange {
        TimeRange { after: self.time("createdAfter"), before: self.time("createdBefore") }
    }

    /// `updatedAfter` and `updatedBefore`.
    pub(crate) fn updated(&mut self) -> TimeRange {
        TimeRange { after: self.time("updatedAfter"), before: self.time("updatedBefore") }
    }

    /// Whether a filter was malformed, so that no item can match it. To be asked after the
    /// filters were read.
    pub(crate) fn is_unanswerable(&self) -> bool {
        self.unanswerable
    }

    fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.filter(name, |text| text.parse().ok())
    }

    /// Reads a filter. It may be given twice, but nothing is two different things at once.
    fn filter<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut values = self.parameters.iter().filter(|(key, _)| key == name).map(|(_, v)| v);
        let value = values.next()?;
        let read = if values.all(|other| other == value) { read(value) } else { None };
        self.unanswerable |= read.is_none();
        read
    }

    /// A whole number in digits alone.
    fn whole(&self, name: &str, default: u32) -> Option<u32> {
        let Some((_, text)) = self.parameters.iter().find(|(key, _)| key == name) else {
            return Some(default);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse().ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use herald_domain::id::WebhookId;

    use super::*;

    fn page(query: &str) -> Result<(u32, u32), String> {
        let page = Query::parse(query).page().map_err(|problem| problem.param.unwrap())?;
        Ok((page.number(), page.size()))
    }

    #[test]
    fn a_page_is_a_whole_number_and_its_size_at_most_a_thousand() {
        for (query, expected) in [
            ("", Ok((1, 100))),
            ("page=2&pageSize=1000", Ok((2, 1000))),
            ("page=4294967295", Ok((u32::MAX, 100))),
            ("page=0", Err("page")),
            ("page=", Err("page")),
            ("page=-1", Err("page")),
            ("page=%2B1", Err("page")),
            ("page=1.5", Err("page")),
            ("page=4294967296", Err("page")),
            ("page=x", Err("page")),
            ("pageSize=0", Err("pageSize")),
            ("pageSize=1001", Err("pageSize")),
            ("pageSize=1e2", Err("pageSize")),
        ] {
            assert_eq!(page(query), expected.map_err(str::to_owned), "{query:?}");
        }
    }

    #[test]
    fn a_malformed_filter_cannot_be_answered_and_an_unknown_one_is_ignored() {
        for (query, unanswerable) in [
            ("", false),
            ("enabled=True&colour=red", false),
            ("enabled=maybe", true),
            ("webhookId=5eb04fcd0f3e360008035eb2", false),
            ("webhookId=zz", true),
            ("createdAfter=2026-01-31", false),
            ("createdAfter=yesterday", true),
            ("type=a&type=a", false),
            ("type=a&type=b", true),
            ("type=%00", true),
            ("type=%ff", false),
        ] {
            let mut query_read = Query::parse(query);
            query_read.boolean("enabled");
            query_read.parsed::<WebhookId>("webhookId");
            query_read.created();
            query_read.text("type");
            assert_eq!(query_read.is_unanswerable(), unanswerable, "{query:?}");
        }
    }

    #[test]
    fn names_come_once_and_in_order() {
        let query = Query::parse("b.c=1&a=2&b.c=3&&=4&%62.c=5&a");
        assert_eq!(query.names().collect::<Vec<_>>(), ["b.c", "a", ""]);
        assert_eq!(Query::parse("").names().count(), 0);
    }

    #[test]
    fn a_name_with_a_nul_in_it_cannot_be_answered() {
        let mut query = Query::parse("metadata.%00=x");
        assert_eq!(query.text("metadata.\0"), None);
        assert!(query.is_unanswerable());
    }

    #[test]
    fn booleans_are_read_in_the_spelling_of_every_sdk() {
        for (text, expected) in [("true", true), ("True", true), ("1", true), ("0", false)] {
            assert_eq!(Query::parse(&format!("enabled={text}")).boolean("enabled"), Some(expected));
        }
    }
}
