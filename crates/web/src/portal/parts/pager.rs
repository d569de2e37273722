//! Pages of a list: where one is, and the ways to the neighbours. Everything is in the address, so
//! that a view can be shared.

use herald_store::Page;
use maud::{Markup, html};
use url::form_urlencoded::Serializer;

use crate::input::Query;
use crate::portal::{fault::Result, parts::text};

/// Rows of a page.
const ROWS: u32 = 25;

/// Where in a list one is.
#[derive(Clone, Debug)]
pub(crate) struct Pager {
    /// The list's address without its query.
    pub(crate) path: String,
    /// The list's filters, by name; the empty ones are no filters.
    pub(crate) filters: Vec<(&'static str, String)>,
    /// From 1.
    pub(crate) number: u32,
    /// Items on all pages together.
    pub(crate) total: u64,
}

impl Pager {
    /// The page that the query asks for.
    pub(crate) fn asked(query: &Query) -> Result<Page> {
        let number = query.page()?.number();
        Ok(Page::new(number, ROWS).unwrap_or_default())
    }

    /// The value of a filter, as it was asked for.
    pub(crate) fn filter(&self, name: &str) -> &str {
        let found = self.filters.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether anything is filtered.
    pub(crate) fn is_filtered(&self) -> bool {
        self.filters.iter().any(|(_, value)| !value.is_empty())
    }

    /// The filters that the list's form has no field for, each by its name, and with the way to the
    /// list without it: nothing filters unseen.
    pub(crate) fn chips(&self, names: &[(&str, &str)]) -> Markup {
        let chips: Vec<_> =
            names.iter().filter(|(filter, _)| !self.filter(filter).is_empty()).collect();
        html! {
            @if !chips.is_empty() {
                ul.chips aria-label="Other filters" {
                    @for (filter, name) in chips {
                        li {
                            (name) " " span.mono { (text(self.filter(filter))) } " "
                            a href=(self.without(filter)) aria-label={ "Without the filter " (name) } { "Remove" }
                        }
                    }
                }
            }
        }
    }

    /// The fields of the form for when items were made, which take whole days.
    pub(crate) fn days(&self) -> Markup {
        html! {
            @for (name, label) in [("createdAfter", "From (UTC)"), ("createdBefore", "Until before (UTC)")] {
                div {
                    label for=(name) { (label) }
                    input type="date" id=(name) name=(name) value=(self.day(name));
                }
            }
        }
    }

    /// The form's buttons.
    pub(crate) fn buttons(&self) -> Markup {
        html! {
            div.filter-buttons {
                button.button type="submit" { "Filter" }
                @if self.is_filtered() { a.button.plain href=(self.path) { "Clear" } }
            }
        }
    }

    /// A time as the field of a day takes it; its day, if it is a time of a day.
    fn day(&self, name: &str) -> String {
        self.filter(name).chars().take(10).collect()
    }

    fn without(&self, name: &str) -> String {
        let mut other = self.clone();
        other.filters.retain(|(filter, _)| *filter != name);
        other.address(1)
    }

    fn address(&self, number: u32) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in self.filters.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if number > 1 {
            query.append_pair("page", &number.to_string());
        }
        let query = query.finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// The line below the list.
    pub(crate) fn render(&self) -> Markup {
        let pages = self.total.div_ceil(u64::from(ROWS));
        let number = u64::from(self.number);
        let first = (number - 1) * u64::from(ROWS) + 1;
        let last = (number * u64::from(ROWS)).min(self.total);
        html! {
            nav.pager aria-label="Pages" {
                p {
                    @if first <= last { (first) "–" (last) " of " (self.total) }
                    @else { "No page " (self.number) " · " (self.total) " in all" }
                }
                @if number > 1 {
                    @let previous = number.saturating_sub(1).min(pages.max(1));
                    a.button.small rel="prev"
                        href=(self.address(u32::try_from(previous).unwrap_or(1)))
                    { "Previous" }
                }
                @if number < pages {
                    a.button.small rel="next" href=(self.address(self.number.saturating_add(1))) {
                        "Next"
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_its_neighbours_and_keeps_the_filters() {
        let filters = vec![("type", "a&b".to_owned()), ("state", String::new())];
        let pager = Pager { path: "/list".to_owned(), filters, number: 2, total: 60 };
        assert_eq!(pager.address(1), "/list?type=a%26b");
        assert_eq!(pager.address(3), "/list?type=a%26b&page=3");
        let line = pager.render().into_string();
        assert!(line.contains("26–50 of 60") && line.contains("Next") && line.contains("Previous"));
        assert!(!Pager { number: 3, ..pager.clone() }.render().into_string().contains("Next"));
        let beyond = Pager { number: u32::MAX, ..pager }.render().into_string();
        let filters = vec![("type", "a&b".to_owned()), ("state", "held".to_owned())];
        let pager = Pager { path: "/list".to_owned(), filters, number: 3, total: 60 };
        assert_eq!(pager.without("state"), "/list?type=a%26b");
        let chips = pager.chips(&[("type", "Type"), ("none", "None")]).into_string();
        assert!(chips.contains("href=\"/list?state=held\"") && !chips.contains("None"), "{chips}");
        assert!(beyond.contains("60 in all") && beyond.contains("page=3"), "{beyond}");
    }
}
