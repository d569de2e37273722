//! That the sealing key is the one that sealed what is in the database.
//!
//! With another key no secret opens, no attempt can be signed, and the schedule of every delivery
//! would run down until its webhook is disabled. So a start with the wrong key is refused.

use anyhow::bail;
use herald_domain::account::{EnvironmentId, Mode};
use herald_engine::{Engine, SealKey, Sealer};
use herald_store::{Page, WebhookFilter};

/// Accounts that are looked at for a webhook; one webhook is proof enough.
const ACCOUNTS: u32 = 100;

/// Refuses a key that does not open what is there.
pub(super) async fn check(engine: &Engine, key: &SealKey) -> anyhow::Result<()> {
    let sealer = Sealer::new(key);
    let one = Page::new(1, 1)?;
    for account in engine.list_accounts(Page::new(1, ACCOUNTS)?).await?.items {
        for mode in [Mode::Live, Mode::Test] {
            let environment = EnvironmentId { account: account.id, mode };
            let webhooks = engine.list_webhooks(environment, WebhookFilter::default(), one).await?;
            if let Some(webhook) = webhooks.items.first() {
                if sealer.open(webhook.id, &webhook.secret).is_err() {
                    bail!(
                        "secret_key is not the key that the signing secrets in this database were \
                         sealed with: give the right one, or restore secret.key beside the database"
                    );
                }
                return Ok(());
            }
        }
    }
    Ok(())
}
