//! The store: the time of opening it, and its durable commits per second compared with those of the disk.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use aimharder::model::account::Account;
use aimharder::model::session::SessionRef;
use aimharder::secret::Secret;
use aimharder::store::Store;
use anyhow::{Result, ensure};
use chrono::Utc;

use crate::stats::{Spread, millis};
use crate::table::{Figure, Goal};

const OPENS: usize = 100;
const UPDATES: u32 = 500;
const SYNCS: u32 = 1000;
/// What the end of an update adds to SQLite's log.
const PAGES: usize = 4 * 4096;

pub(crate) fn run() -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("aimharder.db");
    let began = Instant::now();
    let store = Store::open(&path)?;
    let made = millis(began.elapsed());
    let rate = commits(&store)?;
    drop(store);
    let disk = disk(folder.path())?;
    Ok(vec![
        Figure::new("making a store", made, "ms", Goal::None),
        Figure::new(
            format!("opening it, median of {OPENS}"),
            opening(&path)?,
            "ms",
            Goal::None,
        ),
        Figure::new(
            "syncs of 16 KiB to this disk a second",
            disk,
            "",
            Goal::None,
        ),
        Figure::new(
            "durable commits a second, two to a token update",
            rate,
            "",
            Goal::Beside(disk),
        ),
    ])
}

fn opening(path: &Path) -> Result<f64> {
    let times: Result<Vec<Duration>> = (0..OPENS)
        .map(|_| {
            let began = Instant::now();
            let store = Store::open(path)?;
            let time = began.elapsed();
            drop(store);
            Ok(time)
        })
        .collect();
    Ok(Spread::of(times?).median())
}

/// Token updates, begun and ended with a commit each.
fn commits(store: &Store) -> Result<f64> {
    let account: Account = "ana@example.org".parse().map_err(anyhow::Error::msg)?;
    let session = SessionRef::background(&account, "bench");
    let (token, cookies) = (Secret::new("0".repeat(60)), Secret::new("a".repeat(1200)));
    let mut row = store.put_login(
        &store.hold_codec()?,
        &account,
        &session,
        token.clone(),
        cookies.clone(),
        Utc::now(),
    )?;
    let began = Instant::now();
    for _ in 0..UPDATES {
        store.begin_update(&row, Utc::now())?;
        ensure!(
            store.finish_update(&store.hold_codec()?, &row, &token, &cookies, Utc::now())?,
            "a token write was refused"
        );
        row.generation += 1;
    }
    Ok(f64::from(2 * UPDATES) / began.elapsed().as_secs_f64())
}

/// How many small writes to an existing file this disk syncs per second.
fn disk(folder: &Path) -> Result<f64> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(folder.join("disk"))?;
    let page = vec![1_u8; PAGES];
    let round = 64;
    for at in 0..round {
        file.write_all_at(&page, at * PAGES as u64)?;
    }
    file.sync_all()?;
    let began = Instant::now();
    for turn in 0..u64::from(SYNCS) {
        file.write_all_at(&page, turn % round * PAGES as u64)?;
        file.sync_data()?;
    }
    Ok(f64::from(SYNCS) / began.elapsed().as_secs_f64())
}
