//! The first start on an empty database: an account, its keys, and what to try with them. Of several
//! nodes that start at once, one does this.
//!
//! The keys are printed on standard output, once, and never logged. Every command that is printed
//! works when it is pasted; a test runs them.

use std::net::SocketAddr;

use herald_engine::{Engine, NewAccountKeys};

use super::public_url;
use crate::{config::Config, keys::operator_key_file, terminal::say};

/// Makes the account `default` if there is none yet, and says how to begin. Answers whether it did.
pub(super) async fn greet(
    engine: &Engine,
    config: &Config,
    address: SocketAddr,
) -> anyhow::Result<bool> {
    let Some(account) = engine.create_first_account("default").await? else { return Ok(false) };
    say(&greeting(&account, &public_url(config, address), &operator_key(config)));
    Ok(true)
}

/// How a shell gets at the operator's key, without its being shown.
fn operator_key(config: &Config) -> String {
    match config.operator_key {
        Some(_) => "$HERALD_OPERATOR_KEY".into(),
        None => format!("$(cat '{}')", operator_key_file(config).display()),
    }
}

fn greeting(account: &NewAccountKeys, url: &str, operator_key: &str) -> String {
    let NewAccountKeys { account, test, live } = account;
    let id = account.id;
    format!(
        r#"
This database was empty: the account "default" was made. Its keys are shown only now.

  account   {id}
  test key  {test}
  live key  {live}

To try it, paste these lines into a shell:

  # A webhook, for the URL of your receiver; the answer shows its signing secret, once.
  curl -sS {url}/v1/webhooks -H 'Authorization: {test}' \
    -d '{{"url":"https://receiver.example/webhook","enabled":true,"events":["*"]}}'

  # A client is made, which raises an event.
  curl -sS {url}/v1/clients -H 'Authorization: {test}' \
    -d '{{"type":"person","email":"jo@example.com","personDetails":{{"firstName":"Jo","lastName":"Doe"}}}}'

  # A platform that keeps its own clients publishes the event instead, with the operator's key.
  curl -sS {url}/operator/v1/events -H "Authorization: {operator_key}" \
    -d '{{"accountId":"{id}","environment":"test","type":"client.created","resource":{{"id":"5eb04fcd0f3e360008035eb2","type":"person","email":"jo@example.com"}}}}'

  # What became of both.
  curl -sS {url}/v1/deliveries -H 'Authorization: {test}'

  # The same and more in the web portal: the answer is a link that signs you in, once.
  curl -sS {url}/operator/v1/portalLinks -H "Authorization: {operator_key}" \
    -d '{{"accountId":"{id}","role":"manager"}}'

{url}/docs describes every operation.
"#
    )
}
