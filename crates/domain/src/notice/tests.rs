//! When there is a warning, and what a notice says.

use super::*;
use crate::{exact_json, schedule::RetrySchedule};

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn rules(retries: usize, left: u32) -> DeliveryRules {
    let schedule = RetrySchedule::new(vec![Duration::from_secs(60); retries], 0.0).unwrap();
    DeliveryRules { schedule, notice_attempts_left: left, ..DeliveryRules::default() }
}

fn failed(attempts: u32) -> AttemptEnded {
    AttemptEnded {
        attempts,
        success: false,
        at: AT,
        first_attempt_at: AT.before(Duration::from_secs(600)),
        retry_after: None,
        webhook_succeeded_at: None,
    }
}

/// After which attempts there is a warning, with how many are left.
fn warnings(rules: &DeliveryRules) -> Vec<(u32, u32)> {
    let warned = |attempts| Some((attempts, warning(rules, &failed(attempts), AT)?.attempts_left));
    (0..30).filter_map(warned).collect()
}

#[test]
fn it_is_warned_of_the_last_attempts_but_of_no_more_than_half_of_the_retries() {
    assert_eq!(warnings(&DeliveryRules::default()), [(8, 3), (9, 2), (10, 1)]);
    for (retries, left, expected) in [
        (10, 1, vec![(10, 1)]),
        (10, 0, vec![]),
        (4, 3, vec![(3, 2), (4, 1)]),
        (3, 3, vec![(3, 1)]),
        (2, 3, vec![(2, 1)]),
        (1, 3, vec![]),
        (0, 3, vec![]),
    ] {
        assert_eq!(warnings(&rules(retries, left)), expected, "{retries} retries, {left} left");
    }
}

#[test]
fn it_is_not_warned_of_a_success() {
    let success = AttemptEnded { success: true, ..failed(10) };
    assert_eq!(warning(&DeliveryRules::default(), &success, AT), None);
}

#[test]
fn the_last_attempt_is_after_all_delays_to_come() {
    let next = AT.after(Duration::from_secs(90_000));
    let warned = warning(&DeliveryRules::default(), &failed(8), next).unwrap();
    assert_eq!(warned.last_attempt_at, next.after(2 * DAY));
    assert_eq!(warned.quiet_since, AT.before(DAY));
    let last = warning(&DeliveryRules::default(), &failed(10), next).unwrap();
    assert_eq!(last.last_attempt_at, next);
}

#[test]
fn who_was_told_lately_is_not_told_again_in_whatever_order_attempts_are_recorded() {
    let warned = warning(&DeliveryRules::default(), &failed(8), AT).unwrap();
    let moment = Duration::from_millis(1);
    for (told, is_quiet) in [
        (AT.before(DAY), false),
        (AT.before(DAY).after(moment), true),
        (AT, true),
        (AT.after(moment), true),
        (AT.after(DAY).before(moment), true),
        (AT.after(DAY), false),
    ] {
        assert_eq!(warned.is_quiet(told, AT), is_quiet, "{told}");
    }
}

#[test]
fn a_webhook_that_works_meanwhile_is_not_close_to_being_disabled_if_that_spares_it() {
    let policy = |disable_policy| DeliveryRules { disable_policy, ..DeliveryRules::default() };
    let first = failed(9).first_attempt_at;
    let before = first.before(Duration::from_millis(1));
    for (succeeded_at, spares) in [(None, false), (Some(before), false), (Some(first), true)] {
        let ended = AttemptEnded { webhook_succeeded_at: succeeded_at, ..failed(9) };
        let always = warning(&policy(DisablePolicy::Always), &ended, AT).unwrap();
        assert_eq!(always.spared_from, None);
        let unless = warning(&policy(DisablePolicy::UnlessSucceeding), &ended, AT);
        assert_eq!(unless.is_none(), spares, "{succeeded_at:?}");
        assert!(unless.is_none_or(|warned| warned.spared_from == Some(first)));
    }
}

fn notice(what: Happened) -> Notice {
    Notice {
        id: "6bb04fcd0f3e360008035eb9".parse().unwrap(),
        what,
        at: AT,
        environment: EnvironmentId { account: AccountId::from_bytes([0xab; 12]), mode: Mode::Test },
        webhook: WebhookId::from_bytes([1; 12]),
        url: "https://example.com/hook".into(),
        description: None,
        delivery: DeliveryId::from_bytes([2; 12]),
        event: EventId::from_bytes([3; 12]),
        event_type: "client.created".into(),
        attempts: 8,
        last_status: None,
        last_error: Some(ErrorClass::Timeout),
    }
}

fn body(notice: &Notice) -> String {
    let event = notice.event();
    let again = exact_json::parse(&event.body).unwrap().to_bytes();
    assert_eq!(event.body, again, "it is a fixed point");
    String::from_utf8(event.body.to_vec()).unwrap()
}

#[test]
fn a_warning_says_which_webhook_why_and_until_when() {
    let last_attempt_at = AT.after(3 * DAY);
    let notice = notice(Happened::Failing { attempts_left: 3, last_attempt_at });
    assert_eq!(
        body(&notice),
        "{\"id\":\"6bb04fcd0f3e360008035eb9\",\"type\":\"webhook.failing\",\
         \"resourceType\":\"webhook\",\"payload\":{\"id\":\"010101010101010101010101\",\
         \"accountId\":\"abababababababababababab\",\"environment\":\"test\",\
         \"url\":\"https://example.com/hook\",\"deliveryId\":\"020202020202020202020202\",\
         \"eventId\":\"030303030303030303030303\",\"eventType\":\"client.created\",\
         \"attemptCount\":8,\"attemptsLeft\":3,\"lastError\":\"timeout\",\
         \"lastAttemptAt\":\"2027-01-18T08:00:00.000Z\"},\
         \"createdAt\":\"2027-01-15T08:00:00.000Z\"}"
    );
}

#[test]
fn the_notice_of_a_disabled_webhook_says_since_when_and_why_whatever_texts_it_has() {
    let text = "\"}],\u{2028}\u{0}\u{202e}</script>é";
    let notice = Notice {
        url: text.into(),
        description: Some(text.into()),
        event_type: text.into(),
        last_status: Some(503),
        last_error: Some(ErrorClass::Status),
        ..notice(Happened::Disabled { reason: text.into() })
    };
    let parsed = exact_json::parse(body(&notice).as_bytes()).unwrap();
    let Value::Object(parsed) = parsed else { panic!("{parsed:?}") };
    assert_eq!(parsed.get("type"), Some(&"webhook.disabled".into()));
    let Some(Value::Object(payload)) = parsed.get("payload") else { panic!("{parsed:?}") };
    for name in ["url", "description", "eventType", "disabledReason"] {
        assert_eq!(payload.get(name), Some(&text.into()), "{name}");
    }
    assert_eq!(payload.get("disabledAt"), parsed.get("createdAt"));
    assert_eq!(
        (payload.get("lastStatus"), payload.get("attemptsLeft")),
        (Some(&503.into()), Some(&0.into()))
    );
    assert_eq!(payload.get("lastAttemptAt"), None);
}

#[test]
fn the_sample_in_the_documentation_is_a_notice() {
    let text = include_str!("../../../../docs/notices.md");
    let (_, sample) = text.split_once("```json\n").unwrap();
    let (sample, _) = sample.split_once("```").unwrap();
    let last_attempt_at = AT.after(3 * DAY);
    let notice = Notice {
        environment: EnvironmentId {
            account: "6bb04fcd0f3e360008035ea0".parse().unwrap(),
            mode: Mode::Live,
        },
        webhook: "6bb04fcd0f3e360008035eb1".parse().unwrap(),
        url: "https://example.com/hooks".into(),
        description: Some("Orders service".into()),
        delivery: "6bb04fcd0f3e360008035eb3".parse().unwrap(),
        event: "6bb04fcd0f3e360008035eb2".parse().unwrap(),
        last_status: Some(503),
        last_error: Some(ErrorClass::Status),
        ..notice(Happened::Failing { attempts_left: 3, last_attempt_at })
    };
    let sample = exact_json::parse(sample.as_bytes()).unwrap().to_bytes();
    assert_eq!(body(&notice).as_bytes(), sample);
}

#[test]
fn there_are_no_notices_of_the_operators_own_webhooks() {
    assert!(!concerns(OPERATOR));
    assert!(!concerns(EnvironmentId { mode: Mode::Test, ..OPERATOR }));
    assert!(concerns(notice(Happened::Disabled { reason: String::new() }).environment));
}
