//! Gyms: what the platform tells of them, what the user has set, what refusals have taught.

use rusqlite::{Row, params};

use super::prebookings::text;
use super::{Result, Store};
use crate::model::account::Account;
use crate::model::opening::{Learned, Rule};
use crate::model::zone::parse_zone;

/// One gym as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxRow {
    /// the first label of its host, which is what `--box` means
    pub name: String,
    /// the remembered host of `centre_url`, when it lies within the configured domain
    pub host: Option<String>,
    /// as the platform tells it, for the `box=` of every call; `None` while unknown
    pub id: Option<i64>,
    /// the gym's own name, such as "CrossFit Demo"
    pub title: Option<String>,
    /// the number that `boxes set --id` gave; it beats `id`
    pub set_id: Option<i64>,
    /// the zone that `boxes set --timezone` gave, an IANA name
    pub timezone: Option<String>,
    /// the rule that `boxes set --opens` gave, as [`crate::model::opening::Rule`] writes it
    pub opens: Option<String>,
    /// the rule that refusals have taught, such as `4d?`; any set rule beats it
    pub learned: Option<String>,
}

/// A gym as a login, whoami or `/home` names it.
#[derive(Debug, Clone)]
pub struct FoundBox {
    /// the first label of its host
    pub name: String,
    /// the host that `centre_url` names, or the link on `/home`
    pub host: String,
    /// for the `box=` of every call; `None` where it was not told
    pub id: Option<i64>,
    /// the gym's own name, where it was told
    pub title: Option<String>,
}

/// What `boxes set` may change; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct BoxSettings {
    /// the number for the `box=` of every call
    pub id: Option<i64>,
    /// an IANA name
    pub timezone: Option<String>,
    /// an opening rule
    pub opens: Option<String>,
}

const COLUMNS: &str = "name, host, id, title, set_id, timezone, opens, learned";

impl Store {
    /// Remember the gyms of an account. Facts that are missing now do not erase known ones.
    pub fn put_boxes(&self, account: &Account, found: &[FoundBox]) -> Result<()> {
        self.transact(|change| {
        for gym in found {
            change
                .execute(
                    "INSERT INTO boxes (name, host, id, title) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                     host = excluded.host, id = coalesce(excluded.id, id), title = coalesce(excluded.title, title)",
                    params![gym.name, gym.host, gym.id, gym.title],
                )?;
            change
                .execute(
                    "INSERT INTO account_boxes (account, box) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    params![account.as_str(), gym.name],
                )?;
        }
        Ok(())
        })
    }

    /// The gyms of an account, by name.
    pub fn boxes_of(&self, account: &Account) -> Result<Vec<BoxRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM boxes WHERE name IN (SELECT box FROM account_boxes WHERE account = ?1) ORDER BY name"
        );
        self.list(&sql, [account.as_str()], read)
    }

    /// One gym by its name, whoever trains there.
    pub fn gym(&self, name: &str) -> Result<Option<BoxRow>> {
        let sql = format!("SELECT {COLUMNS} FROM boxes WHERE name = ?1");
        self.find(&sql, [name], read)
    }

    /// Settings of the user's own; a gym that is not known yet is made.
    pub fn set_box(&self, name: &str, set: &BoxSettings) -> Result<()> {
        self.execute(
                "INSERT INTO boxes (name, set_id, timezone, opens) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                 set_id = coalesce(excluded.set_id, set_id), timezone = coalesce(excluded.timezone, timezone), \
                 opens = coalesce(excluded.opens, opens)",
                params![name, set.id, set.timezone, set.opens],
            )?;
        Ok(())
    }

    /// A gym's numeric id, found on its own pages.
    pub fn put_box_id(&self, name: &str, id: i64) -> Result<()> {
        self.execute(
                "INSERT INTO boxes (name, id) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET id = excluded.id",
                params![name, id],
            )?;
        Ok(())
    }

    /// What a refusal told about the opening. `true` when that is news.
    pub fn learn_opening(&self, name: &str, learned: &str) -> Result<bool> {
        let changed = self.execute(
                "INSERT INTO boxes (name, learned) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET learned = excluded.learned \
                 WHERE learned IS NOT excluded.learned",
                params![name, learned],
            )?;
        Ok(changed == 1)
    }

    /// Drop what a refusal has taught, now that it has turned out to be wrong. `false`: something
    /// else is stored by now.
    pub fn forget_opening(&self, name: &str, learned: &str) -> Result<bool> {
        let changed = self.execute(
            "UPDATE boxes SET learned = NULL WHERE name = ?1 AND learned = ?2",
            params![name, learned],
        )?;
        Ok(changed == 1)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<BoxRow> {
    checked(row, "timezone", parse_zone)?;
    checked(row, "opens", str::parse::<Rule>)?;
    checked(row, "learned", str::parse::<Learned>)?;
    Ok(BoxRow {
        name: row.get("name")?,
        host: row.get("host")?,
        id: row.get("id")?,
        title: row.get("title")?,
        set_id: row.get("set_id")?,
        timezone: row.get("timezone")?,
        opens: row.get("opens")?,
        learned: row.get("learned")?,
    })
}

/// Fails if a column that may be NULL holds a text that cannot be read (promise 11).
fn checked<T>(
    row: &Row<'_>,
    column: &str,
    read: impl FnOnce(&str) -> std::result::Result<T, String>,
) -> rusqlite::Result<()> {
    let raw: Option<String> = row.get(column)?;
    raw.map_or(Ok(()), |_| text(row, column, read).map(|_| ()))
}
