//! That the sealing key is the one that sealed what is in the database.
//!
//! With another key no secret opens, no attempt can be signed, and the schedule of every delivery
//! would run down until its webhook is disabled. So a start with the wrong key is refused: the first
//! start on a database says which one is right, and what was sealed before that was said shows it.

use anyhow::bail;
use herald_domain::account::{EnvironmentId, Mode};
use herald_engine::{Engine, SealKey, Sealer};
use herald_store::{Page, WebhookFilter};

use crate::{
    config::{Config, Database},
    keys::{Keys, secret_key_file},
};

/// Accounts that are looked at for a webhook; one webhook is proof enough.
const ACCOUNTS: u32 = 100;

/// Refuses a key that does not open what is there, or is not the one of the other nodes.
pub(super) async fn check(engine: &Engine, keys: &Keys, config: &Config) -> anyhow::Result<()> {
    if opens_what_is_there(engine, &keys.seal).await? && engine.seals_like_the_others().await? {
        return Ok(());
    }
    keys.take_back();
    let remedy = match config.database {
        Database::Sqlite(_) => {
            "give the right one, or restore secret.key beside the database".into()
        }
        Database::Postgres(_) => format!(
            "every process on one database needs the same. Copy secret.key from the machine on which \
             Herald first started to {}, or give the key as secret_key",
            secret_key_file(config).display()
        ),
    };
    bail!(
        "secret_key is not the key that the signing secrets in this database were sealed with: {remedy}"
    )
}

/// Whether it opens a secret that is there, if any is.
async fn opens_what_is_there(engine: &Engine, key: &SealKey) -> anyhow::Result<bool> {
    let sealer = Sealer::new(key);
    let one = Page::new(1, 1)?;
    for account in engine.list_accounts(Page::new(1, ACCOUNTS)?).await?.items {
        for mode in [Mode::Live, Mode::Test] {
            let environment = EnvironmentId { account: account.id, mode };
            let webhooks = engine.list_webhooks(environment, WebhookFilter::default(), one).await?;
            if let Some(webhook) = webhooks.items.first() {
                return Ok(sealer.open(webhook.id, &webhook.secret).is_ok());
            }
        }
    }
    Ok(true)
}
