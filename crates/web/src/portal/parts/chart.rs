//! How deliveries went: figures, and bars over time.
//!
//! Charts are SVG without text, stretched to the width that there is; what is written beside them
//! is HTML, and the same numbers are there as a table. Times are UTC, as everywhere.

use std::time::Duration;

use herald_domain::{statistics::AttemptTally, time::Timestamp};
use herald_engine::{DeliveryStatistics, StatisticsQuery};
use herald_store::HourTally;
use maud::{Markup, html};

use super::{duration, grouped, table};
use crate::input::Query;

/// The height of a chart in its own units; a bar is `STEP` wide, and leaves `GAP` of it free.
const HEIGHT: f64 = 100.0;
const STEP: f64 = 10.0;
const GAP: f64 = 2.0;

const HOUR: Duration = Duration::from_secs(3_600);

/// How far back a chart goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Period {
    #[default]
    Day,
    Week,
    Month,
}

impl Period {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Day, "day", "24 hours"),
        (Self::Week, "week", "7 days"),
        (Self::Month, "month", "30 days"),
    ];

    /// The one that the address asks for.
    pub(crate) fn asked(query: &mut Query) -> Self {
        let asked = query.text("period").unwrap_or_default();
        let found = Self::ALL.into_iter().find(|(_, word, _)| *word == asked);
        found.map(|(period, ..)| period).unwrap_or_default()
    }

    /// What to ask for now. The hour, or day, that is not over yet is the last one.
    pub(crate) fn query(self, now: Timestamp) -> StatisticsQuery {
        let back = match self {
            Self::Day => HOUR * 23,
            Self::Week => HOUR * (7 * 24 - 1),
            Self::Month => HOUR * 24 * 29,
        };
        StatisticsQuery { from: Some(now.before(back)), to: None, by_day: self == Self::Month }
    }

    /// When a bar begins, as it is written below it.
    fn label(self, at: Timestamp) -> String {
        let text = at.to_string();
        let part = |range| text.get(range).unwrap_or_default();
        match self {
            Self::Day => part(11..16).to_owned(),
            Self::Week => format!("{} {}", part(5..10), part(11..16)),
            Self::Month => part(5..10).to_owned(),
        }
    }
}

/// How deliveries went in a period.
#[derive(Clone, Debug)]
pub(crate) struct Performance {
    pub(crate) period: Period,
    pub(crate) statistics: DeliveryStatistics,
}

impl Performance {
    /// The figures and charts, with links to the other periods of the page at `path`.
    pub(crate) fn render(&self, path: &str) -> Markup {
        let is_empty = self.statistics.total.attempts() == 0;
        html! {
            section.performance aria-labelledby="performance" {
                div.section-head {
                    h2 #performance { "Performance" }
                    nav.periods aria-label="Period" {
                        @for (period, word, name) in Period::ALL {
                            @let here = (period == self.period).then_some("true");
                            a href={ (path) "?period=" (word) } aria-current=[here] { (name) }
                        }
                    }
                }
                @if is_empty {
                    p.quiet { "No attempt was made in this time." }
                } @else {
                    (self.figures())
                    div.charts { (self.attempts()) (self.latency()) }
                    (self.numbers())
                }
            }
        }
    }

    fn figures(&self) -> Markup {
        let total = &self.statistics.total;
        let took = |share| total.percentile(share).map(duration).unwrap_or_default();
        html! {
            dl.figures {
                @for (name, value) in [
                    ("Success rate", percent(total)),
                    ("Attempts", grouped(total.attempts())),
                    ("Median latency", took(0.5)),
                    ("99th percentile", took(0.99)),
                ] {
                    div { dt { (name) } dd { (value) } }
                }
            }
        }
    }

    fn attempts(&self) -> Markup {
        let points = &self.statistics.points;
        let most = points.iter().map(|point| point.tally.attempts()).max().unwrap_or_default();
        let bars = html! {
            @for (place, point) in points.iter().enumerate() {
                @let (all, good) = (point.tally.attempts(), point.tally.successes);
                g {
                    title { (self.period.label(point.hour)) ": " (good) " acknowledged, " (all - good) " failed" }
                    (bar("slot", place, 0.0, 1.0))
                    (bar("good-bar", place, 0.0, share(good, most)))
                    (bar("bad-bar", place, share(good, most), share(all, most)))
                }
            }
        };
        let legend = html! {
            span.key.good-key { "acknowledged" } span.key.bad-key { "failed" }
        };
        let label = format!(
            "Attempts over time, at most {most}: {} in all, {} acknowledged",
            self.statistics.total.attempts(),
            self.statistics.total.successes
        );
        self.chart("Attempts", &legend, &label, &grouped(most), &bars)
    }

    fn latency(&self) -> Markup {
        let points = &self.statistics.points;
        let took = |point: &HourTally, share| point.tally.percentile(share).unwrap_or_default();
        let most = points.iter().map(|point| took(point, 0.99)).max().unwrap_or_default();
        let height =
            |took: Duration| if most.is_zero() { 0.0 } else { took.div_duration_f64(most) };
        let bars = html! {
            @for (place, point) in points.iter().enumerate().filter(|(_, p)| p.tally.attempts() > 0) {
                @let (median, slow) = (took(point, 0.5), took(point, 0.99));
                g {
                    title {
                        (self.period.label(point.hour)) ": median " (duration(median))
                        ", 99th percentile " (duration(slow))
                    }
                    (bar("slot", place, 0.0, 1.0))
                    (bar("slow-bar", place, 0.0, height(slow)))
                    (bar("median-bar", place, 0.0, height(median)))
                }
            }
        };
        let legend = html! {
            span.key.median-key { "median" } span.key.slow-key { "99th percentile" }
        };
        let label = format!("Latency over time, at most {}", duration(most));
        self.chart("Latency", &legend, &label, &duration(most), &bars)
    }

    fn chart(&self, name: &str, legend: &Markup, label: &str, most: &str, bars: &Markup) -> Markup {
        let points = &self.statistics.points;
        let width = STEP * number(points.len());
        let ends = [points.first(), points.get(points.len() / 2), points.last()];
        html! {
            figure.chart {
                figcaption { span.strong { (name) } (legend) }
                div.plot {
                    span.most { (most) }
                    svg viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                        aria-label=(label)
                    { (bars) }
                }
                div.ends aria-hidden="true" {
                    @for end in ends.into_iter().flatten() { span { (self.period.label(end.hour)) " UTC" } }
                }
            }
        }
    }

    /// The same as a table, of the times in which there was anything.
    fn numbers(&self) -> Markup {
        let rows = html! {
            @for point in self.statistics.points.iter().rev().filter(|p| p.tally.attempts() > 0) {
                tr {
                    td { time datetime=(point.hour) { (self.period.label(point.hour)) } }
                    td.number { (point.tally.attempts()) }
                    td.number { (percent(&point.tally)) }
                    @for share in [0.5, 0.9, 0.99] {
                        td.number { (point.tally.percentile(share).map(duration).unwrap_or_default()) }
                    }
                }
            }
        };
        let head = html! {
            th scope="col" { "From (UTC)" }
            @for name in ["Attempts", "Success rate", "Median", "90th", "99th percentile"] {
                th.number scope="col" { (name) }
            }
        };
        html! {
            details {
                summary { "Show as a table" }
                (table("Attempts over time", &head, &rows))
            }
        }
    }
}

/// One bar: which, and from and to which share of the height.
fn bar(class: &str, place: usize, from: f64, to: f64) -> Markup {
    let left = STEP * number(place) + GAP / 2.0;
    // What is there is seen, however little it is.
    let height = if to > from { ((to - from) * HEIGHT).max(1.5) } else { 0.0 };
    let top = (HEIGHT - from * HEIGHT - height).max(0.0);
    html! {
        @if height > 0.0 {
            rect class=(class) x=(left) y=(format!("{top:.2}")) width=(STEP - GAP)
                height=(format!("{height:.2}")) {}
        }
    }
}

fn percent(tally: &AttemptTally) -> String {
    // What failed is not rounded away.
    let floored = |rate: f64| (rate * 1_000.0).floor() / 10.0;
    tally.success_rate().map(|rate| format!("{} %", floored(rate))).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(count: u64, most: u64) -> f64 {
    if most == 0 { 0.0 } else { count as f64 / most as f64 }
}

#[expect(clippy::cast_precision_loss, reason = "charts have at most some hundred bars")]
fn number(place: usize) -> f64 {
    place as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_among_many_is_neither_rounded_away_nor_invisible() {
        let tally = AttemptTally { successes: 99_999, by_duration: [6_250; 16] };
        assert_eq!(percent(&tally), "99.9 %");
        assert_eq!(percent(&AttemptTally { successes: 100_000, ..tally }), "100 %");
        assert_eq!(percent(&AttemptTally::default()), "");
        let drawn = bar("bad-bar", 0, share(99_999, 100_000), share(100_000, 100_000));
        assert!(drawn.into_string().contains("height=\"1.50\""));
    }

    #[test]
    fn a_period_ends_with_the_hour_or_day_that_is_not_over() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        for (period, from) in [
            (Period::Day, "2027-01-14T09:00:00.000Z"),
            (Period::Week, "2027-01-08T09:00:00.000Z"),
            (Period::Month, "2026-12-17T08:00:00.000Z"),
        ] {
            let query = period.query(now);
            assert_eq!(query.from.unwrap().to_string(), from, "{period:?}");
            assert_eq!((query.to, query.by_day), (None, period == Period::Month));
        }
        assert_eq!(Period::Day.label(now), "08:00");
        assert_eq!(Period::Week.label(now), "01-15 08:00");
        assert_eq!(Period::Month.label(now), "01-15");
    }
}
