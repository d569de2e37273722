//! The goals that Herald sets itself, as ratios of what was measured in the same run.
//!
//! A ratio of two rows of one run says something on any machine; a rate alone says something about
//! one machine. The only figure from elsewhere is the peer's rate.

use serde::Serialize;

use crate::{
    measure::Quantiles,
    rows::{Row, names},
};

/// What the leading open-source peer accepts and delivers on a 2-core machine that also runs the
/// load generator and the receiver, events a second.
const PEER: f64 = 650.0;

/// A figure of a row, by which rows are compared.
#[derive(Clone, Copy)]
struct Figure {
    name: &'static str,
    of: fn(&Row) -> Option<f64>,
}

const RATE: Figure = Figure { name: "rate", of: |row| row.rate };
const P99: Figure = Figure { name: "p99", of: Row::p99 };

/// Beside the rates, since it hardly moves when others use the machine meanwhile.
const CPU: Figure = Figure { name: "CPU", of: |row| row.cpu_micros };

/// Something to reach, and whether it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Verdict {
    /// What is compared with what.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: f64,
    /// What it should be.
    pub(crate) goal: Goal,
    /// Whether it is.
    pub(crate) reached: bool,
}

/// What something should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// So much or more.
    AtLeast(f64),
    /// So much or less.
    AtMost(f64),
    /// Whatever it is: good to know.
    None,
}

impl Goal {
    fn is_reached(self, found: f64) -> bool {
        match self {
            Self::AtLeast(least) => found >= least,
            Self::AtMost(most) => found <= most,
            Self::None => true,
        }
    }
}

/// Judges everything that these rows allow to be judged.
pub(crate) fn judge(rows: &[Row]) -> Vec<Verdict> {
    let plain = Results { rows, tls: false };
    let tls = Results { rows, tls: true };
    let kinds = [
        speed(plain),
        speed(tls),
        costs(plain),
        pending(plain),
        isolation(plain),
        clients(plain),
        lists(plain),
        nodes(plain),
    ];
    kinds.into_iter().flatten().flatten().collect()
}

fn speed(of: Results<'_>) -> Vec<Option<Verdict>> {
    let received = names::received_at(1_000);
    vec![
        of.ratio(RATE, names::W1, names::L1, Goal::AtLeast(0.5)),
        of.ratio(CPU, names::L1, names::W1, Goal::None),
        of.ratio(RATE, names::W1, names::L0, Goal::None),
        of.ratio(RATE, names::W2, names::L0, Goal::AtLeast(0.5)),
        of.value(
            "W1 / 650 per second",
            names::W1,
            |row| Some(row.rate? / PEER),
            Goal::AtLeast(20.0),
        ),
        of.value("received at 1,000/s, p50, ms", &received, Row::p50, Goal::AtMost(2.0)),
        of.value("received at 1,000/s, p99, ms", &received, Row::p99, Goal::AtMost(10.0)),
    ]
}

fn costs(of: Results<'_>) -> Vec<Option<Verdict>> {
    vec![
        of.value(
            "disk per delivery, bytes",
            names::W1,
            |row| row.disk_bytes,
            Goal::AtMost(1_638.4),
        ),
        of.value("idle memory, MiB", names::IDLE, |row| row.memory_mib, Goal::AtMost(40.0)),
    ]
}

fn pending(of: Results<'_>) -> Vec<Option<Verdict>> {
    let ([empty_rate, empty_latency], [full_rate, full_latency]) = (names::EMPTY, names::FULL);
    let start = |row: &Row| row.start_seconds;
    vec![
        of.ratio(RATE, empty_rate, full_rate, Goal::AtMost(1.3)),
        of.ratio(P99, full_latency, empty_latency, Goal::AtMost(1.3)),
        of.value("full store: memory, MiB", full_rate, |row| row.memory_mib, Goal::AtMost(300.0)),
        of.value("full store: start, s", full_rate, start, Goal::AtMost(5.0)),
    ]
}

fn isolation(of: Results<'_>) -> Vec<Option<Verdict>> {
    vec![of.ratio(P99, names::HANGING, names::HEALTHY, Goal::AtMost(1.2))]
}

fn clients(of: Results<'_>) -> Vec<Option<Verdict>> {
    let made = of.ratio(RATE, names::AMONG_MANY, names::AMONG_FEW, Goal::AtLeast(1.0));
    let page = |(name, _): &(&str, _)| {
        of.value(&format!("{name}, p99, ms"), name, Row::p99, Goal::AtMost(20.0))
    };
    std::iter::once(made).chain(names::PAGES.iter().map(page)).collect()
}

fn lists(of: Results<'_>) -> Vec<Option<Verdict>> {
    let pages = names::AMID
        .iter()
        .flat_map(|load| names::LISTS.iter().map(|(page, _)| names::named(load, page)));
    let page =
        |name: String| of.value(&format!("{name}, p99, ms"), &name, Row::p99, Goal::AtMost(50.0));
    pages.map(page).collect()
}

fn nodes(of: Results<'_>) -> Vec<Option<Verdict>> {
    let of_peer = |row: &Row| Some(row.rate? / PEER);
    let beside =
        |name| of.value(&format!("{name} / 650 per second"), name, of_peer, Goal::AtLeast(10.0));
    vec![
        beside(names::P1),
        beside(names::P3),
        of.value("claims, p99, ms", names::CLAIMS, Row::p99, Goal::AtMost(20.0)),
    ]
}

/// The rows of one transport.
#[derive(Clone, Copy)]
struct Results<'a> {
    rows: &'a [Row],
    tls: bool,
}

impl Results<'_> {
    fn find(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name && row.tls == self.tls)
    }

    fn value(
        &self,
        what: &str,
        name: &str,
        of: impl Fn(&Row) -> Option<f64>,
        goal: Goal,
    ) -> Option<Verdict> {
        let found = of(self.find(name)?)?;
        let what = if self.tls { format!("{what} (TLS)") } else { what.to_owned() };
        Some(Verdict { what, found, goal, reached: goal.is_reached(found) })
    }

    fn ratio(&self, figure: Figure, over: &str, under: &str, goal: Goal) -> Option<Verdict> {
        let divisor = (figure.of)(self.find(under)?)?;
        let ratio = |row: &Row| Some((figure.of)(row)? / divisor);
        self.value(&format!("{over} / {under}, {}", figure.name), over, ratio, goal)
    }
}

impl Row {
    fn p50(&self) -> Option<f64> {
        self.latency.map(|Quantiles { p50, .. }| p50)
    }

    fn p99(&self) -> Option<f64> {
        self.latency.map(|Quantiles { p99, .. }| p99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, tls: bool, rate: f64) -> Row {
        Row { name: name.into(), tls, rate: Some(rate), ..Row::default() }
    }

    #[test]
    fn a_ratio_compares_rows_of_the_same_transport_only() {
        let rows = [row("L1", false, 30_000.0), row("W1", false, 13_000.0), row("W1", true, 9e9)];
        let verdicts = judge(&rows);
        let ratio = verdicts.iter().find(|verdict| verdict.what == "W1 / L1, rate").unwrap();
        assert!((ratio.found - 13.0 / 30.0).abs() < 1e-9 && !ratio.reached, "{ratio:?}");
        assert!(
            verdicts.iter().all(|verdict| verdict.what != "W1 / L1, rate (TLS)"),
            "{verdicts:?}"
        );
    }

    #[test]
    fn a_goal_is_reached_at_its_very_value() {
        assert!(Goal::AtLeast(20.0).is_reached(20.0) && !Goal::AtLeast(20.0).is_reached(19.9));
        assert!(Goal::AtMost(10.0).is_reached(10.0) && !Goal::AtMost(10.0).is_reached(10.1));
        assert!(Goal::None.is_reached(0.0));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert_eq!(judge(&[]), []);
    }
}
