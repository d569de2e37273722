//! What the doctor says of requests with real signatures, and what somebody did to them.

use bytes::Bytes;

use super::*;
use crate::{
    id::{EventId, RequestId},
    signature::notification_headers,
};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const BODY: &str =
    r#"{"id":"5eb04fcd0f3e360008035eb2","type":"client.created","payload":{"n":1,"t":"é/"}}"#;

fn secret(letter: char) -> Secret {
    Secret::new(letter.to_string().repeat(32)).unwrap()
}

fn webhook(number: u8) -> WebhookId {
    WebhookId::from_bytes([number; 12])
}

/// Webhook 1 with secret `a`, webhook 2 with secret `b`, which was `c` before.
fn candidates() -> Vec<Candidate> {
    vec![
        Candidate { webhook: webhook(1), secret: secret('a'), old: None },
        Candidate { webhook: webhook(2), secret: secret('b'), old: Some(secret('c')) },
    ]
}

/// A request as Herald sends it, signed with this secret.
fn signed(with: char) -> KeptRequest {
    let event: EventId = "5eb04fcd0f3e360008035eb2".parse().unwrap();
    let signatures = Signer::new(&secret(with)).sign(event, NOW.seconds(), BODY.as_bytes());
    let headers = notification_headers(event, &signatures);
    KeptRequest {
        id: RequestId::from_bytes([1; 12]),
        number: 1,
        method: "POST".into(),
        query: None,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), Bytes::from(value.into_owned())))
            .to_vec(),
        body: Bytes::from_static(BODY.as_bytes()),
        length: BODY.len() as u64,
        answered: 200,
        received_at: NOW,
    }
}

fn with_header(mut request: KeptRequest, name: &str, value: &str) -> KeptRequest {
    request.headers.retain(|(found, _)| found != name);
    if !value.is_empty() {
        request.headers.push((name.into(), Bytes::from(value.to_owned())));
    }
    request
}

fn with_body(request: KeptRequest, body: &str) -> KeptRequest {
    KeptRequest { body: Bytes::from(body.to_owned()), length: body.len() as u64, ..request }
}

fn without_complycube(with: char) -> KeptRequest {
    with_header(signed(with), "complycube-signature", "")
}

fn without_standard(with: char) -> KeptRequest {
    ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .iter()
        .fold(signed(with), |request, name| with_header(request, name, ""))
}

/// Troubles of both schemes, and whose secret each is.
fn found(request: &KeptRequest) -> [(Option<Trouble>, Option<WebhookId>); 2] {
    let Diagnosis { complycube, standard, .. } = diagnose(request, &candidates(), NOW);
    [complycube, standard].map(|finding| (finding.trouble, finding.webhook))
}

#[test]
fn what_herald_signed_is_valid_and_its_webhook_is_named() {
    for (with, number) in [('a', 1), ('b', 2)] {
        let right = (None, Some(webhook(number)));
        assert_eq!(found(&signed(with)), [right, right]);
        let missing = (Some(Trouble::Missing), None);
        assert_eq!(found(&without_standard(with)), [right, missing]);
        assert_eq!(found(&without_complycube(with)), [missing, right]);
        for request in [signed(with), without_standard(with), without_complycube(with)] {
            assert!(diagnose(&request, &candidates(), NOW).is_valid());
        }
    }
}

#[test]
fn each_way_to_be_wrong_has_its_own_name() {
    use Trouble::{
        BodyNotKept, Malformed, Missing, NoWebhook, OldSecret, ReserialisedBody, WrongSecret,
    };
    let unsigned = with_header(without_standard('a'), "complycube-signature", "");
    let pretty = "{\n  \"id\": \"5eb04fcd0f3e360008035eb2\",\n  \"type\": \"client.created\",\n  \
                  \"payload\": {\n    \"n\": 1,\n    \"t\": \"é/\"\n  }\n}";
    let cut = KeptRequest { length: 1 << 20, ..signed('a') };
    for (what, request, trouble) in [
        ("no signature", unsigned, Missing),
        ("nobody's secret", signed('z'), WrongSecret),
        ("the secret before a rotation", signed('c'), OldSecret),
        ("another value", with_body(signed('a'), &BODY.replace('1', "2")), WrongSecret),
        ("indented", with_body(signed('b'), pretty), ReserialisedBody),
        ("spaced", with_body(signed('b'), &BODY.replace(':', ": ")), ReserialisedBody),
        ("a line break behind it", with_body(signed('b'), &format!("{BODY}\n")), ReserialisedBody),
        ("escaped", with_body(signed('a'), &BODY.replace('é', "\\u00e9")), ReserialisedBody),
        ("another number", with_body(signed('a'), &BODY.replace(":1,", ":1.0,")), ReserialisedBody),
        ("too long to keep", cut, BodyNotKept),
    ] {
        let [complycube, standard] = found(&request);
        assert_eq!((complycube.0, standard.0), (Some(trouble), Some(trouble)), "{what}");
        let named = matches!(trouble, OldSecret | ReserialisedBody);
        assert_eq!(complycube.1.is_some(), named, "{what}");
        assert!(!diagnose(&request, &candidates(), NOW).is_valid());
    }
    let nobody = diagnose(&signed('a'), &[], NOW);
    assert_eq!([nobody.complycube, nobody.standard], [Finding::of(NoWebhook); 2]);
    for malformed in ["abc", "v1,abc", &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
        let request = with_header(signed('a'), "complycube-signature", malformed);
        assert_eq!(found(&request)[0].0, Some(Malformed), "{malformed}");
        let diagnosis = diagnose(&request, &candidates(), NOW);
        assert_eq!(diagnosis.verdict().0, Scheme::Complycube);
        assert!(diagnosis.standard.is_valid() && !diagnosis.is_valid());
    }
}

#[test]
fn the_standard_headers_are_judged_for_themselves() {
    use Trouble::{Clock, Malformed, WrongId, WrongSecret};
    let seconds = NOW.seconds();
    for (name, value, trouble) in [
        ("webhook-id", "msg_another", WrongId),
        ("webhook-id", "", Malformed),
        ("webhook-timestamp", "", Malformed),
        ("webhook-timestamp", "soon", Malformed),
        ("webhook-timestamp", "1700000001", WrongSecret),
        ("webhook-signature", "", Malformed),
        ("webhook-signature", "v2,AAAA", Malformed),
        ("webhook-signature", "v1,AAAA", WrongSecret),
    ] {
        let request = with_header(signed('a'), name, value);
        let [complycube, standard] = found(&request);
        assert_eq!((complycube.0, standard.0), (None, Some(trouble)), "{name}: {value}");
        assert_eq!(standard.1.is_some(), trouble == WrongId);
    }
    for (later, trouble) in [(300, None), (301, Some(Clock)), (-300, None), (-301, Some(Clock))] {
        let now = Timestamp::from_millis((seconds + later) * 1000);
        let diagnosis = diagnose(&signed('a'), &candidates(), now);
        assert_eq!(diagnosis.standard.trouble, trouble, "{later} s");
        assert!(diagnosis.complycube.is_valid(), "it has no time");
    }
}

#[test]
fn one_of_several_standard_signatures_is_enough() {
    let request = signed('b');
    let right = request.header("webhook-signature").unwrap().to_owned();
    for value in [format!("v1,AAAA {right}"), format!("{right} v1a,AAAA"), format!("  {right} ")] {
        let request = with_header(request.clone(), "webhook-signature", &value);
        assert_eq!(found(&request)[1], (None, Some(webhook(2))), "{value}");
    }
}

#[test]
fn a_header_that_is_there_twice_is_malformed() {
    for (place, name) in [(0, "complycube-signature"), (1, "webhook-id")] {
        let mut request = signed('a');
        let value = request.header(name).unwrap().to_owned();
        request.headers.push((name.into(), Bytes::from(value)));
        assert_eq!(found(&request)[place].0, Some(Trouble::Malformed), "{name}");
    }
}

#[test]
fn the_sentence_tells_both_findings() {
    let say = |request: &KeptRequest| diagnose(request, &candidates(), NOW).explanation;
    assert_eq!(say(&signed('a')), "Both signatures are right.");
    let broken = with_header(signed('a'), "webhook-id", "msg_another");
    assert_eq!(
        say(&broken),
        "'Complycube-Signature' is right; 'Webhook-Signature' is not right: the secret is the \
         right one, but 'Webhook-Id' is not the id that was signed."
    );
    assert!(say(&without_standard('a')).ends_with("'Webhook-Signature' is not there."));
    assert!(say(&signed('c')).starts_with("Neither signature is right: it was made with"));
}
