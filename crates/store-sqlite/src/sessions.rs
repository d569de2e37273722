//! Links into the portal, and sessions in it.

use async_trait::async_trait;
use herald_domain::{
    id::AccountId,
    session::{NewSession, PortalLink, Role, SESSION_IDLE, Session},
    time::Timestamp,
};
use herald_store::{Result, Sessions};
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use crate::{
    SqliteStore,
    codec::{env_number, environment, object_id, signed, time},
    failure::explain,
    registry::account_number,
};

/// A link, with the id of its account.
const LINKS: &str = "
    SELECT l.*, a.id AS account_id
    FROM portal_link AS l JOIN account AS a ON a.num = l.env / 2 WHERE l.hash = ?1";

/// A session, with the id of its account.
const SESSIONS: &str = "
    SELECT s.*, a.id AS account_id
    FROM portal_session AS s JOIN account AS a ON a.num = s.account WHERE s.hash = ?1";

#[async_trait]
impl Sessions for SqliteStore {
    async fn create_link(&self, link: PortalLink) -> Result<bool> {
        self.writer
            .write(move |session| insert_link(session.connection, &link).map_err(explain))
            .await
    }

    async fn link(&self, hash: [u8; 32]) -> Result<Option<PortalLink>> {
        self.readers.read(move |connection| find_link(connection, hash).map_err(explain)).await
    }

    async fn use_link(&self, link: [u8; 32], session: NewSession) -> Result<Option<PortalLink>> {
        self.writer
            .write(move |writing| use_link(writing.connection, link, session).map_err(explain))
            .await
    }

    async fn session(&self, hash: [u8; 32]) -> Result<Option<Session>> {
        self.readers
            .read(move |connection| {
                connection
                    .prepare_cached(SESSIONS)
                    .and_then(|mut query| query.query_row([hash], read_session).optional())
                    .map_err(explain)
            })
            .await
    }

    async fn note_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()> {
        let sql = "UPDATE portal_session SET seen_at = ?2 WHERE hash = ?1 AND seen_at < ?2";
        self.writer
            .write(move |session| {
                session.connection.execute(sql, params![hash, at.millis()]).map_err(explain)?;
                Ok(())
            })
            .await
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<bool> {
        let sql = "DELETE FROM portal_session WHERE hash = ?1";
        self.writer
            .write(move |session| {
                session.connection.execute(sql, [hash]).map(|ended| ended > 0).map_err(explain)
            })
            .await
    }

    async fn end_sessions(&self, account: AccountId) -> Result<usize> {
        self.writer
            .write(move |session| end_sessions(session.connection, account).map_err(explain))
            .await
    }

    async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize> {
        self.writer
            .write(move |session| expire_sessions(session.connection, now, limit).map_err(explain))
            .await
    }
}

fn insert_link(connection: &Connection, link: &PortalLink) -> rusqlite::Result<bool> {
    let Some(account) = account_number(connection, link.environment.account)? else {
        return Ok(false);
    };
    let sql = "INSERT INTO portal_link (hash, env, role, created_at, expires_at)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.execute(
        sql,
        params![
            link.hash,
            env_number(account, link.environment.mode),
            link.role as u8,
            link.created_at.millis(),
            link.expires_at.millis(),
        ],
    )?;
    Ok(true)
}

fn find_link(connection: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<PortalLink>> {
    connection.prepare_cached(LINKS)?.query_row([hash], read_link).optional()
}

fn use_link(
    connection: &Connection,
    hash: [u8; 32],
    new: NewSession,
) -> rusqlite::Result<Option<PortalLink>> {
    let Some(link) = find_link(connection, hash)?.filter(|link| link.is_open(new.at)) else {
        return Ok(None);
    };
    connection.execute("DELETE FROM portal_link WHERE hash = ?1", [hash])?;
    let session = new.by(&link);
    let sql = "INSERT INTO portal_session (hash, account, role, created_at, seen_at, expires_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.execute(
        sql,
        params![
            session.hash,
            account_number(connection, session.account)?,
            session.role as u8,
            session.created_at.millis(),
            session.seen_at.millis(),
            session.expires_at.millis(),
        ],
    )?;
    Ok(Some(link))
}

fn end_sessions(connection: &Connection, account: AccountId) -> rusqlite::Result<usize> {
    let Some(num) = account_number(connection, account)? else { return Ok(0) };
    connection.execute("DELETE FROM portal_link WHERE env IN (?1, ?1 + 1)", [num * 2])?;
    connection.execute("DELETE FROM portal_session WHERE account = ?1", [num])
}

/// Removes links first, then sessions, as far as the limit goes.
fn expire_sessions(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    let links = "DELETE FROM portal_link WHERE hash IN
                     (SELECT hash FROM portal_link WHERE expires_at <= ?1 LIMIT ?2)";
    let sessions = "DELETE FROM portal_session WHERE hash IN
                        (SELECT hash FROM portal_session
                         WHERE expires_at <= ?1 OR seen_at <= ?3 LIMIT ?2)";
    let gone = connection.execute(links, params![now.millis(), signed(limit as u64)])?;
    let left = limit.saturating_sub(gone);
    let idle = now.before(SESSION_IDLE).millis();
    let ended = connection.execute(sessions, params![now.millis(), signed(left as u64), idle])?;
    Ok(gone + ended)
}

fn read_link(row: &Row<'_>) -> rusqlite::Result<PortalLink> {
    Ok(PortalLink {
        hash: row.get("hash")?,
        environment: environment(AccountId(object_id(row, "account_id")?), row.get("env")?),
        role: role(row)?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn read_session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        hash: row.get("hash")?,
        account: AccountId(object_id(row, "account_id")?),
        role: role(row)?,
        created_at: time(row, "created_at")?,
        seen_at: time(row, "seen_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn role(row: &Row<'_>) -> rusqlite::Result<Role> {
    let unknown = || rusqlite::Error::InvalidColumnType(0, "role".to_owned(), Type::Integer);
    Role::from_code(row.get("role")?).ok_or_else(unknown)
}
