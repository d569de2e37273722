//! Node and Python scripts that use the official SDKs. They are in `tests/sdk`, where `./test`
//! installs what they need.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{PATIENCE, program::run};

/// A language that has an official SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Node,
    Python,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Language {
    /// A command that runs the script of this name. Fails if its SDK is not installed: a test that
    /// passes without having run would be worse.
    pub(crate) fn script(self, name: &str) -> Command {
        let (program, folder, ending, sdk) = match self {
            Self::Node => (
                PathBuf::from("node"),
                "tests/sdk/node",
                "mjs",
                root().join("tests/sdk/node/node_modules/@complycube/api"),
            ),
            Self::Python => {
                let python = root().join("target/venv/bin/python");
                (python.clone(), "tests/sdk/python", "py", python)
            }
        };
        assert!(
            sdk.exists(),
            "{} is missing: run ./test once, which installs the SDKs",
            sdk.display()
        );
        let mut command = Command::new(program);
        command.arg(root().join(folder).join(format!("{name}.{ending}"))).kill_on_drop(true);
        command
    }

    /// Runs a script to its end; it has to succeed.
    pub(crate) async fn succeed(self, name: &str, variables: &[(&str, &str)]) {
        let mut command = self.script(name);
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        let said = run(command).await;
        assert!(said.status.success(), "{self:?} {name}:\n{}\n{}", said.out, said.err);
    }
}

/// A receiver in another language: it says where it listens, is told the secret, and reports each
/// notification as a line of JSON.
#[derive(Debug)]
pub(crate) struct ScriptedReceiver {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl ScriptedReceiver {
    pub(crate) async fn start(language: Language, certificate: &Path, key: &Path) -> Self {
        let mut command = language.script("receiver");
        command.env("CERTIFICATE", certificate).env("KEY", key);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
                panic!("{language:?} does not run ({error}): run ./test once")
            });
        let input = child.stdin.take().expect("standard input is piped");
        let output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut receiver =
            Self { _child: child, input, output: output.lines(), url: String::new() };
        let port = receiver.report().await["port"].as_u64().expect("it says its port");
        receiver.url = format!("https://127.0.0.1:{port}/webhook");
        receiver
    }

    /// Tells it the secret to verify with.
    pub(crate) async fn tell(&mut self, secret: &str) {
        let line = format!("{secret}\n");
        self.input.write_all(line.as_bytes()).await.expect("it reads");
        self.input.flush().await.expect("it reads");
        assert_eq!(self.report().await["secret"], "known");
    }

    /// Its next report.
    pub(crate) async fn report(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        let line = line.expect("it reports in time").expect("it can be read");
        let line = line.expect("it has not ended");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}
