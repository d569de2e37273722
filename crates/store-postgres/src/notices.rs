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
