//! The commands of a receiver's developer, by the real program: against the real server where it
//! has what they use, and against a Herald that says what the test says.

mod listen;
mod scripted;

use std::path::Path;

use herald_testkit::receiver::{Received, Receiver, Reply};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{
    api::text,
    eventually,
    program::{Said, herald, run},
    world::{Running, World},
};

/// A command against this server.
fn command(running: &Running, arguments: &[&str]) -> Command {
    let mut command = herald(arguments);
    command.env("HERALD_URL", format!("http://{}", running.server.address));
    command.env("HERALD_API_KEY", &running.keys.test);
    command
}

/// What a command says that has to succeed.
async fn said(running: &Running, arguments: &[&str]) -> String {
    let said = run(command(running, arguments)).await;
    assert!(said.status.success(), "{arguments:?}: {said:?}");
    assert_eq!(said.err, "", "{arguments:?}");
    said.out
}

/// The same with `--json`.
async fn json_of(running: &Running, arguments: &[&str]) -> Value {
    let out = said(running, &[arguments, &["--json"]].concat()).await;
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn code(said: &Said) -> i32 {
    said.status.code().expect("it ended by itself")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_shown_changed_and_deleted_from_the_command_line() {
    let world = World::new().await;
    let running = world.first_start().await;
    let made = json_of(
        &running,
        &[
            "webhooks",
            "create",
            "https://example.com/a",
            "--events",
            "client.created,check.completed",
            "--description",
            "Orders",
        ],
    )
    .await;
    let id = text(&made["id"]);
    assert_eq!(text(&made["secret"]).len(), 32);
    assert_eq!(made["events"], json!(["client.created", "check.completed"]));

    let shown = said(&running, &["webhooks", "get", &id]).await;
    assert!(shown.contains("https://example.com/a") && !shown.contains("secret"), "{shown}");
    let table = said(&running, &["webhooks", "list", "--event", "client.created"]).await;
    let [heads, row] = table.lines().collect::<Vec<_>>()[..] else { panic!("{table}") };
    assert!(heads.starts_with("ID ") && row.starts_with(&id) && row.ends_with("Orders"), "{table}");
    let none = said(&running, &["webhooks", "list", "--to", "https://example.com/other"]).await;
    assert_eq!(none, "nothing is found\n");

    said(
        &running,
        &["webhooks", "update", &id, "--to", "https://example.com/b", "--description", ""],
    )
    .await;
    said(&running, &["webhooks", "disable", &id]).await;
    let changed = running.api().webhook(&id).await;
    assert_eq!(changed["url"], "https://example.com/b");
    assert_eq!((&changed["enabled"], &changed["description"]), (&json!(false), &Value::Null));
    let disabled = json_of(&running, &["webhooks", "list", "--enabled", "false"]).await;
    assert_eq!(disabled["items"][0]["id"], id.as_str());
    said(&running, &["webhooks", "enable", &id]).await;
    assert_eq!(running.api().webhook(&id).await["enabled"], true);

    let deleted = said(&running, &["webhooks", "delete", &id]).await;
    assert_eq!(deleted, format!("webhook {id} is deleted\n"));
    let again = run(command(&running, &["webhooks", "delete", &id])).await;
    assert_eq!(code(&again), 1);
    assert!(again.err.contains("refused with 404 resource_not_found"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_types_are_listed_as_people_and_programs_ask_for_them() {
    let world = World::new().await;
    let running = world.first_start().await;
    let known = running.api().get("/v1/eventTypes").await.good();
    let known = known["items"].as_array().unwrap();
    let table = said(&running, &["event-types", "list"]).await;
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("TYPE "), "{table}");
    for (line, event_type) in lines.by_ref().zip(known) {
        assert!(line.starts_with(&text(&event_type["type"])), "{line}");
        assert!(line.ends_with(&text(&event_type["description"])), "{line}");
    }
    assert_eq!((lines.next(), table.lines().count()), (None, known.len() + 1));
    let json = said(&running, &["event-types", "list", "--json"]).await;
    let json: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json, *known);
    let help = said(&running, &["trigger", "--help"]).await;
    assert!(help.contains("herald event-types list"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_deliveries_are_found_with_their_timeline_and_page_by_page() {
    let world = World::new().await;
    let running = world.first_start().await;
    let failing = |_: &Received| Reply::status(503).with_body("busy\u{1b}[31m, later");
    let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], failing).await;
    running.api().create_webhook(&receiver.url("/hook")).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(running.publish(&format!(r#"{{"id":"client-{number}"}}"#)).await);
    }
    eventually("every delivery has had its first attempt", async || {
        let list = running.api().get("/v1/deliveries").await.good();
        let items = list["items"].as_array()?;
        items.iter().all(|delivery| delivery["attemptCount"] == 1).then_some(())
    })
    .await;

    let table = said(&running, &["events", "list", "--page", "2", "--page-size", "2"]).await;
    assert!(table.contains("client-2") && table.contains("client-1"), "{table}");
    assert!(table.ends_with("page 2 of 3, 5 in all; --page or --all shows more\n"), "{table}");
    let all = said(&running, &["events", "list", "--all", "--page-size", "2", "--json"]).await;
    let listed: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed: Vec<_> = listed.iter().rev().map(|event| text(&event["id"])).collect();
    assert_eq!(listed, ids);
    let sent = said(&running, &["events", "get", &ids[0], "--json"]).await;
    let first = receiver.received().into_iter().find(|got| got.event_id() == ids[0]).unwrap();
    assert_eq!(sent.as_bytes().strip_suffix(b"\n").unwrap(), first.body, "the very bytes");

    let of_event = ["deliveries", "list", "--event", &ids[0], "--state", "pending"];
    let found = json_of(&running, &of_event).await;
    let delivery = text(&found["items"][0]["id"]);
    let timeline = said(&running, &["deliveries", "get", &delivery]).await;
    for expected in ["state         pending", "next attempt  2", "#1  ", "503 after ", "failed: "] {
        assert!(timeline.contains(expected), "{expected} in {timeline}");
    }
    assert!(timeline.contains("answered: busy\u{fffd}[31m, later"), "{timeline:?}");
    let none = ["deliveries", "list", "--created-before", "2020-01-01", "--type", "client.created"];
    assert_eq!(json_of(&running, &none).await["totalItems"], 0);
    let recent = ["deliveries", "list", "--created-after", "1h", "--all"];
    assert_eq!(said(&running, &recent).await.lines().count(), 1 + ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_herald_sends_is_verified_offline_and_what_was_changed_is_not() {
    let world = World::new().await;
    let running = world.first_start().await;
    let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], |_| Reply::ok()).await;
    let (_, secret) = running.api().create_webhook(&receiver.url("/hook")).await;
    running.publish(r#"{"id":"client-1","name":"é"}"#).await;
    let got = receiver.wait_for(1).await.remove(0);

    let folder = world.folder.path();
    let lines =
        got.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    std::fs::write(folder.join("headers"), lines.collect::<String>()).unwrap();
    std::fs::write(folder.join("body"), &got.body).unwrap();
    let parsed: Value = serde_json::from_slice(&got.body).unwrap();
    std::fs::write(folder.join("pretty"), serde_json::to_string_pretty(&parsed).unwrap()).unwrap();
    std::fs::write(folder.join("secret"), format!("{secret}\n")).unwrap();

    let headers = ["--headers", "headers"];
    let valid = verify(folder, &[&headers[..], &["--body", "body"]].concat(), 0).await;
    assert_eq!(valid, "valid (complycube+standard)\n");
    let signature = got.header("complycube-signature");
    verify(folder, &["--signature", signature, "--body", "body"], 0).await;
    let (standard, timestamp) = (got.header("webhook-signature"), got.header("webhook-timestamp"));
    let by_hand = ["--signature", standard, "--timestamp", timestamp, "--body", "body"];
    assert_eq!(verify(folder, &by_hand, 0).await, "valid (standard)\n");

    let pretty = verify(folder, &[&headers[..], &["--body", "pretty", "--json"]].concat(), 1).await;
    let pretty: Value = serde_json::from_str(&pretty).unwrap();
    assert_eq!(
        (&pretty["valid"], &pretty["problem"]),
        (&json!(false), &json!("reserialised_body"))
    );
    let later = [&headers[..], &["--body", "body", "--at", "2030-01-01"]].concat();
    assert!(verify(folder, &later, 1).await.contains("its timestamp is"));
    let forged = "0".repeat(64);
    let wrong = verify(folder, &["--signature", &forged, "--body", "body"], 1).await;
    assert!(wrong.contains("another secret"), "{wrong}");
}

/// Runs `herald verify` in this folder, with the secret in a file there.
async fn verify(folder: &Path, arguments: &[&str], expected: i32) -> String {
    let mut command = herald(&[&["verify", "--secret-file", "secret"], arguments].concat());
    command.current_dir(folder);
    let said = run(command).await;
    assert_eq!(code(&said), expected, "{arguments:?}: {said:?}");
    assert_eq!(said.err, "", "{arguments:?}");
    said.out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_has_its_exit_code_and_the_key_is_never_shown() {
    let world = World::new().await;
    let running = world.first_start().await;
    let id = "5eb04fcd0f3e360008035eb2";
    let wrong = ("HERALD_API_KEY", "test_not-a-key-of-anybody");
    let nowhere = ("HERALD_URL", "http://127.0.0.1:9");
    let (no_key, no_url) = (("HERALD_API_KEY", ""), ("HERALD_URL", "localhost:1"));
    let usual = ("NO_COLOR", "1");
    let list = ["webhooks", "list"];
    #[rustfmt::skip]
    let cases: [(_, _, _, &[&str]); 15] = [
        (1, "refused with 401 unauthorized", wrong, &list),
        (1, "refused with 404 resource_not_found", usual, &["deliveries", "get", id]),
        (1, "refused with 400 invalid_request", usual, &["webhooks", "create", "x", "--events", "*"]),
        (2, "the key should be", no_key, &list),
        (2, "24 lower-case hex digits", usual, &["webhooks", "get", "nonsense"]),
        (2, "--state", usual, &["deliveries", "list", "--state", "nonsense"]),
        (2, "--since", usual, &["recover", id, "--since", "yesterday"]),
        (2, "nothing to change", usual, &["webhooks", "update", id]),
        (2, "not both", usual, &["events", "list", "--key", "a", "--key-file", "b"]),
        (2, "no-such-file", usual, &["events", "list", "--key-file", "no-such-file"]),
        (2, "should be a URL", no_url, &list),
        (2, "--events", usual, &["webhooks", "create", "https://example.com/"]),
        (2, "required", usual, &["verify", "--secret", "s"]),
        (3, "http://127.0.0.1:9/ is not reachable", nowhere, &list),
        (3, "is not reachable", nowhere, &["listen"]),
    ];
    for (expected, reason, (name, value), arguments) in cases {
        let mut command = command(&running, arguments);
        command.env(name, value);
        let said = run(command).await;
        assert_eq!(code(&said), expected, "{reason}: {said:?}");
        assert!(said.err.contains(reason), "{reason}: {said:?}");
        let shown = |key| said.err.contains(key);
        assert!(!shown(running.keys.test.as_str()) && !shown("not-a-key"), "{said:?}");
        assert_eq!(said.out, "", "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_from_a_file_and_help_does_not_show_the_one_in_the_environment() {
    let world = World::new().await;
    let running = world.first_start().await;
    let file = world.folder.path().join("key");
    std::fs::write(&file, format!("{}\n", running.keys.test)).unwrap();
    let mut by_file =
        command(&running, &["webhooks", "list", "--key-file", file.to_str().unwrap()]);
    by_file.env_remove("HERALD_API_KEY");
    assert!(run(by_file).await.status.success());
    let mut operators = command(&running, &["webhooks", "list"]);
    operators.env("HERALD_API_KEY", crate::support::world::OPERATOR_KEY);
    let refused = run(operators).await;
    assert!(refused.err.contains("use an account's key"), "{refused:?}");
    let mut help = command(&running, &["webhooks", "list", "--help"]);
    help.env("HERALD_WEBHOOK_SECRET", "hidden-secret");
    let help = run(help).await;
    assert!(!help.out.contains(&running.keys.test) && !help.out.contains("hidden"), "{help:?}");
    // The server is not stopped by variables that are the commands'.
    let mut again = world.herald(&["doctor"]);
    again
        .env("HERALD_URL", "http://h")
        .env("HERALD_API_KEY", "k")
        .env("HERALD_WEBHOOK_SECRET", "s");
    assert!(!run(again).await.out.contains("unknown variable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_reference_explains_itself() {
    let reference = include_str!("../../../../docs/cli.md");
    let commands =
        reference.lines().filter_map(|line| line.strip_prefix("## `herald ")?.strip_suffix('`'));
    let mut count = 0;
    for words in commands {
        let arguments: Vec<_> = words.split(' ').chain(["--help"]).collect();
        let said = run(herald(&arguments)).await;
        assert!(said.status.success() && said.out.contains("Usage: herald "), "{words}: {said:?}");
        count += 1;
    }
    assert!(count >= 25, "the reference has {count} commands");
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_are_scripts_that_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let said = run(herald(&["completions", shell])).await;
        assert!(said.status.success(), "{shell}: {said:?}");
        for word in ["rotate-secret", "deliveries", "forward"] {
            assert!(said.out.contains(word), "{shell} should know {word}");
        }
        if shell == "bash" {
            let mut bash = Command::new("bash");
            bash.args(["-n", "-c", &said.out]);
            assert!(run(bash).await.status.success(), "bash reads its script");
        }
    }
    assert_eq!(code(&run(herald(&["completions", "nonsense"])).await), 2);
}
