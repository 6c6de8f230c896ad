//! Boxes: facts from the platform, settings of the user, and opening rules of single classes.

use chrono_tz::Tz;
use rusqlite::{Row, params};

use super::prebookings::{maybe_text, text};
use super::{Result, Store};
use crate::model::account::Account;
use crate::model::box_profile::KnownBox;
use crate::model::opening::{ClassRule, Opening, Rule, Source};
use crate::model::zone::parse_zone;
use crate::text::fold;

const COLUMNS: &str = "name, host, id, title, set_id, timezone, opens";

impl Store {
    /// Stores the boxes of an account. Facts that are missing do not replace known ones.
    pub fn put_boxes(&self, account: &Account, found: &[KnownBox]) -> Result<()> {
        let put = "INSERT INTO boxes (name, host, id, title) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                   host = excluded.host, id = coalesce(excluded.id, id), title = coalesce(excluded.title, title)";
        let link =
            "INSERT INTO account_boxes (account, box) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.transact(|change| {
            for gym in found {
                change.execute(put, params![gym.name, gym.host, gym.id, gym.title])?;
                change.execute(link, params![account.as_str(), gym.name])?;
            }
            Ok(())
        })
    }

    /// The boxes of an account, by name.
    pub fn boxes_of(&self, account: &Account) -> Result<Vec<KnownBox>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM boxes WHERE name IN (SELECT box FROM account_boxes WHERE account = ?1) ORDER BY name"
        );
        self.list(&sql, [account.as_str()], read)
    }

    /// The boxes of an account, or of all; with those that no account has, which `boxes set` made. Ordered by name.
    pub fn boxes(&self, account: Option<&Account>) -> Result<Vec<KnownBox>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM boxes WHERE ?1 IS NULL OR name IN (SELECT box FROM account_boxes WHERE account = ?1) \
             OR name NOT IN (SELECT box FROM account_boxes) ORDER BY name"
        );
        self.list(&sql, [account.map(Account::as_str)], read)
    }

    /// The boxes of each account, by account and box.
    pub fn account_boxes(&self) -> Result<Vec<(Account, String)>> {
        self.list(
            "SELECT account, box FROM account_boxes ORDER BY account, box",
            [],
            |row| Ok((Account::stored(row.get(0)?), row.get(1)?)),
        )
    }

    /// Deletes a box, its settings and its accounts' link to it.
    pub fn remove_box(&self, name: &str) -> Result<()> {
        self.transact(|change| {
            change.execute("DELETE FROM account_boxes WHERE box = ?1", [name])?;
            change.execute("DELETE FROM class_rules WHERE box = ?1", [name])?;
            change.execute("DELETE FROM boxes WHERE name = ?1", [name])?;
            Ok(())
        })
    }

    /// One box by its name, of any account.
    pub fn gym(&self, name: &str) -> Result<Option<KnownBox>> {
        let sql = format!("SELECT {COLUMNS} FROM boxes WHERE name = ?1");
        self.find(&sql, [name], read)
    }

    /// Stores settings of the user: the number, the zone, and the opening rule, which `Some(None)` deletes. `None` leaves a
    /// value as it is. A box that is not known yet is added.
    pub fn set_box(
        &self,
        name: &str,
        id: Option<i64>,
        zone: Option<Tz>,
        opens: Option<Option<Rule>>,
    ) -> Result<()> {
        let rule = opens.flatten().map(|rule| rule.to_string());
        self.execute(
            "INSERT INTO boxes (name, set_id, timezone, opens) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
             set_id = coalesce(excluded.set_id, set_id), timezone = coalesce(excluded.timezone, timezone), \
             opens = CASE WHEN ?5 THEN excluded.opens ELSE opens END",
            params![name, id, zone.map(Tz::name), rule, opens.is_some()],
        )
    }

    /// Stores the number of a box, which is on its own pages.
    pub fn put_box_id(&self, name: &str, id: i64) -> Result<()> {
        let sql = "INSERT INTO boxes (name, id) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET id = excluded.id";
        self.execute(sql, params![name, id])
    }

    /// The opening rules of a box's single classes, by class name.
    pub fn class_rules(&self, name: &str) -> Result<Vec<ClassRule>> {
        let sql =
            "SELECT class, account, opens FROM class_rules WHERE box = ?1 ORDER BY folded, account";
        self.list(sql, [name], read_class_rule)
    }

    /// Stores the opening rule of `boxes set --class`, or deletes it. A box that is not known yet is added.
    pub fn set_class_rule(&self, name: &str, class: &str, rule: Option<Rule>) -> Result<()> {
        self.set_box(name, None, None, None)?;
        match rule {
            Some(rule) => self
                .put_class_rule(name, class, "", &rule.to_string())
                .map(drop),
            None => self.execute(
                "DELETE FROM class_rules WHERE box = ?1 AND account = '' AND folded = ?2",
                params![name, fold(class)],
            ),
        }
    }

    /// Stores the opening rule that a refusal states for a class and an account. Returns whether it is a new one.
    pub fn learn_opening(
        &self,
        name: &str,
        account: &Account,
        class: &str,
        learned: Opening,
    ) -> Result<bool> {
        self.put_class_rule(name, class, account.as_str(), &learned.to_string())
    }

    fn put_class_rule(&self, name: &str, class: &str, account: &str, opens: &str) -> Result<bool> {
        self.changes(
            "INSERT INTO class_rules (box, class, folded, account, opens) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET class = excluded.class, opens = excluded.opens WHERE opens IS NOT excluded.opens",
            params![name, class, fold(class), account, opens],
        )
    }

    /// Deletes a learned rule that a booking contradicts. `false` if another one is stored by now.
    pub fn forget_opening(
        &self,
        name: &str,
        account: &Account,
        class: &str,
        learned: &str,
    ) -> Result<bool> {
        self.changes(
            "DELETE FROM class_rules WHERE box = ?1 AND account = ?2 AND folded = ?3 AND opens = ?4",
            params![name, account.as_str(), fold(class), learned],
        )
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KnownBox> {
    Ok(KnownBox {
        name: row.get("name")?,
        host: row.get("host")?,
        id: row.get("id")?,
        title: row.get("title")?,
        set_id: row.get("set_id")?,
        timezone: maybe_text(row, "timezone", parse_zone)?,
        opens: maybe_text(row, "opens", str::parse)?,
    })
}

fn read_class_rule(row: &Row<'_>) -> rusqlite::Result<ClassRule> {
    let account: String = row.get("account")?;
    let opening = if account.is_empty() {
        let rule = text(row, "opens", str::parse::<Rule>)?;
        Opening::given(rule, Source::Set)
    } else {
        text(row, "opens", Opening::from_learned_text)?
    };
    Ok(ClassRule {
        class: row.get("class")?,
        account: (!account.is_empty()).then(|| Account::stored(account)),
        opening,
    })
}
