//! Times and durations for people: how long ago, with the exact time behind it.

use std::time::Duration;

use herald_domain::time::Timestamp;
use maud::{Markup, html};

/// How long ago something was, or how soon it will be.
pub(crate) fn when(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(at) { (relative(at, now)) } }
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let (ahead, distance) = if at > now { (true, at.since(now)) } else { (false, now.since(at)) };
    let seconds = distance.as_secs();
    let (count, unit) = match seconds {
        0..=9 if !ahead => return "just now".to_owned(),
        0..=59 => (seconds, "s"),
        60..=3_599 => (seconds / 60, "min"),
        3_600..=86_399 => (seconds / 3_600, "h"),
        86_400..=1_209_599 => (seconds / 86_400, if seconds < 172_800 { "day" } else { "days" }),
        // Further away, the date says more.
        _ => return at.to_string().chars().take(10).collect(),
    };
    if ahead { format!("in {count} {unit}") } else { format!("{count} {unit} ago") }
}

/// When something was, to the second: for what stays on the page while time goes on.
pub(crate) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.in_words()) } }
}

/// How long something took.
pub(crate) fn duration(took: Duration) -> String {
    let millis = took.as_millis();
    match millis {
        0 => "< 1 ms".to_owned(),
        1..=9_999 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_now() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let second = Duration::from_secs(1);
        for (at, expected) in [
            (now, "just now"),
            (now.before(second * 59), "59 s ago"),
            (now.before(second * 61), "1 min ago"),
            (now.before(second * 7_200), "2 h ago"),
            (now.before(second * 86_400), "1 day ago"),
            (now.before(second * 172_800), "2 days ago"),
            (now.before(second * 2_000_000), "2026-12-23"),
            (now.after(second), "in 1 s"),
            (now.after(second * 480), "in 8 min"),
            (now.after(second * 30_720), "in 8 h"),
        ] {
            assert_eq!(relative(at, now), expected);
        }
        assert!(when(now, now).into_string().contains("datetime=\"2027-01-15T08:00:00.000Z\""));
    }

    #[test]
    fn a_moment_is_told_to_the_second() {
        let shown = moment(Timestamp::from_millis(1_800_000_012_345)).into_string();
        assert!(shown.ends_with(">2027-01-15 08:00:12 UTC</time>"), "{shown}");
    }

    #[test]
    fn durations_are_told_in_what_fits() {
        let told = |millis| duration(Duration::from_millis(millis));
        assert_eq!([0, 84, 15_020].map(told), ["< 1 ms", "84 ms", "15.0 s"]);
    }
}
