//! Weekly rules, their occurrences, and skipped days.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::prebooking_edits::delete;
use super::prebookings::{
    REQUEST, clock_time, named, read_request, request_parameters, request_values, text,
};
use super::{At, Result, Store, instant, millis};
use crate::model::account::Account;
use crate::model::prebooking::{PrebookRequest, Prebooking};
use crate::model::weekly::{Skip, Weekdays, WeeklyRule};

/// Matches a prebooking `p` of a class of rule `r`, unless it has ended without a place.
const STANDING: &str = "p.account = r.account AND p.box = r.box AND p.start = r.start \
     AND lower(coalesce(p.class, '')) = lower(coalesce(r.class, '')) AND coalesce(p.family, '') = coalesce(r.family, '') \
     AND (r.coach IS NULL OR lower(r.coach) = lower(coalesce(p.coach, ''))) \
     AND p.status IN ('pending', 'executing', 'booked', 'waitlisted')";

/// A weekly rule as `prebook add --weekly` gives it.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// The request of each occurrence.
    pub request: PrebookRequest,
    /// The days of the week.
    pub weekdays: Weekdays,
    /// The last day, included; `None` if there is none.
    pub until: Option<NaiveDate>,
}

impl Store {
    /// The weekly rules, or those of one account, in the order of their creation.
    pub fn rules(&self, account: Option<&Account>) -> Result<Vec<WeeklyRule>> {
        let sql = "SELECT * FROM rules WHERE ?1 IS NULL OR account = ?1 ORDER BY id";
        self.list(sql, [account.map(Account::as_str)], read_rule)
    }

    /// Stores a weekly rule. It replaces the request of a rule for the same class on the same weekdays, and of its pending
    /// occurrences; those after a new end are deleted.
    pub fn put_rule(&self, new: &NewRule, now: DateTime<Utc>) -> Result<WeeklyRule> {
        self.transact(|change| {
            let id = match same_rule(change, new)? {
                Some(id) => {
                    update(change, id, new)?;
                    id
                }
                None => insert(change, new, now)?,
            };
            change.query_row("SELECT * FROM rules WHERE id = ?1", [id], read_rule)
        })
    }

    /// The days for which a rule needs no new prebooking, because it has one, it was removed by a user, or the class has one of
    /// its own.
    pub fn settled_days(&self, rule: i64) -> Result<BTreeSet<NaiveDate>> {
        let sql = format!(
            "SELECT day FROM prebookings WHERE rule = ?1 UNION SELECT day FROM removed_occurrences WHERE rule = ?1 \
             UNION SELECT p.day FROM rules r JOIN prebookings p ON {STANDING} WHERE r.id = ?1"
        );
        self.list(&sql, [rule], |row| date(row, "day"))
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
             AND NOT EXISTS (SELECT 1 FROM prebookings p WHERE p.day = :day AND {STANDING}) ON CONFLICT DO NOTHING"
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
        self.transact(|change| {
        insert_skip(change, account, skip)?;
        let waiting = "account = ?1 AND day BETWEEN ?2 AND ?3 AND rule IS NOT NULL AND status IN ('pending', 'executing')";
        let values = params![account.as_str(), skip.from.to_string(), skip.to.to_string()];
        let gone = delete(change, waiting, values)?;
        Ok(gone)
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

fn same_rule(db: &Connection, new: &NewRule) -> rusqlite::Result<Option<i64>> {
    let PrebookRequest {
        account,
        gym,
        first,
        family,
        coach,
        ..
    } = &new.request;
    db.query_row(
        "SELECT id FROM rules WHERE account = ?1 AND box = ?2 AND weekdays = ?3 AND start = ?4 \
         AND lower(coalesce(class, '')) = lower(coalesce(?5, '')) AND coalesce(family, '') = coalesce(?6, '') \
         AND lower(coalesce(coach, '')) = lower(coalesce(?7, ''))",
        params![account.as_str(), gym, new.weekdays.to_string(), clock_time(first), first.class, family, coach],
        |row| row.get(0),
    )
    .optional()
}

fn update(db: &Connection, id: i64, new: &NewRule) -> rusqlite::Result<()> {
    let parameters = request_parameters();
    let mut values = request_values(&new.request);
    values.push((":id", id.into()));
    db.execute(
        &format!("UPDATE rules SET ({REQUEST}) = ({parameters}) WHERE id = :id"),
        &*named(&values),
    )?;
    // the opening that a refusal stated is valid as long as the opening rule is the same
    let sql = format!(
        "UPDATE prebookings SET ({REQUEST}) = ({parameters}), moved_to = CASE WHEN opens IS :opens THEN moved_to END \
         WHERE rule = :id AND status IN ('pending', 'executing')"
    );
    db.execute(&sql, &*named(&values))?;
    let until = new.until.map(|day| day.to_string());
    db.execute(
        "UPDATE rules SET until = ?1 WHERE id = ?2",
        params![until, id],
    )?;
    let over = "rule = ?1 AND day > ?2 AND status IN ('pending', 'executing')";
    delete(db, over, params![id, until]).map(|_| ())
}

fn insert(db: &Connection, new: &NewRule, now: DateTime<Utc>) -> rusqlite::Result<i64> {
    let sql = format!(
        "INSERT INTO rules ({REQUEST}, weekdays, until, created_at) VALUES ({}, :weekdays, :until, :now) RETURNING id",
        request_parameters()
    );
    let mut values = request_values(&new.request);
    values.push((":weekdays", new.weekdays.to_string().into()));
    values.push((":until", new.until.map(|day| day.to_string()).into()));
    values.push((":now", millis(now).into()));
    db.query_row(&sql, &*named(&values), |row| row.get(0))
}

fn skips(db: &Connection, account: &Account) -> rusqlite::Result<Vec<Skip>> {
    let mut query =
        db.prepare_cached("SELECT first, last FROM skips WHERE account = ?1 ORDER BY first, last")?;
    let rows = query.query_map([account.as_str()], |row| {
        Ok(Skip {
            from: date(row, "first")?,
            to: date(row, "last")?,
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
    let until: Option<String> = row.get("until")?;
    Ok(WeeklyRule {
        id: row.get("id")?,
        request: read_request(row)?,
        weekdays: text(row, "weekdays", str::parse)?,
        until: until.map(|_| date(row, "until")).transpose()?,
        created_at: instant(row, "created_at")?,
    })
}

fn date(row: &Row<'_>, column: &str) -> rusqlite::Result<NaiveDate> {
    text(row, column, |day| {
        NaiveDate::parse_from_str(day, "%Y-%m-%d")
    })
}
