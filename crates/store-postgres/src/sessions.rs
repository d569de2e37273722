//! Links into the portal, and sessions in it.

use async_trait::async_trait;
use herald_domain::{
    id::AccountId,
    session::{NewSession, PortalLink, Role, SESSION_IDLE, Session},
    time::Timestamp,
};
use herald_store::{Result, Sessions};
use tokio_postgres::Row;

use crate::{
    PostgresStore, Shared,
    codec::{array, code, environment, limit as at_most, object_id, time},
    failure::{Failed, Outcome},
    transaction::Tx,
};

/// A link, with the id of its account.
const LINKS: &str = "
    SELECT l.hash, l.env, l.role, l.created_at, l.expires_at, a.id AS account
    FROM portal_link AS l JOIN account AS a ON a.num = l.env / 2 WHERE l.hash = $1";

/// A session, with the id of its account.
const SESSIONS: &str = "
    SELECT s.hash, s.role, s.created_at, s.seen_at, s.expires_at, a.id AS account
    FROM portal_session AS s JOIN account AS a ON a.num = s.account WHERE s.hash = $1";

#[async_trait]
impl Sessions for PostgresStore {
    async fn create_link(&self, link: PortalLink) -> Result<bool> {
        self.write((self.shared.clone(), link), |tx, given| async move {
            let (shared, link) = &*given;
            insert_link(&tx, shared, link).await
        })
        .await
    }

    async fn link(&self, hash: [u8; 32]) -> Result<Option<PortalLink>> {
        self.look_up(hash, |tx, hash| async move {
            tx.query_opt(LINKS, &[&&hash[..]]).await?.as_ref().map(read_link).transpose()
        })
        .await
    }

    async fn use_link(&self, link: [u8; 32], session: NewSession) -> Result<Option<PortalLink>> {
        self.write(self.shared.clone(), move |tx, shared| async move {
            use_link(&tx, &shared, link, session).await
        })
        .await
    }

    async fn session(&self, hash: [u8; 32]) -> Result<Option<Session>> {
        self.look_up(hash, |tx, hash| async move {
            tx.query_opt(SESSIONS, &[&&hash[..]]).await?.as_ref().map(read_session).transpose()
        })
        .await
    }

    async fn note_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()> {
        self.write(hash, move |tx, hash| async move {
            let sql = "UPDATE portal_session SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";
            tx.execute(sql, &[&&hash[..], &at.millis()]).await?;
            Ok(())
        })
        .await
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<bool> {
        self.write(hash, |tx, hash| async move {
            let sql = "DELETE FROM portal_session WHERE hash = $1";
            Ok(tx.execute(sql, &[&&hash[..]]).await? > 0)
        })
        .await
    }

    async fn end_sessions(&self, account: AccountId) -> Result<usize> {
        self.write(self.shared.clone(), move |tx, shared| async move {
            end_sessions(&tx, &shared, account).await
        })
        .await
    }

    async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize> {
        self.write((), move |tx, _| async move { expire_sessions(&tx, now, limit).await }).await
    }
}

async fn insert_link(tx: &Tx, shared: &Shared, link: &PortalLink) -> Outcome<bool> {
    let Some(env) = shared.registry.env(tx, link.environment).await? else { return Ok(false) };
    let sql = "INSERT INTO portal_link (hash, env, role, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5)";
    let (hash, role) = (&link.hash[..], link.role as i16);
    let (created_at, expires_at) = (link.created_at.millis(), link.expires_at.millis());
    tx.execute(sql, &[&hash, &env, &role, &created_at, &expires_at]).await?;
    Ok(true)
}

async fn use_link(
    tx: &Tx,
    shared: &Shared,
    hash: [u8; 32],
    new: NewSession,
) -> Outcome<Option<PortalLink>> {
    // Of many at once, one gets the lock; the others wait, and find the link gone.
    let found = tx.query_opt(&format!("{LINKS} FOR UPDATE OF l"), &[&&hash[..]]).await?;
    let link = found.as_ref().map(read_link).transpose()?;
    let Some(link) = link.filter(|link| link.is_open(new.at)) else { return Ok(None) };
    tx.execute("DELETE FROM portal_link WHERE hash = $1", &[&&hash[..]]).await?;
    let session = new.by(&link);
    let Some(account) = shared.registry.account(tx, session.account).await? else {
        return Err(Failed::corrupt("a link of an account that is not there"));
    };
    let sql = "INSERT INTO portal_session (hash, account, role, created_at, seen_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let times = [session.created_at, session.seen_at, session.expires_at].map(Timestamp::millis);
    let (hash, role) = (&session.hash[..], session.role as i16);
    tx.execute(sql, &[&hash, &account, &role, &times[0], &times[1], &times[2]]).await?;
    Ok(Some(link))
}

/// Removes links first: whoever is using one meanwhile is waited for, and the session that has begun
/// by it is seen by the statement that follows.
async fn end_sessions(tx: &Tx, shared: &Shared, account: AccountId) -> Outcome<usize> {
    let Some(account) = shared.registry.account(tx, account).await? else { return Ok(0) };
    let sql = "DELETE FROM portal_link WHERE env IN ($1::bigint * 2, $1::bigint * 2 + 1)";
    tx.execute(sql, &[&account]).await?;
    let sql = "DELETE FROM portal_session WHERE account = $1";
    Ok(many(tx.execute(sql, &[&account]).await?))
}

/// Removes links first, then sessions, as far as the limit goes.
async fn expire_sessions(tx: &Tx, now: Timestamp, limit: usize) -> Outcome<usize> {
    // What another node is removing it passes over; whoever was just noted to be there stays.
    let links = "DELETE FROM portal_link WHERE hash = ANY (ARRAY
                     (SELECT hash FROM portal_link WHERE expires_at <= $1
                      LIMIT $2 FOR UPDATE SKIP LOCKED))";
    let sessions = "DELETE FROM portal_session WHERE hash = ANY (ARRAY
                        (SELECT hash FROM portal_session WHERE expires_at <= $1 OR seen_at <= $3
                         LIMIT $2 FOR UPDATE SKIP LOCKED))";
    let gone = many(tx.execute(links, &[&now.millis(), &at_most(limit)]).await?);
    let (left, idle) = (at_most(limit.saturating_sub(gone)), now.before(SESSION_IDLE).millis());
    let ended = many(tx.execute(sessions, &[&now.millis(), &left, &idle]).await?);
    Ok(gone + ended)
}

fn many(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

fn read_link(row: &Row) -> Outcome<PortalLink> {
    Ok(PortalLink {
        hash: array(row, "hash")?,
        environment: environment(AccountId(object_id(row, "account")?), row.try_get("env")?),
        role: role(row)?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn read_session(row: &Row) -> Outcome<Session> {
    Ok(Session {
        hash: array(row, "hash")?,
        account: AccountId(object_id(row, "account")?),
        role: role(row)?,
        created_at: time(row, "created_at")?,
        seen_at: time(row, "seen_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn role(row: &Row) -> Outcome<Role> {
    let role = code(row, "role")?;
    Role::from_code(role).ok_or_else(|| Failed::corrupt(format!("{role} as role")))
}
