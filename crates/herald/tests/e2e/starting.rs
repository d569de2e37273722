//! Starts: the first one, those that are refused, and the subcommands around them.

use std::process::Stdio;

use herald_testkit::{
    home::Home,
    receiver::{Receiver, Reply},
};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{
    PATIENCE,
    program::{Server, herald, run, with_variables},
    world::World,
};

/// A Herald with no configuration but a free port and where its database is, as somebody has it who
/// has just installed it.
struct Plain {
    home: Home,
    folder: TempDir,
}

impl Plain {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a test can make a folder");
        Self { home: Home::of(crate::BACKEND, folder.path()).await, folder }
    }

    fn start(&self) -> Command {
        let mut command = with_variables(herald(&["serve"]), [("HERALD_LISTEN", "127.0.0.1:0")]);
        command.envs(self.home.variables()).current_dir(self.folder.path());
        command
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_the_first_start_work_when_they_are_pasted() {
    let plain = Plain::new().await;
    let server = Server::start(plain.start()).await;
    let lines = server.greeting.split_once("into a shell:").expect("it says what to try").1;
    let lines = lines.split_once("/docs describes").expect("it names the documentation").0;
    let (lines, _) = lines.rsplit_once('\n').expect("the documentation has its own line");
    // `--fail-with-body` is the test's: pasted by a person, the answer is enough.
    let lines = lines.replace("curl -sS", "curl --fail-with-body -sS");
    let lines =
        format!("command -v curl >&2 || {{ echo 'curl is missing' >&2; exit 1; }}\n{lines}");
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &lines]).current_dir(plain.folder.path());
    shell.stdin(Stdio::null()).kill_on_drop(true);
    let said = run(shell).await;
    assert!(said.status.success(), "{said:?}");
    for expected in [
        r#""secret":""#,
        r#""entityName":"Jo Doe""#,
        r#""deliveries":1"#,
        r#""totalItems":2"#,
        "/portal/link/",
    ] {
        assert!(said.out.contains(expected), "{expected} should be in {}", said.out);
    }
    assert!(server.terminate().await.success());

    let again = Server::start(plain.start()).await;
    assert_eq!(again.greeting, "", "keys are shown once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_are_neither_in_the_log_nor_in_the_database() {
    let world = World::with(&[("HERALD_LOG__LEVEL", "trace")]).await;
    let receiver = Receiver::start_tls(&world.receiver, &["h2"], |_| Reply::ok()).await;
    let log = world.folder.path().join("log");
    let mut command = world.herald(&["serve"]);
    // Standard error goes to a file here, so that all of it can be read.
    let redirected = format!("exec \"$0\" serve 2> {}", log.display());
    let program = command.as_std().get_program().to_owned();
    let variables: Vec<_> = command
        .as_std()
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = with_variables(Command::new("bash"), variables);
    command.args(["-c", &redirected]).arg(program).current_dir(world.folder.path());
    command.kill_on_drop(true);
    let server = Server::start(command).await;
    let test_key = server.told("test key");
    let api = crate::support::api::Api::new(server.address, &test_key);
    let (webhook, secret) = api.create_webhook(&receiver.url("/")).await;
    let rotate = format!("/v1/webhooks/{webhook}/rotateSecret");
    let rotated = api.post(&rotate, &serde_json::json!({})).await.good();
    let new_secret = crate::support::api::text(&rotated["secret"]);
    let test = serde_json::json!({ "type": "client.created" });
    api.post(&format!("/v1/webhooks/{webhook}/test"), &test).await.good();
    receiver.wait_for(1).await;
    assert!(server.terminate().await.success());

    let mut written = std::fs::read(&log).unwrap();
    assert!(!written.is_empty(), "there is a log");
    written.extend(world.home.contents().await);
    for hidden in [test_key.as_str(), &secret, &new_secret, crate::support::world::OPERATOR_KEY] {
        let found = written.windows(hidden.len()).any(|window| window == hidden.as_bytes());
        assert!(!found, "{hidden} should not be written anywhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_used_stops_the_start_with_its_reason() {
    let plain = Plain::new().await;
    for (name, value, reason) in [
        ("HERALD_DELIVERY_TIMEOUT", "1s", "did you mean `HERALD_DELIVERY__TIMEOUT`?"),
        ("HERALD_OPERATOR_KEY", "short", "should have at least 16 characters"),
        ("HERALD_SECRET_KEY", "nothex", "should be 64 hex digits"),
        ("HERALD_DATABASE_URL", "mysql://u:p@h/d", "`HERALD_DATABASE_URL` has an unknown scheme"),
        (
            "HERALD_DATABASE_URL",
            "postgres://u:p@127.0.0.1:1/d",
            "postgres://u@127.0.0.1:1/d cannot",
        ),
        ("HERALD_CONFIG", "nowhere.toml", "nowhere.toml: the file cannot be read"),
        ("HERALD_CATALOGUE_FILE", "nowhere.toml", "catalogue_file nowhere.toml"),
        ("HERALD_DELIVERY__EXTRA_CA_FILE", "nowhere.pem", "nowhere.pem: cannot be read"),
        ("HERALD_LISTEN", "192.0.2.1:1", "cannot listen on 192.0.2.1:1"),
    ] {
        let mut command = plain.start();
        command.env(name, value);
        let said = run(command).await;
        assert_eq!(said.status.code(), Some(1), "{name}: {said:?}");
        assert!(said.err.contains(reason), "{name}: {said:?}");
        assert_eq!(said.out, "", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealing_key_that_does_not_open_the_secrets_stops_the_start() {
    let world = World::new().await;
    let running = world.first_start().await;
    running.api().create_webhook("https://example.com/").await;
    let keys = running.keys.clone();
    assert!(running.server.terminate().await.success());
    let mut command = world.herald(&["serve"]);
    command.env("HERALD_SECRET_KEY", "ab".repeat(32));
    let said = run(command).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(said.err.contains("secret_key is not the key"), "{said:?}");
    assert!(world.start(&keys).await.server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_file_is_itself_a_configuration_that_starts() {
    let plain = Plain::new().await;
    let printed = run(herald(&["config"])).await;
    assert!(printed.status.success());
    std::fs::write(plain.folder.path().join("herald.toml"), &printed.out).unwrap();
    let server = Server::start(plain.start()).await;
    assert!(server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_wrong_beside_a_running_server() {
    let world = World::new().await;
    let running = world.first_start().await;
    running.api().create_webhook("https://example.com/").await;
    let said = run(world.herald(&["doctor"])).await;
    assert!(said.status.success(), "{said:?}");
    assert!(said.out.contains("✓ database:") && said.out.ends_with("all is well\n"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_brings_a_database_up_to_date_and_says_its_version() {
    let world = World::new().await;
    assert!(world.first_start().await.server.terminate().await.success());
    let said = run(world.herald(&["migrate"])).await;
    assert!(
        said.status.success() && said.out.contains("is up to date: schema version"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = world.herald(&["serve"]);
    command.env("HERALD_LISTEN", &address);
    let said = tokio::time::timeout(PATIENCE, run(command)).await.unwrap();
    assert!(said.err.contains(&format!("cannot listen on {address}")), "{said:?}");
}
