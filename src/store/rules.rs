//! Weekly rules, their occurrences, and skipped days.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc, WeekdaySet};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::prebooking_edits::delete;
use super::prebookings::{
    REQUEST, class_of_rule, class_values, insert, maybe_text, named, read_request,
    request_parameters, request_values, same_request, text,
};
use super::{At, Result, Store, instant, millis};
use crate::model::account::Account;
use crate::model::prebooking::{PrebookRequest, Prebooking};
use crate::model::weekly::{Skip, WeeklyRule, parse_weekdays, weekday_names};

/// Statuses of a prebooking that has not ended without a place.
const STANDING: &str = "('pending', 'executing', 'booked', 'waitlisted')";

impl Store {
    /// The weekly rules, or those of one account, in the order of their creation.
    pub fn rules(&self, account: Option<&Account>) -> Result<Vec<WeeklyRule>> {
        let sql = "SELECT * FROM rules WHERE ?1 IS NULL OR account = ?1 ORDER BY id";
        self.list(sql, [account.map(Account::as_str)], read_rule)
    }

    /// Stores a weekly rule. It replaces the request of a rule for the same class on the same weekdays, and of its pending
    /// occurrences; those after a new end are deleted. `until` is the last day, included.
    pub fn put_rule(
        &self,
        request: &PrebookRequest,
        weekdays: WeekdaySet,
        until: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<WeeklyRule> {
        let until = until.map(|day| day.to_string());
        let weekdays = weekday_names(weekdays).join(",");
        self.transact(|change| {
            let sql = format!(
                "SELECT id FROM rules WHERE {} AND weekdays = :weekdays",
                same_request()
            );
            let mut same = class_values(request);
            same.push((":weekdays", weekdays.clone().into()));
            let old = change.query_row(&sql, &*named(&same), |row| row.get(0));
            let id = if let Some(id) = old.optional()? {
                update(change, id, request, until.clone())?;
                id
            } else {
                let more = [
                    (":weekdays", weekdays.clone().into()),
                    (":until", until.clone().into()),
                    (":created_at", millis(now).into()),
                ];
                insert(change, "rules", request, more)?
            };
            change.query_row("SELECT * FROM rules WHERE id = ?1", [id], read_rule)
        })
    }

    /// The days for which a rule needs no new prebooking, because it has one, it was removed by a user, or the class has one of
    /// its own.
    pub fn settled_days(&self, rule: i64) -> Result<BTreeSet<NaiveDate>> {
        let sql = format!(
            "SELECT day FROM prebookings WHERE rule = ?1 UNION SELECT day FROM removed_occurrences WHERE rule = ?1 \
             UNION SELECT p.day FROM rules r JOIN prebookings p ON {} AND p.status IN {STANDING} WHERE r.id = ?1",
            class_of_rule()
        );
        self.list(&sql, [rule], |row| text(row, "day", str::parse))
    }

    /// Creates a rule's prebookings for these days, except for days that need none by now. Returns the number created.
    pub fn put_occurrences(
        &self,
        rule: i64,
        days: &[NaiveDate],
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let sql = format!(
            "INSERT INTO prebookings (rule, day, created_at, {REQUEST}) SELECT id, :day, :now, {REQUEST} FROM rules r \
             WHERE r.id = :rule \
             AND NOT EXISTS (SELECT 1 FROM removed_occurrences gone WHERE gone.rule = r.id AND gone.day = :day) \
             AND NOT EXISTS (SELECT 1 FROM skips s WHERE s.account = r.account AND :day BETWEEN s.first AND s.last) \
             AND NOT EXISTS (SELECT 1 FROM prebookings p WHERE p.day = :day AND {} AND p.status IN {STANDING}) \
             ON CONFLICT DO NOTHING",
            class_of_rule()
        );
        self.transact(|change| {
            let mut made = 0;
            for day in days {
                let values =
                    named_params! { ":rule": rule, ":day": day.to_string(), ":now": millis(now) };
                made += change.execute(&sql, values)?;
            }
            Ok(made)
        })
    }

    /// The days on which the account's rules book nothing, by date.
    pub fn skips(&self, account: &Account) -> Result<Vec<Skip>> {
        skips(&self.db(), account).at(self.path())
    }

    /// Skips days. Pending occurrences of rules on these days are deleted and returned.
    pub fn put_skip(&self, account: &Account, skip: Skip) -> Result<Vec<Prebooking>> {
        let waiting = "account = ?1 AND day BETWEEN ?2 AND ?3 AND rule IS NOT NULL AND status IN ('pending', 'executing')";
        self.transact(|change| {
            insert_skip(change, account, skip)?;
            let values = params![account.as_str(), skip.from.to_string(), skip.to.to_string()];
            delete(change, waiting, values)
        })
    }

    /// Ends the skip of these days. `false` if none of them was skipped.
    pub fn remove_skip(&self, account: &Account, days: Skip) -> Result<bool> {
        self.transact(|change| {
            let mut found = false;
            for old in skips(change, account)? {
                let Some(left) = old.without(&days) else {
                    continue;
                };
                found = true;
                let sql = "DELETE FROM skips WHERE account = ?1 AND first = ?2 AND last = ?3";
                let values = params![account.as_str(), old.from.to_string(), old.to.to_string()];
                change.execute(sql, values)?;
                for part in left {
                    insert_skip(change, account, part)?;
                }
            }
            Ok(found)
        })
    }
}

fn update(
    db: &Connection,
    id: i64,
    request: &PrebookRequest,
    until: Option<String>,
) -> rusqlite::Result<()> {
    let parameters = request_parameters();
    let mut values = request_values(request);
    values.push((":id", id.into()));
    // the opening that a refusal stated is valid as long as the opening rule is the same
    let sql = format!(
        "UPDATE prebookings SET ({REQUEST}) = ({parameters}), moved_to = CASE WHEN opens IS :opens THEN moved_to END \
         WHERE rule = :id AND status IN ('pending', 'executing')"
    );
    db.execute(&sql, &*named(&values))?;
    let over = "rule = ?1 AND day > ?2 AND status IN ('pending', 'executing')";
    delete(db, over, params![id, until])?;
    values.push((":until", until.into()));
    let sql =
        format!("UPDATE rules SET ({REQUEST}) = ({parameters}), until = :until WHERE id = :id");
    db.execute(&sql, &*named(&values)).map(|_| ())
}

fn skips(db: &Connection, account: &Account) -> rusqlite::Result<Vec<Skip>> {
    let mut query =
        db.prepare_cached("SELECT first, last FROM skips WHERE account = ?1 ORDER BY first, last")?;
    let rows = query.query_map([account.as_str()], |row| {
        Ok(Skip {
            from: text(row, "first", str::parse)?,
            to: text(row, "last", str::parse)?,
        })
    })?;
    rows.collect()
}

fn insert_skip(db: &Connection, account: &Account, skip: Skip) -> rusqlite::Result<()> {
    let sql = "INSERT INTO skips (account, first, last) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    db.execute(
        sql,
        params![account.as_str(), skip.from.to_string(), skip.to.to_string()],
    )
    .map(|_| ())
}

fn read_rule(row: &Row<'_>) -> rusqlite::Result<WeeklyRule> {
    Ok(WeeklyRule {
        id: row.get("id")?,
        request: read_request(row)?,
        weekdays: text(row, "weekdays", parse_weekdays)?,
        until: maybe_text(row, "until", str::parse)?,
        created_at: instant(row, "created_at")?,
    })
}
