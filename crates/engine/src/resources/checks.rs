//! Checks: what they refer to is looked up, and what becomes of them is recorded.

use herald_domain::{
    account::{EnvironmentId, Mode},
    exact_json::Object,
    id::{ObjectId, ResourceId},
    resource::{
        Kind, Resource,
        check::{self, Grounds, NewCheck, Validation},
    },
    time::Timestamp,
};
use herald_store::{Stored, Write};

use super::{Decision, unknown_reference};
use crate::{Engine, Result};

impl Engine {
    /// Makes a pending check. In the test environment it completes by itself soon.
    pub(super) async fn create_check(
        &self,
        environment: EnvironmentId,
        request: Object,
    ) -> Result<Resource> {
        let request = &request;
        let due_after = (environment.mode == Mode::Test).then_some(self.settings.check_delay);
        let check = self
            .change(environment, |now| {
                Box::pin(async move {
                    let new = NewCheck::read(request.clone())?;
                    let client = new.refers_to("clientId").unwrap_or_default();
                    let client = self.referred(environment, Kind::Client, client).await?.resource;
                    let document =
                        self.belonging(environment, Kind::Document, &new, &client).await?;
                    let address = self.belonging(environment, Kind::Address, &new, &client).await?;
                    let grounds = Grounds {
                        client: &client,
                        document: document.as_ref().map(|document| &document.resource),
                        due_at: due_after.map(|delay| now.after(delay)),
                    };
                    let check = check::create(new, grounds, ResourceId(self.ids.next(now)), now)?;
                    let changes = vec![check.change("check.pending", None)];
                    let rests_on = [document, address].into_iter().flatten().map(Write::Rest);
                    let writes = rests_on.chain([Write::Create(check.clone())]).collect();
                    Ok(Decision { changes, writes, answer: check })
                })
            })
            .await?;
        if check.due_at.is_some() {
            self.check_is_due.notify_one();
        }
        Ok(check)
    }

    /// What a person says of a check, or of one of its matches; answers the check as it is then.
    pub async fn validate_check(
        &self,
        environment: EnvironmentId,
        id: ResourceId,
        request: Object,
    ) -> Result<Resource> {
        let request = &request;
        self.change(environment, |now| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Check, id).await?;
                let validation = Validation::read(request.clone())?;
                let Some(after) = check::validate(&before.resource, &validation, now)? else {
                    return Ok(Decision::nothing(before.resource));
                };
                let mut changes = vec![after.change("check.updated", Some(&before.resource))];
                if check::outcome(&before.resource) != check::outcome(&after) {
                    changes.push(after.change("check.completed", None));
                }
                Ok(Decision::update(before, after, changes))
            })
        })
        .await
    }

    /// Reports the result of a pending check; the same again changes nothing.
    pub async fn complete_check(
        &self,
        environment: EnvironmentId,
        id: ResourceId,
        report: Object,
    ) -> Result<Resource> {
        let report = &report;
        self.change(environment, |now| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Check, id).await?;
                self.completed(before, report.clone(), now)
            })
        })
        .await
    }

    /// Reports that a pending check has failed; the same again changes nothing.
    pub async fn fail_check(&self, environment: EnvironmentId, id: ResourceId) -> Result<Resource> {
        self.change(environment, |now| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Check, id).await?;
                failed(before, now)
            })
        })
        .await
    }

    /// Reports what the monitoring of a complete screening has found.
    pub async fn report_monitoring_hit(
        &self,
        environment: EnvironmentId,
        id: ResourceId,
        report: Object,
    ) -> Result<Resource> {
        let report = &report;
        self.change(environment, |now| {
            Box::pin(async move {
                let before = self.stored(environment, Kind::Check, id).await?;
                let new_id = || self.ids.next(now);
                let after = check::monitoring_hit(&before.resource, report.clone(), new_id, now)?;
                Ok(became(before, after, "check.monitoring.attention"))
            })
        })
        .await
    }

    /// What follows from a check's result.
    pub(super) fn completed(
        &self,
        before: Stored,
        report: Object,
        now: Timestamp,
    ) -> Result<Decision<Resource>> {
        let new_id = || -> ObjectId { self.ids.next(now) };
        let after = check::complete(&before.resource, report, new_id, now)?;
        Ok(became(before, after, "check.completed"))
    }

    /// The client's document or address that a check refers to, if it does.
    async fn belonging(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        new: &NewCheck,
        client: &Resource,
    ) -> Result<Option<Stored>> {
        let Some(id) = new.refers_to(&format!("{}Id", kind.noun())) else { return Ok(None) };
        let found = self.referred(environment, kind, id).await?;
        if found.resource.client() != Some(client.id) {
            return Err(unknown_reference(kind, id).into());
        }
        Ok(Some(found))
    }
}

/// What follows from a check's failure.
pub(super) fn failed(before: Stored, now: Timestamp) -> Result<Decision<Resource>> {
    let after = check::fail(&before.resource, now)?;
    Ok(became(before, after, "check.failed"))
}

/// A check after something was reported of it, with the event that tells so; nothing, if it was
/// reported before.
fn became(before: Stored, after: Option<Resource>, event_type: &str) -> Decision<Resource> {
    match after {
        None => Decision::nothing(before.resource),
        Some(after) => {
            let changes = vec![after.change(event_type, None)];
            Decision::update(before, after, changes)
        }
    }
}
