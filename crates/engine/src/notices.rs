//! Notices: the operator is told of webhooks that are close to being disabled, or were
//! ([`herald_domain::notice`]).
//!
//! What is to be told is noted in the transaction in which it happened, and waits in the store. One
//! loop, woken when something was noted, makes an event of the operator's account of it, in the
//! transaction that takes it off; from there it goes to the notice webhook like any other event.
//! Without a notice webhook it is only counted.
//!
//! The notice webhook is as the configuration says: it is made, or brought in line, at the start.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use herald_domain::{
    account::Account,
    id::WebhookId,
    notice::{NOTICE_WEBHOOK, Notice, OPERATOR, OPERATOR_NAME},
    problem::Problem,
    rotation::SecretChange,
    signature::Secret,
    webhook::{ALL_EVENTS, Subscription, Webhook, WebhookPatch},
};
use herald_store::{Created, NewAccount, NoticeTaken, Record, Recorded, SecretChanged};

use crate::{Engine, EngineError, Result};

/// Notices that are read at once.
const AT_ONCE: usize = 100;

/// How often the loop comes round by itself.
const PERIOD: Duration = Duration::from_secs(10);

/// Where notices go, and what signs them.
#[derive(Clone, Debug)]
pub struct NoticeHook {
    /// Judged as every webhook's.
    pub url: String,
    /// The signing secret.
    pub secret: Secret,
}

/// Runs for as long as the engine is used.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let noted = engine.notice_waits.clone();
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        while let Some(engine) = Weak::upgrade(&engine).filter(|e| !e.dispatcher.is_stopping()) {
            if let Err(error) = engine.tell_what_waits().await {
                tracing::warn!(%error, "notices are put off");
            }
            // An engine that nobody else uses must not be kept alive by its own notices.
            drop(engine);
            tokio::select! {
                () = noted.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    });
}

/// The notice webhook is the configuration's: here its flow may be started and stopped, no more.
pub(crate) fn refuse_if_configured(id: WebhookId) -> Result<(), Problem> {
    if id != NOTICE_WEBHOOK {
        return Ok(());
    }
    let message = "this webhook is made of notice_url and notice_secret in Herald's configuration; \
                   change them there, and start Herald again";
    Err(Problem::unprocessable("webhook_configured", message))
}

impl Engine {
    /// Makes the notice webhook as it is configured, or brings it in line. To be done before
    /// anything is dispatched.
    pub(crate) async fn arrange_notices(&self) -> Result<()> {
        let kept = self.store.webhook(OPERATOR, NOTICE_WEBHOOK).await?;
        let Some(hook) = &self.settings.notice_hook else {
            if kept.is_some_and(|kept| kept.enabled) {
                tracing::info!("notice_url is gone: the notice webhook is disabled");
                let patch = WebhookPatch { enabled: Some(false), ..WebhookPatch::default() };
                let now = self.clock.now();
                self.store.update_webhook(OPERATOR, NOTICE_WEBHOOK, patch, now).await?;
            }
            return Ok(());
        };
        self.check_url(OPERATOR, &hook.url).await.map_err(refused)?;
        match kept {
            None => self.make_notice_webhook(hook).await,
            Some(kept) => self.bring_in_line(hook, &kept).await,
        }
    }

    /// Makes the notice webhook, unless another node that starts at the same time has just done so.
    async fn make_notice_webhook(&self, hook: &NoticeHook) -> Result<()> {
        self.make_operator_account().await?;
        let now = self.clock.now();
        let webhook = Webhook {
            id: NOTICE_WEBHOOK,
            environment: OPERATOR,
            description: Some("Notices of Herald, by notice_url".to_owned()),
            url: hook.url.clone(),
            enabled: true,
            events: Subscription::from_stored(vec![ALL_EVENTS.to_owned()]),
            secret: self.sealer.seal(NOTICE_WEBHOOK, &hook.secret, &*self.chance),
            rotation: None,
            disabled: None,
            failing: None,
            created_at: now,
            updated_at: now,
        };
        match self.store.create_webhook(webhook, u32::MAX).await {
            Ok(Created::Created) => Ok(()),
            Ok(other) => Err(EngineError::Internal(format!("the notice webhook: {other:?}"))),
            Err(error) => match self.store.webhook(OPERATOR, NOTICE_WEBHOOK).await? {
                Some(kept) => self.bring_in_line(hook, &kept).await,
                None => Err(error.into()),
            },
        }
    }

    /// Makes the operator's account, if it is not there. Its id is fixed: of several nodes that make
    /// it at the same time, the store refuses all but one, who then find it.
    async fn make_operator_account(&self) -> Result<()> {
        if self.store.account(OPERATOR.account).await?.is_some() {
            return Ok(());
        }
        let name = OPERATOR_NAME.to_owned();
        let account = Account { id: OPERATOR.account, name, created_at: self.clock.now() };
        let Err(error) = self.store.create_account(NewAccount { account, keys: Vec::new() }).await
        else {
            return Ok(());
        };
        match self.store.account(OPERATOR.account).await? {
            Some(_) => Ok(()),
            None => Err(error.into()),
        }
    }

    async fn bring_in_line(&self, hook: &NoticeHook, kept: &Webhook) -> Result<()> {
        let now = self.clock.now();
        if kept.url != hook.url || !kept.enabled {
            let (url, enabled) = (Some(hook.url.clone()), Some(true));
            let patch = WebhookPatch { url, enabled, ..WebhookPatch::default() };
            self.store.update_webhook(OPERATOR, NOTICE_WEBHOOK, patch, now).await?;
        }
        let is_known = self.sealer.open(NOTICE_WEBHOOK, &kept.secret);
        if is_known.is_ok_and(|known| known == hook.secret) {
            return Ok(());
        }
        let secret = self.sealer.seal(NOTICE_WEBHOOK, &hook.secret, &*self.chance);
        // The one before does not count from now on, as whoever configured another one says.
        let change = SecretChange::Rotate { secret, until: now, switched: true };
        match self.store.change_secret(OPERATOR, NOTICE_WEBHOOK, change, now).await? {
            SecretChanged::Changed(_) => Ok(()),
            other => Err(EngineError::Internal(format!("the notice webhook's secret: {other:?}"))),
        }
    }

    /// Tells everything that waits. One that cannot be told keeps no other from it.
    async fn tell_what_waits(&self) -> Result<()> {
        while !self.dispatcher.is_stopping() {
            let waiting = self.store.waiting_notices(AT_ONCE).await?;
            if waiting.is_empty() {
                break;
            }
            let mut outcome = Ok(());
            for notice in waiting {
                outcome = self.tell(&notice).await.and(outcome);
            }
            outcome?;
        }
        Ok(())
    }

    async fn tell(&self, notice: &Notice) -> Result<()> {
        let record = self.settings.notice_hook.as_ref().map(|_| Record {
            environment: OPERATOR,
            writes: Vec::new(),
            events: vec![notice.event()],
            idempotency: None,
            only: None,
            at: self.clock.now(),
        });
        let ticket = self.dispatcher.ticket();
        match self.store.take_notice(notice.id, record).await? {
            NoticeTaken::Recorded(mut recorded) => {
                self.metrics.noticed(&notice.what);
                self.recorder().accept(ticket, &mut recorded);
                Ok(())
            }
            NoticeTaken::Dropped => {
                self.metrics.noticed(&notice.what);
                Ok(())
            }
            NoticeTaken::Gone => Ok(()),
            NoticeTaken::Refused(refused) => Err(defect(&refused)),
        }
    }
}

fn defect(refused: &Recorded) -> EngineError {
    EngineError::Internal(format!("a notice is refused: {refused:?}"))
}

/// The guard's verdict, in words for who has configured the URL.
fn refused(error: EngineError) -> EngineError {
    let EngineError::Refused(problem) = error else { return error };
    let message = format!(
        "notice_url cannot be used: {}. A receiver on a network of your own needs that network in \
         delivery.allowed_networks",
        problem.message
    );
    Problem::invalid("notice_url", message).into()
}
