//! Every page, rendered with the worst texts that anybody could have put in: they come out as
//! texts.

mod things;

use bytes::Bytes;
use herald_domain::{
    account::Mode, delivery::DeliveryState, doctor::Trouble, id::WebhookId, session::Role,
    webhook::Webhook,
};
use herald_store::Books;

use super::{
    deliveries, delivery, endpoint, endpoint_delete, endpoints, event, event_type, event_types,
    events, keys, overview, recoveries, recovery, resent::Outcome, webhook, webhook_delete,
    webhook_edit, webhook_new, webhook_recover, webhook_secret, webhook_test_event, webhooks,
};
use crate::portal::{
    layout::{self, Frame},
    parts::Pager,
    sign_in::Offer,
};

use things::*;

/// Texts that try to leave their place.
fn hostile() -> Vec<String> {
    let long = "wide ".repeat(20_000) + &"w".repeat(20_000);
    let texts = [
        "<script>alert(1)</script>",
        "</title></textarea></pre></code><img src=x onerror=alert(1)>",
        "\"'`><svg/onload=alert(1)> a=\"b' onmouseover=\"alert(1)",
        "line\r\nSet-Cookie: a=b\r\n\r\n<b>",
        "innocent\u{202e}gnp.exe\u{2066}\u{200b}\u{0}\u{7f}\u{85}",
        "&lt;script&gt; &#60;script&#62; {{7*7}} ${7*7} %3Cscript%3E",
        "javascript:alert(1)",
        "",
        long.as_str(),
    ];
    texts.map(str::to_owned).into()
}

/// Every page, by name.
fn pages(text: &str) -> Vec<(&'static str, String)> {
    let frame = &frame(text);
    let mut pages = of_webhooks(frame, text);
    pages.extend(of_what_happened(frame, text));
    pages.extend(of_endpoints(frame, text));
    let offer = Offer { account: text, role: Role::Viewer, mode: Mode::Live };
    let keys = keys::View { keys: vec![key(text)], was_revoked: true, now: NOW };
    pages.extend([
        ("event types", event_types::View { groups: groups(text) }.render(frame).into_string()),
        ("keys", keys.render(frame).into_string()),
        ("key made", keys::Made { text: text.to_owned() }.render(frame).into_string()),
        ("key question", keys::Question { key: key(text), now: NOW }.render(frame).into_string()),
        ("sign in", offer.render().into_string()),
        ("fault", layout::alone("Fault", &layout::notice(text, text)).into_string()),
    ]);
    pages
}

fn of_webhooks(frame: &Frame, text: &str) -> Vec<(&'static str, String)> {
    let webhook = hook(text);
    let made =
        webhook_new::Made { webhook: webhook.id, url: text.to_owned(), secret: text.to_owned() };
    let list = webhooks::View {
        rows: [webhook.clone(), failing_hook(text)]
            .map(|webhook| webhooks::Row { webhook, pending: 1 })
            .into(),
        pager: pager(text),
        was_deleted: true,
        now: NOW,
    };
    let detail = |webhook| webhook::View {
        counts: DeliveryState::ALL.map(|state| (state, 7)).into(),
        events: vec![(text.to_owned(), text.to_owned()), (text.to_owned(), String::new())],
        next: table(text).rows,
        last: table(text).rows,
        performance: performance(),
        recoveries: vec![recovering()],
        done: "Saved.",
        now: NOW,
        webhook,
    };
    let edit = webhook_edit::View { id: webhook.id, url: text.to_owned(), form: form(text) };
    let mut pages = on_request(frame, text);
    let delete = webhook_delete::View { webhook: webhook.clone(), unsent: 2 };
    pages.extend([
        ("webhooks", list.render(frame).into_string()),
        ("webhook", detail(webhook).render(frame).into_string()),
        ("failing webhook", detail(failing_hook(text)).render(frame).into_string()),
        ("new webhook", webhook_new::View { form: form(text) }.render(frame).into_string()),
        ("webhook made", made.render(frame).into_string()),
        ("edit webhook", edit.render(frame).into_string()),
        ("delete webhook", delete.render(frame).into_string()),
    ]);
    pages
}

fn on_request(frame: &Frame, text: &str) -> Vec<(&'static str, String)> {
    let enabled = Webhook { enabled: true, disabled: None, rotation: None, ..hook(text) };
    let test = webhook_test_event::View {
        webhook: enabled.clone(),
        groups: groups(text),
        chosen: text.to_owned(),
        sample: text.to_owned(),
    };
    let rotated = webhook_secret::Rotated { webhook: hook(text), secret: text.to_owned() };
    let recover = |running| webhook_recover::View {
        webhook: enabled.clone(),
        running,
        since: NOW,
        states: [DeliveryState::Held].into(),
        count: Some(3),
    };
    let recoveries =
        recoveries::View { recoveries: vec![recovering()], pager: pager(text), now: NOW };
    let recovery =
        recovery::View { recovery: recovering(), webhook: Some(text.to_owned()), now: NOW };
    vec![
        ("test", test.render(frame).into_string()),
        ("rotate", webhook_secret::View { webhook: enabled.clone() }.render(frame).into_string()),
        ("no rotation", webhook_secret::View { webhook: hook(text) }.render(frame).into_string()),
        ("rotated", rotated.render(frame).into_string()),
        ("recover", recover(None).render(frame).into_string()),
        ("no recovery", recover(Some(recovering())).render(frame).into_string()),
        ("recoveries", recoveries.render(frame).into_string()),
        ("recovery", recovery.render(frame).into_string()),
    ]
}

fn of_what_happened(frame: &Frame, text: &str) -> Vec<(&'static str, String)> {
    let needy = [hook(text), failing_hook(text)];
    let needy = needy.map(|webhook| overview::Needy { webhook, exhausted: 1, held: 2 });
    let overview = overview::View {
        books: Books { accepted: 1_234_567, delivered: 1_234_567, ..Books::default() },
        performance: performance(),
        needy: needy.into(),
        has_webhooks: true,
        events: vec![happening(text)],
        now: NOW,
    };
    let events = events::View {
        events: vec![happening(text)],
        groups: groups(text),
        pager: pager(text),
        now: NOW,
    };
    let event = event::View {
        event: happening(text),
        description: text.to_owned(),
        test_for: Some(WebhookId(ID)),
        why: vec![why(text), why(text)],
        resent: Some(Outcome { sent: 3, acknowledged: 2 }),
        now: NOW,
    };
    let event_type = event_type::View {
        name: text.to_owned(),
        resource: text.to_owned(),
        description: text.to_owned(),
        sample: text.to_owned(),
    };
    let list = deliveries::View { deliveries: table(text), pager: pager(text), now: NOW };
    let delivery = delivery::View {
        delivery: sending(text, DeliveryState::Pending),
        webhook: Some(text.to_owned()),
        attempts: attempts(text),
        why: text.to_owned(),
        body: text.to_owned(),
        resent: Some(Outcome { sent: 1, acknowledged: 1 }),
        now: NOW,
    };
    vec![
        ("overview", overview.render(frame).into_string()),
        ("events", events.render(frame).into_string()),
        ("event", event.render(frame).into_string()),
        ("event type", event_type.render(frame).into_string()),
        ("deliveries", list.render(frame).into_string()),
        ("delivery", delivery.render(frame).into_string()),
    ]
}

fn of_endpoints(frame: &Frame, text: &str) -> Vec<(&'static str, String)> {
    let list = endpoints::View {
        endpoints: vec![open_endpoint(text)],
        pager: pager(text),
        was_deleted: true,
        now: NOW,
    };
    let typed = serde_json::json!({ "type": text, text: [text] }).to_string();
    let detail = endpoint::View {
        open: open_endpoint(text),
        requests: vec![
            examined(text, None, Bytes::from(text.to_owned())),
            examined(text, Some(Trouble::Clock), Bytes::from(typed)),
            examined(text, Some(Trouble::NoWebhook), Bytes::from_static(&[0xff; 9])),
        ],
        pager: Pager { number: 1, ..pager(text) },
        was_saved: true,
        now: NOW,
    };
    let empty = endpoint::View {
        open: open_endpoint(text),
        requests: Vec::new(),
        pager: Pager { number: 1, total: 0, ..pager(text) },
        was_saved: false,
        now: NOW,
    };
    let delete = endpoint_delete::View { open: open_endpoint(text) };
    vec![
        ("endpoints", list.render(frame).into_string()),
        ("endpoint", detail.render(frame).into_string()),
        ("endpoint, empty", empty.render(frame).into_string()),
        ("delete endpoint", delete.render(frame).into_string()),
    ]
}

/// The tags of a page, with what stands in quotes emptied: what is left was written by us.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut tag: Option<String> = None;
    let mut quoted = false;
    for character in page.chars() {
        match (&mut tag, character) {
            (None, '<') => tag = Some(String::new()),
            (Some(_), '>') if !quoted => tags.extend(tag.take()),
            (Some(text), '"') => {
                quoted = !quoted;
                text.push('"');
            }
            (Some(text), other) if !quoted => text.push(other),
            _ => {}
        }
    }
    assert!(tag.is_none(), "a tag does not end");
    tags
}

#[test]
fn hostile_texts_come_out_as_texts_on_every_page() {
    let tame = pages("tame");
    for text in hostile().iter().filter(|text| !text.is_empty()) {
        for ((name, page), (_, tame)) in pages(text).iter().zip(&tame) {
            let mut expected = tags(tame);
            let mut found = tags(page);
            // Characters that are named have a tag of ours around their name; a JSON text with
            // quotes inside has more tokens.
            let is_ours = |tag: &String| {
                !tag.starts_with("span") && !tag.starts_with("/span") && !tag.contains("bdi")
            };
            expected.retain(is_ours);
            found.retain(is_ours);
            let begin: String = text.chars().take(40).collect();
            assert_eq!(found, expected, "{name} {begin:?}");
        }
    }
}

#[test]
fn what_turns_a_text_around_is_named_on_every_page_outside_of_fields() {
    for (name, page) in pages("a\u{202e}b\u{2066}c\rd\u{0}e") {
        let outside: String =
            page.split("value=\"").enumerate().fold(String::new(), |mut outside, (index, part)| {
                let part = if index == 0 { part } else { part.split_once('"').unwrap().1 };
                outside.push_str(part);
                outside
            });
        let texts = outside.split('>').filter_map(|part| part.split('<').next());
        for text in texts {
            assert!(!text.contains(['\u{202e}', '\u{2066}', '\r', '\u{0}']), "{name} {text:?}");
        }
    }
}

#[test]
fn empty_texts_leave_every_page_standing() {
    for (name, page) in pages("") {
        assert!(page.ends_with("</html>"), "{name}");
    }
}

#[test]
fn a_failing_webhook_says_until_when_somebody_has_to_have_mended_it() {
    let pages = pages("tame");
    let page = |name: &str| &pages.iter().find(|(of, _)| *of == name).unwrap().1;
    let detail = page("failing webhook");
    for said in [
        "This webhook is close to being disabled",
        "began to fail <time datetime=\"2027-01-15T06:00:00.000Z\"",
        "2 attempts are left",
        "at the earliest <time datetime=\"2027-01-15T16:20:00.000Z\"",
        &format!("href=\"/portal/test/deliveries/{ID}\""),
        "<span class=\"badge bad\">failing</span>",
    ] {
        assert!(detail.contains(said), "{said:?} is not in {detail}");
    }
    assert!(page("overview").contains("Close to being disabled"));
    assert!(page("webhooks").contains("<span class=\"badge bad\">failing</span>"));
    assert!(!page("webhook").contains("close to being disabled"));
}
