//! An installation in a folder of its own, with an authority that it trusts, so that receivers on
//! loopback can speak TLS as receivers on the internet do.

use std::{fs, path::PathBuf};

use herald_testkit::{
    home::Home,
    tls::{Authority, Identity, Leaf},
};
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    api::{Api, text},
    program::{Server, herald, with_variables},
};

/// The operator's key of these installations.
pub(crate) const OPERATOR_KEY: &str = "the-operator-of-this-test";

/// An installation: its folder, its configuration, whom it trusts.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) folder: TempDir,
    pub(crate) receiver: Identity,
    more: Vec<(&'static str, String)>,
}

/// A running installation, and the keys that its first start has shown.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) keys: Keys,
}

/// What opens an installation.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) account: String,
    pub(crate) test: String,
}

impl World {
    /// An installation with the test's usual configuration.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// An installation with more variables.
    pub(crate) async fn with(more: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a test can make a folder");
        let home = Home::of(crate::BACKEND, folder.path()).await;
        let authority = Authority::new();
        fs::write(folder.path().join("ca.pem"), authority.certificate_pem()).expect("it is ours");
        let receiver = authority.issue(Leaf::Valid);
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { home, folder, receiver, more }
    }

    /// `herald` with this installation's configuration.
    pub(crate) fn herald(&self, arguments: &[&str]) -> Command {
        let mut command = with_variables(
            herald(arguments),
            [
                ("HERALD_LISTEN", "127.0.0.1:0"),
                ("HERALD_OPERATOR_KEY", OPERATOR_KEY),
                ("HERALD_DELIVERY__ALLOWED_NETWORKS", "127.0.0.0/8"),
                ("HERALD_DELIVERY__EXTRA_CA_FILE", "ca.pem"),
            ],
        );
        command.envs(self.home.variables());
        command.envs(self.more.iter().cloned()).current_dir(self.folder.path());
        command
    }

    /// Starts it for the first time.
    pub(crate) async fn first_start(&self) -> Running {
        self.first_start_as(|command| command).await
    }

    /// Starts it for the first time, by a command that `change` makes of the usual one.
    pub(crate) async fn first_start_as(&self, change: impl FnOnce(Command) -> Command) -> Running {
        let server = Server::start(change(self.herald(&["serve"]))).await;
        let keys = Keys { account: server.told("account"), test: server.told("test key") };
        Running { server, keys }
    }

    /// Starts it again.
    pub(crate) async fn start(&self, keys: &Keys) -> Running {
        let server = Server::start(self.herald(&["serve"])).await;
        Running { server, keys: keys.clone() }
    }

    /// A file with the receiver's certificate and one with its key, for receivers in other
    /// languages.
    pub(crate) fn receiver_files(&self) -> (PathBuf, PathBuf) {
        let (certificate, key) =
            (self.folder.path().join("receiver.pem"), self.folder.path().join("receiver.key"));
        fs::write(&certificate, self.receiver.certificate_pem()).expect("it is ours");
        fs::write(&key, self.receiver.key_pem()).expect("it is ours");
        (certificate, key)
    }
}

impl Running {
    /// The customer's API.
    pub(crate) fn api(&self) -> Api {
        Api::new(self.server.address, &self.keys.test)
    }

    /// The operator's API.
    pub(crate) fn operator(&self) -> Api {
        Api::new(self.server.address, OPERATOR_KEY)
    }

    /// Publishes that a client was created; `client` is the JSON of the client. Answers the
    /// event's id.
    pub(crate) async fn publish(&self, client: &str) -> String {
        let body = new_client(&self.keys, client);
        let answer = self.operator().post_text("/operator/v1/events", &body).await;
        text(&answer.good()["events"][0]["id"])
    }
}

/// The body that publishes that a client was created.
pub(crate) fn new_client(keys: &Keys, client: &str) -> String {
    let account = &keys.account;
    format!(
        r#"{{"accountId":"{account}","environment":"test","type":"client.created","resource":{client}}}"#
    )
}
