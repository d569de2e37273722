//! What a transaction that records has to know first, and what then is to be written: decided here,
//! without the database.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    event::Event,
    fan_out::{first_state, first_state_for_only},
    id::WebhookId,
};
use herald_store::{Idempotency, Receipt, Record, Recorded, StoreError};

use crate::{
    Shared,
    codec::limit,
    failure::{Failed, Outcome},
    registry::{Environment, Hook},
    transaction::Tx,
};

/// What was asked for.
pub(super) struct Known {
    environments: HashMap<EnvironmentId, Arc<Environment>>,
    /// By environment and key: the fingerprint, and the receipt.
    earlier: HashMap<(i64, String), ([u8; 32], Receipt)>,
    numbers: std::vec::IntoIter<i64>,
}

/// What is to be written of a record.
pub(super) struct Planned {
    pub environment: Arc<Environment>,
    pub events: Vec<Numbered>,
    pub receipt: Receipt,
}

/// An event of a record, with its number and who gets it.
pub(super) struct Numbered {
    pub sequence: i64,
    pub matches: Vec<(Hook, DeliveryState)>,
}

impl Known {
    /// Asks for what these records need; `None` if this node's lease is gone. As long as the
    /// transaction lasts, nobody can take the lease away.
    pub(super) async fn read(
        tx: &Tx,
        shared: &Shared,
        records: &[Record],
    ) -> Outcome<Option<Self>> {
        let envs = environments(tx, shared, records).await?;
        let numbers: Vec<i64> = envs.values().copied().collect();
        let lease = shared.node.lease();
        let (held, versions, sequences, earlier) = tokio::try_join!(
            async {
                let sql = "SELECT 1 FROM node WHERE lease = $1 FOR KEY SHARE";
                tx.query_opt(sql, &[&lease]).await
            },
            async {
                let sql = "SELECT env, version FROM environment WHERE env = ANY($1)";
                tx.query(sql, &[&numbers]).await
            },
            sequences(tx, records),
            earlier(tx, &envs, records),
        )?;
        if held.is_none() {
            return Ok(None);
        }
        if shared.node.numbered(&sequences) {
            let sql = "UPDATE node SET fresh_from = least(fresh_from, $2) WHERE lease = $1";
            tx.execute(sql, &[&lease, &sequences[0]]).await?;
        }
        let versions = versions
            .iter()
            .map(|row| Ok((row.try_get("env")?, row.try_get("version")?)))
            .collect::<Outcome<HashMap<i64, i64>>>()?;
        let mut environments = HashMap::with_capacity(envs.len());
        for (id, env) in envs {
            let version = versions.get(&env);
            let version = *version.ok_or_else(|| Failed::corrupt("an account's environment"))?;
            environments.insert(id, shared.registry.environment(tx, (id, env), version).await?);
        }
        Ok(Some(Self { environments, earlier, numbers: sequences.into_iter() }))
    }

    /// The number of a record's environment.
    pub(super) fn env(&self, record: &Record) -> Option<i64> {
        Some(self.environments.get(&record.environment)?.env)
    }

    /// What is to be written, or what the publisher is told instead.
    pub(super) fn plan(&mut self, record: &Record) -> Outcome<Result<Planned, Recorded>> {
        let Some(environment) = self.environments.get(&record.environment).cloned() else {
            return Ok(Err(Recorded::UnknownAccount));
        };
        if let Some(Idempotency { key, fingerprint }) = &record.idempotency
            && let Some((before, receipt)) = self.earlier.get(&(environment.env, key.clone()))
        {
            return Ok(Err(if before == fingerprint {
                Recorded::Replayed(receipt.clone())
            } else {
                Recorded::KeyReused
            }));
        }
        let takes = |hook: &Hook| match record.only {
            Some(only) => first_state_for_only(&hook.destination.webhook, only).is_some(),
            None => true,
        };
        if record.only.is_some() && !environment.hooks.iter().any(takes) {
            return Ok(Err(Recorded::Unwelcome));
        }
        let mut receipt = Receipt { events: Vec::new(), deliveries: 0 };
        let mut events = Vec::with_capacity(record.events.len());
        for event in &record.events {
            let sequence = self.numbers.next().ok_or_else(too_few_numbers)?;
            let matches = matches(&environment, event, record.only);
            receipt.deliveries += matches.len() as u64;
            receipt.events.push((event.id, event.event_type.clone()));
            events.push(Numbered { sequence, matches });
        }
        Ok(Ok(Planned { environment, events, receipt }))
    }

    /// What is planned will be written: the same key again is the same record, in this transaction
    /// too.
    pub(super) fn remember(&mut self, record: &Record, planned: &Planned) {
        if let Some(Idempotency { key, fingerprint }) = &record.idempotency {
            let kept = (*fingerprint, planned.receipt.clone());
            self.earlier.insert((planned.environment.env, key.clone()), kept);
        }
    }
}

fn too_few_numbers() -> Failed {
    StoreError::Internal("fewer numbers than events".to_owned()).into()
}

fn matches(
    environment: &Environment,
    event: &Event,
    only: Option<WebhookId>,
) -> Vec<(Hook, DeliveryState)> {
    let state_of = |hook: &Hook| {
        let webhook = &hook.destination.webhook;
        match only {
            None => first_state(webhook, &event.event_type),
            Some(only) => first_state_for_only(webhook, only),
        }
    };
    let hooks = environment.hooks.iter();
    hooks.filter_map(|hook| Some((hook.clone(), state_of(hook)?))).collect()
}

/// The numbers of the environments whose accounts exist.
async fn environments(
    tx: &Tx,
    shared: &Shared,
    records: &[Record],
) -> Outcome<HashMap<EnvironmentId, i64>> {
    let ids: HashSet<EnvironmentId> = records.iter().map(|record| record.environment).collect();
    let mut envs = HashMap::with_capacity(ids.len());
    for id in ids {
        if let Some(env) = shared.registry.env(tx, id).await? {
            envs.insert(id, env);
        }
    }
    Ok(envs)
}

/// A number for each event, ascending.
async fn sequences(tx: &Tx, records: &[Record]) -> Outcome<Vec<i64>> {
    let wanted = records.iter().map(|record| record.events.len()).sum();
    let sql = "SELECT nextval('event_number') AS seq FROM generate_series(1, $1::bigint)";
    let rows = tx.query(sql, &[&limit(wanted)]).await?;
    let numbers: Outcome<Vec<i64>> = rows.iter().map(|row| Ok(row.try_get("seq")?)).collect();
    let mut numbers = numbers?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// The keys of these records that were used before.
async fn earlier(
    tx: &Tx,
    envs: &HashMap<EnvironmentId, i64>,
    records: &[Record],
) -> Outcome<HashMap<(i64, String), ([u8; 32], Receipt)>> {
    let with_key = records.iter().filter_map(|record| {
        let env = *envs.get(&record.environment)?;
        Some((env, &*record.idempotency.as_ref()?.key))
    });
    let (envs, keys): (Vec<i64>, Vec<&str>) = with_key.unzip();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT i.env, i.key, i.fingerprint, i.receipt
               FROM unnest($1::bigint[], $2::text[]) AS asked (env, key)
               JOIN idempotency AS i ON i.env = asked.env AND i.key = asked.key";
    let mut earlier = HashMap::new();
    for row in tx.query(sql, &[&envs, &keys]).await? {
        let receipt: &[u8] = row.try_get("receipt")?;
        let receipt = serde_json::from_slice(receipt)
            .map_err(|error| Failed::corrupt(format!("a receipt: {error}")))?;
        let key = (row.try_get("env")?, row.try_get("key")?);
        earlier.insert(key, (crate::codec::array(&row, "fingerprint")?, receipt));
    }
    Ok(earlier)
}
