//! Many change one resource at once: no update is lost, and what the events say changed adds up to
//! the final state.
//!
//! Every accepted update that changes something raises one event. A client that writes what nobody
//! else writes knows which of its updates those are; so the events can be counted.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::support::{
    api::{Answer, Api, text},
    ledger::{self, Entry, Ledger, events},
    world::{Running, World},
};

/// A field of a client that one writer writes, where it stands, and what it may be.
type Field = (&'static str, &'static str, fn(usize) -> String);

/// Sixteen fields of a client; `personDetails` is merged, so its fields stand for themselves.
const FIELDS: [Field; 16] = [
    ("", "mobile", number),
    ("personDetails", "firstName", number),
    ("", "email", |round| format!("client-{round}@example.com")),
    ("", "telephone", number),
    ("", "externalId", number),
    ("", "joinedDate", day),
    ("personDetails", "middleName", number),
    ("personDetails", "lastName", number),
    ("personDetails", "dob", day),
    ("personDetails", "gender", |round| word(&["male", "female", "other"], round)),
    ("personDetails", "nationality", |round| word(&["DE", "FR", "GB"], round)),
    ("personDetails", "birthCountry", |round| word(&["IT", "JP", "US"], round)),
    ("personDetails", "ssn", number),
    ("personDetails", "socialInsuranceNumber", number),
    ("personDetails", "nationalIdentityNumber", number),
    ("personDetails", "taxIdentificationNumber", number),
];

fn number(round: usize) -> String {
    format!("number {round}")
}

fn day(round: usize) -> String {
    format!("20{:02}-{:02}-01", round / 12, round % 12 + 1)
}

fn word(words: &[&str], round: usize) -> String {
    words[round % words.len()].to_owned()
}

/// The base64 of an image: its `mark` three bytes, again and again, a little more than the smallest
/// image has.
fn image(mark: usize) -> String {
    format!("{mark:04}").repeat(11_606)
}

async fn create_client(api: &Api) -> String {
    let client = json!({
        "type": "person",
        "email": "someone@example.com",
        "personDetails": { "firstName": "Jane", "lastName": "Doe" },
    });
    text(&api.post("/v1/clients", &client).await.good()["id"])
}

/// What became of the only client, and how many of its updates were told.
async fn told(running: &Running, client: &str) -> (Entry, usize) {
    let api = running.api();
    let ledger = Ledger::read(&api).await;
    ledger.is_what_the_api_shows(&api).await;
    let events = events(&api).await;
    let updates = events.iter().filter(|event| event["type"] == "client.updated");
    let updates = updates.filter(|event| event["payload"]["id"] == client).count();
    (ledger.entries[client].clone(), updates)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_that_update_different_fields_at_once_lose_nothing() {
    different_fields(2, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_clients_that_update_different_fields_at_once_lose_nothing() {
    different_fields(16, 20).await;
}

/// Each writer has a field of its own, and writes each of its values twice: the second time
/// nothing changes, whatever the others do meanwhile.
async fn different_fields(writers: usize, rounds: usize) {
    let world = World::new().await;
    let running = world.first_start().await;
    ledger::keep(&running.api()).await;
    let client = create_client(&running.api()).await;
    let path = Arc::new(format!("/v1/clients/{client}"));
    let writing: JoinSet<()> = FIELDS[..writers]
        .iter()
        .map(|(within, name, value)| {
            let (api, path) = (running.api(), path.clone());
            async move {
                for round in (0..rounds).flat_map(|round| [round, round]) {
                    let mut field = json!({ *name: value(round) });
                    if !within.is_empty() {
                        field = json!({ *within: field });
                    }
                    let answer = api.post(&path, &field).await.good();
                    assert_eq!(*part(&answer, within, name), value(round), "its own update");
                }
            }
        })
        .collect();
    writing.join_all().await;

    let (entry, updates) = told(&running, &client).await;
    let last = Value::Object(entry.now().clone());
    for (within, name, value) in &FIELDS[..writers] {
        assert_eq!(*part(&last, within, name), value(rounds - 1), "the last update of {name}");
    }
    assert_eq!(updates, writers * rounds, "an event for each update that changed something");
}

/// What stands in this field.
fn part<'a>(client: &'a Value, within: &str, name: &str) -> &'a Value {
    if within.is_empty() { &client[name] } else { &client[within][name] }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_that_update_the_same_field_at_once_are_all_told_and_the_last_stays() {
    same_field(2, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_clients_that_update_the_same_field_at_once_are_all_told_and_the_last_stays() {
    same_field(16, 20).await;
}

/// Every writer writes what nobody else does, so each update changes something.
async fn same_field(writers: usize, rounds: usize) {
    let world = World::new().await;
    let running = world.first_start().await;
    ledger::keep(&running.api()).await;
    let client = create_client(&running.api()).await;
    let writing: JoinSet<Vec<Map<String, Value>>> = (0..writers)
        .map(|writer| {
            let (api, path) = (running.api(), format!("/v1/clients/{client}"));
            async move {
                let mut answers = Vec::new();
                for round in 0..rounds {
                    let metadata =
                        json!({ "writer": writer.to_string(), "round": round.to_string() });
                    let update = json!({ "metadata": metadata });
                    let answer = api.post(&path, &update).await.good();
                    assert_eq!(answer["metadata"], metadata, "its own update");
                    answers.extend(answer.as_object().cloned());
                }
                answers
            }
        })
        .collect();
    let answers = writing.join_all().await;

    let (entry, updates) = told(&running, &client).await;
    assert_eq!(updates, writers * rounds, "an event for each update");
    for of_one in answers {
        let mut states = entry.states.iter();
        for answer in of_one {
            let seen = states.any(|state| *state == answer);
            assert!(seen, "every answer is a state that the client went through, in order");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_both_sides_uploaded_at_once_beside_updates_are_all_kept() {
    const ROUNDS: usize = 15;
    let world = World::new().await;
    let running = world.first_start().await;
    let api = running.api();
    ledger::keep(&api).await;
    let client = create_client(&api).await;
    let document = json!({ "clientId": client, "type": "passport" });
    let document = text(&api.post("/v1/documents", &document).await.good()["id"]);
    let path = format!("/v1/documents/{document}");
    let upload = async |side: &str| {
        for round in 0..ROUNDS {
            let image = json!({ "fileName": format!("{round}.png"), "data": image(round) });
            let answer = api.post(&format!("{path}/upload/{side}"), &image).await.good();
            assert_eq!(answer["documentSide"], side);
        }
    };
    let classify = async || {
        for round in 0..2 * ROUNDS {
            let word = ["proof_of_identity", "proof_of_address"][round % 2];
            api.post(&path, &json!({ "classification": word })).await.good();
        }
    };
    tokio::join!(upload("front"), upload("back"), classify());

    let ledger = Ledger::read(&api).await;
    ledger.is_what_the_api_shows(&api).await;
    let states = ledger.entries[&document].states.len();
    assert_eq!(states, 1 + 4 * ROUNDS, "an event for each upload and each update");
    let last = format!("{}.png", ROUNDS - 1);
    for side in ["front", "back"] {
        let kept = api.get(&format!("{path}/download/{side}")).await.good();
        assert_eq!((&kept["fileName"], &kept["documentSide"]), (&json!(last), &json!(side)));
        assert_eq!(kept["data"], image(ROUNDS - 1), "the image of {side} is the last one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_and_changed_while_its_client_is_deleted_goes_with_it_or_is_refused() {
    const ROUNDS: usize = 20;
    const WRITERS: usize = 15;
    let world = World::new().await;
    let running = world.first_start().await;
    let api = running.api();
    ledger::keep(&api).await;
    let (mut accepted, mut refused) = (BTreeSet::new(), 0);
    for _ in 0..ROUNDS {
        let client = create_client(&api).await;
        let mut writing: JoinSet<Answer> = (0..WRITERS)
            .map(|writer| {
                let (api, client) = (running.api(), client.clone());
                async move { one_of_three(&api, &client, writer).await }
            })
            .collect();
        let first = writing.join_next().await.expect("there are some").expect("it ends");
        let path = format!("/v1/clients/{client}");
        let ((), others) = tokio::join!(api.delete(&path), writing.join_all());
        for answer in others.into_iter().chain([first]) {
            match answer.status.as_u16() {
                200 => drop(accepted.insert(text(&answer.body["id"]))),
                404 => refused += 1,
                status => panic!("{status}: {}", answer.body),
            }
        }
    }
    let ledger = Ledger::read(&api).await;
    ledger.is_what_the_api_shows(&api).await;
    for kind in ["client", "address", "document"] {
        assert_eq!(ledger.living(kind).count(), 0, "a {kind} is left");
    }
    assert!(accepted.iter().all(|id| ledger.entries.contains_key(id)), "each accepted one is told");
    assert!(refused > 0, "hardly anything was tested");
}

/// Makes an address or a document of the client, or changes the client.
async fn one_of_three(api: &Api, client: &str, writer: usize) -> Answer {
    let address = json!({
        "clientId": client, "line": "1 Main Street", "city": "London", "country": "GB",
    });
    let document = json!({ "clientId": client, "type": "passport" });
    match writer % 3 {
        0 => api.post("/v1/addresses", &address).await,
        1 => api.post("/v1/documents", &document).await,
        _ => {
            let change = json!({ "mobile": writer.to_string() });
            api.post(&format!("/v1/clients/{client}"), &change).await
        }
    }
}
