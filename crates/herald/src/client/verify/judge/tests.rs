//! Every verdict, by a notification that was tampered with in one way.

use herald_domain::signature::notification_headers;

use super::*;

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz012345";
const OTHER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const SENT_AT: i64 = 1_700_000_000;
const BODY: &str = r#"{"id":"5eb04fcd0f3e360008035eb2","type":"client.created","resourceType":"client","payload":{"id":"é","n":1.5},"createdAt":"2026-01-31T09:30:00.000Z"}"#;

fn headers() -> Headers {
    let event: EventId = "5eb04fcd0f3e360008035eb2".parse().unwrap();
    let signer = Signer::new(&Secret::new(SECRET).unwrap());
    let signatures = signer.sign(event, SENT_AT, BODY.as_bytes());
    let headers = notification_headers(event, &signatures);
    Headers(headers.map(|(name, value)| (name.to_lowercase(), value.into_owned())).to_vec())
}

fn without(name: &str) -> Headers {
    Headers(headers().0.into_iter().filter(|(header, _)| header != name).collect())
}

fn with(name: &str, value: &str) -> Headers {
    let mut headers = without(name);
    headers.0.push((name.into(), value.into()));
    headers
}

fn ask(scheme: Scheme, secret: &str, headers: &Headers, body: &str, after: i64) -> &'static str {
    let verdict = judge(&Question {
        secret,
        scheme,
        headers,
        body: body.as_bytes(),
        now: Timestamp::from_millis((SENT_AT + after) * 1000),
        tolerance: Duration::from_mins(5),
    });
    assert!(!verdict.to_string().contains(secret), "{verdict}");
    verdict.problem.map_or("valid", |problem| problem.kind)
}

#[test]
fn what_was_sent_is_valid_under_each_scheme() {
    for scheme in [Scheme::Auto, Scheme::Complycube, Scheme::Standard] {
        assert_eq!(ask(scheme, SECRET, &headers(), BODY, 299), "valid", "{scheme:?}");
    }
    let prefixed = format!("whsec_{SECRET}");
    assert_eq!(ask(Scheme::Standard, &prefixed, &headers(), BODY, 0), "valid");
    // The documentation's own example has a key of another shape.
    let signature = complycube_signature("a_webhook_signature", b"{}");
    let headers = Headers(vec![("Complycube-Signature".into(), signature.to_uppercase())]);
    assert_eq!(ask(Scheme::Auto, "a_webhook_signature", &headers, "{}", 0), "valid");
}

#[test]
fn another_secret_is_told_from_a_changed_and_from_a_reserialised_body() {
    let spaced = BODY.replace(':', ": ").replace("T09: 30: 00", "T09:30:00");
    let escaped = BODY.replace('é', "\\u00e9");
    let reordered = BODY
        .replace(r#""id":"5eb04fcd0f3e360008035eb2","#, "")
        .replace(r#""type":"#, r#""type":"client.created","id":"5eb04fcd0f3e360008035eb2","x":"#);
    let reordered = reordered.replace(r#","x":"client.created""#, "");
    let newline = format!("{BODY}\n");
    let bom = format!("\u{feff}{BODY}");
    for scheme in [Scheme::Auto, Scheme::Complycube, Scheme::Standard] {
        let asked = |secret, body: &str| ask(scheme, secret, &headers(), body, 0);
        assert_eq!(asked(OTHER, BODY), "wrong_secret");
        for body in [&spaced, &escaped, &reordered, &newline, &bom] {
            assert_eq!(asked(SECRET, body), "reserialised_body", "{body}");
        }
        assert_eq!(asked(SECRET, &spaced.replace("1.5", "2")), "changed_body");
        assert_eq!(asked(SECRET, &BODY.replace('}', "")), "changed_body");
        assert_eq!(asked(SECRET, ""), "changed_body");
    }
}

#[test]
fn a_timestamp_counts_within_five_minutes_on_both_sides() {
    for (after, expected) in [(300, "valid"), (301, "clock"), (-300, "valid"), (-301, "clock")] {
        assert_eq!(ask(Scheme::Auto, SECRET, &headers(), BODY, after), expected, "{after}");
        assert_eq!(ask(Scheme::Complycube, SECRET, &headers(), BODY, after), "valid");
    }
    // What is wrong with the signature is told first: a clock says nothing about a forgery.
    assert_eq!(ask(Scheme::Standard, OTHER, &headers(), BODY, 1000), "wrong_secret");
}

#[test]
fn missing_and_malformed_headers_are_told() {
    let asked = |scheme, headers: &Headers| ask(scheme, SECRET, headers, BODY, 0);
    assert_eq!(asked(Scheme::Auto, &Headers::default()), "missing");
    assert_eq!(asked(Scheme::Complycube, &without("complycube-signature")), "missing");
    assert_eq!(asked(Scheme::Auto, &without("complycube-signature")), "valid");
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert_eq!(asked(Scheme::Auto, &without(name)), "missing", "{name}");
        assert_eq!(asked(Scheme::Auto, &with(name, "v2,nonsense")), "malformed", "{name}");
    }
    assert_eq!(asked(Scheme::Auto, &with("complycube-signature", "abc")), "malformed");
    assert_eq!(ask(Scheme::Standard, "short", &headers(), BODY, 0), "malformed_secret");
}

#[test]
fn one_signature_that_fits_tells_what_is_wrong_with_the_other() {
    let old = complycube_signature(OTHER, BODY.as_bytes());
    let rotating = with("complycube-signature", &old);
    assert_eq!(ask(Scheme::Auto, SECRET, &rotating, BODY, 0), "old_secret");
    let moved = with("webhook-timestamp", &(SENT_AT + 1).to_string());
    assert_eq!(ask(Scheme::Auto, SECRET, &moved, BODY, 0), "changed_headers");
    // During a rotation there are two signatures, of which one fits.
    let two =
        format!("v1,{} {}", BASE64.encode([7; 32]), headers().get("webhook-signature").unwrap());
    assert_eq!(ask(Scheme::Standard, SECRET, &with("webhook-signature", &two), BODY, 0), "valid");
}
