#![allow(unused, clippy::unimplemented)]
//! What the operator is to be told of webhooks, and that a webhook is close to being disabled.

use async_trait::async_trait;
use herald_domain::{
    attempt::ErrorClass,
    id::{AccountId, DeliveryId, EventId, WebhookId},
    notice::{Happened, Notice, Warning},
    time::Timestamp,
    webhook::{Failing, Webhook},
};
use herald_store::{NoticeTaken, Notices, Record, Recorded, Result, Settlement};

use crate::PostgresStore;

#[async_trait]
impl Notices for PostgresStore {
    async fn waiting_notices(&self, limit: usize) -> Result<Vec<Notice>> {
        unimplemented!()
    }

    async fn take_notice(&self, id: EventId, record: Option<Record>) -> Result<NoticeTaken> {
        unimplemented!()
    }
}
pub(crate) async fn warn(
    _: &crate::transaction::Tx,
    _: &crate::Shared,
    _: &crate::tally::Tallies,
    _: crate::settling::DeliveryRow,
    _: (&herald_store::Settlement, &herald_domain::notice::Warning),
) -> crate::failure::Outcome<bool> {
    unimplemented!()
}
pub(crate) async fn note_disabled(
    _: &crate::transaction::Tx,
    _: &crate::Shared,
    _: crate::settling::DeliveryRow,
    _: &herald_store::Settlement,
    _: &herald_domain::webhook::Webhook,
) -> crate::failure::Outcome<()> {
    Ok(())
}
