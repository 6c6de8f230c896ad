//! Many sessions: logged in at the sandbox, or rows that only fill a store.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use aimharder::config::{LoginFlow, Scheme, Server};
use aimharder::model::account::Account;
use aimharder::model::session::SessionRef;
use aimharder::platform::Platform;
use aimharder::secret::Secret;
use aimharder::sessions::lock::Locks;
use aimharder::store::{SessionRow, Store};
use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::home::Home;
use crate::sandbox::{DOMAIN, Sandbox};

const PASSWORD: &str = "one-of-many";
/// Logins at the same time.
const LOGIN_THREADS: usize = 8;

/// Adds accounts to the sandbox and logs in a background session of each, with a token of this age and `setrefresh` done.
pub(crate) fn log_in(
    sandbox: &Sandbox,
    store: &Store,
    count: usize,
    name: &str,
    age: TimeDelta,
) -> Result<()> {
    let accounts: Vec<Value> = (0..count)
        .map(
            |n| json!({ "email": email(name, n), "password": PASSWORD, "boxes": ["crossfitdemo"] }),
        )
        .collect();
    sandbox.control("POST", "accounts", &Value::Array(accounts))?;
    let platform = platform(sandbox);
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..LOGIN_THREADS {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= count {
                        return;
                    }
                    if let Err(error) = log_in_one(&platform, store, &email(name, turn), age) {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        return;
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), |error| Err(error.context("log in many accounts")))
}

pub(crate) fn email(name: &str, n: usize) -> String {
    format!("{name}{n}@example.org")
}

/// The library's client for the sandbox.
pub(crate) fn platform(sandbox: &Sandbox) -> Platform {
    Platform::new(
        Server {
            domain: DOMAIN.to_owned(),
            scheme: Scheme::Http,
            connect_to: Some(sandbox.address),
            timeout: Duration::from_secs(15),
            user_agent: "Mozilla/5.0 (bench)".to_owned(),
            ..Server::default()
        },
        String::new(),
    )
}

fn log_in_one(platform: &Platform, store: &Store, email: &str, age: TimeDelta) -> Result<()> {
    let account: Account = email.parse().map_err(anyhow::Error::msg)?;
    let session = SessionRef::background(&account, "bench");
    let login = platform.log_in(
        LoginFlow::Json,
        account.as_str(),
        &Secret::new(PASSWORD),
        session.fingerprint.as_str(),
    );
    let (mut jar, token, _) = login.map_err(|e| anyhow!("{account}: {e}"))?;
    let token = platform.set_refresh(&mut jar, &token, session.fingerprint.as_str())?;
    let token = Secret::new(token.expose());
    let row = store.put_login(
        &store.hold_codec()?,
        &account,
        &session,
        token.clone(),
        jar.to_json(),
        Utc::now() - age,
    )?;
    mark_refreshed(store, &row, Utc::now())
}

/// Records a `setrefresh` that changed neither token nor cookies.
fn mark_refreshed(store: &Store, row: &SessionRow, at: DateTime<Utc>) -> Result<()> {
    let codec = store.hold_codec()?;
    store.finish_set_refresh(&codec, row, &row.token, &row.cookies, at)?;
    Ok(())
}

/// Makes a session's token look this old; it stays valid.
pub(crate) fn age(store: &Store, row: &SessionRow, age: TimeDelta) -> Result<()> {
    let refreshed = row.refreshed_at;
    let row = store.put_login(
        &store.hold_codec()?,
        &row.account,
        &SessionRef::from(row),
        row.token.clone(),
        row.cookies.clone(),
        Utc::now() - age,
    )?;
    if let Some(at) = refreshed {
        mark_refreshed(store, &row, at)?;
    }
    Ok(())
}

/// Fills the store with fresh sessions that no sandbox knows.
pub(crate) fn fill(home: &Home<'_>, count: usize) -> Result<()> {
    let store = home.store()?;
    let account: Account = "template@example.org".parse().map_err(anyhow::Error::msg)?;
    let session = SessionRef::background(&account, "bench");
    let cookies = json!([
        cookie("amhrdrauth", 32),
        cookie("PHPSESSID", 26),
        cookie("AWSALB", 128),
        cookie("AWSALBCORS", 128)
    ]);
    let row = store.put_login(
        &store.hold_codec()?,
        &account,
        &session,
        Secret::new(format!("69232|1999999999|{}", "0".repeat(32))),
        Secret::new(cookies.to_string()),
        Utc::now(),
    )?;
    mark_refreshed(&store, &row, Utc::now())?;
    drop(store);
    multiply(home, row.id, count.saturating_sub(1))
}

/// A cookie as the jar stores it.
fn cookie(name: &str, length: usize) -> Value {
    json!({
        "raw_cookie": format!("{name}={}; HttpOnly; Path=/; Domain={DOMAIN}", "a".repeat(length)),
        "path": ["/", true], "domain": { "Suffix": DOMAIN }, "expires": "SessionEnd"
    })
}

/// Copies a row, each copy for another account. Written directly, because 100,000 logins through the store would each wait for
/// the disk.
fn multiply(home: &Home<'_>, id: i64, copies: usize) -> Result<()> {
    let db = Connection::open(home.store_path()).context("fill the store")?;
    db.execute(
        "INSERT INTO sessions (account, kind, fingerprint, token, cookies, generation, created_at, used_at, \
         token_updated_at, token_update_count, refreshed_at, refresh_count) \
         WITH RECURSIVE n(i) AS (SELECT 1 WHERE ?2 > 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
         SELECT 'filler' || i || '@example.org', kind, 'bg-' || printf('%040x', i), token, cookies, generation, \
         created_at, used_at, token_updated_at, token_update_count, refreshed_at, refresh_count \
         FROM n, sessions WHERE id = ?1",
        rusqlite::params![id, i64::try_from(copies)?],
    )?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Takes every session's lock once, so that its lock file exists as after a first refresh.
pub(crate) fn lock_once(home: &Home<'_>) -> Result<()> {
    let store = home.store()?;
    let locks = Locks::beside(store.path(), "bench");
    for row in store.sessions(None)? {
        let held = locks.if_free(&row.account, &row.fingerprint);
        held.map_err(|e| anyhow!("lock a session: {e:?}"))?;
    }
    Ok(())
}
