//! Changes of prebookings by users: adding, changing by adding the same again, and removing.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::prebookings::{
    REQUEST, class_of_rule, class_values, insert, named, read_prebooking, request_parameters,
    request_values, same_request,
};
use super::{Result, Store, millis};
use crate::model::account::Account;
use crate::model::prebooking::{PrebookId, PrebookRequest, Prebooking};

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Rules, by number.
    pub rules: Vec<i64>,
    /// As they were last.
    pub prebookings: Vec<Prebooking>,
    /// Prebookings that could not be read, by number.
    pub unreadable: Vec<i64>,
}

impl Store {
    /// Stores a request for one day. It replaces that of the pending prebooking for the same class; one that a weekly rule
    /// made is the user's own from now on.
    pub fn put_prebooking(
        &self,
        request: &PrebookRequest,
        day: NaiveDate,
        moved_to: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Prebooking> {
        let sql = format!(
            "SELECT * FROM prebookings WHERE status IN ('pending', 'executing') AND day = :day AND {} \
             AND coalesce(requested_class_id, '') = coalesce(:requested_class_id, '')",
            same_request()
        );
        let mut same = class_values(request);
        same.push((":day", day.to_string().into()));
        same.push((":requested_class_id", request.class_id.clone().into()));
        self.transact(|change| {
            // one that cannot be read is not replaced (promise 11)
            let old = change.query_row(&sql, &*named(&same), read_prebooking);
            let id = if let Some(Prebooking { id, .. }) = old.optional()? {
                mark_occurrence_removed(change, id)?;
                update(change, id, request, moved_to)?;
                id
            } else {
                let more = [
                    (":day", day.to_string().into()),
                    (":moved_to", moved_to.map(millis).into()),
                    (":created_at", millis(now).into()),
                ];
                insert(change, "prebookings", request, more)?
            };
            let sql = "SELECT * FROM prebookings WHERE id = ?1";
            change.query_row(sql, [id], read_prebooking)
        })
    }

    /// Removes prebookings and weekly rules of an account or of all: all of them, or none if one does not exist, which the
    /// inner `Err` names. With a rule its pending occurrences are removed. A rule does not make an occurrence again that was
    /// removed by hand.
    pub fn remove_prebookings(
        &self,
        ids: &[PrebookId],
        account: Option<&Account>,
    ) -> Result<std::result::Result<Removed, PrebookId>> {
        self.transact(|change| {
            for id in ids {
                let (table, number) = match id {
                    PrebookId::One(id) => ("prebookings", id),
                    PrebookId::Rule(id) => ("rules", id),
                };
                let sql =
                    format!("SELECT 1 FROM {table} WHERE id = ?1 AND (?2 IS NULL OR account = ?2)");
                let values = params![number, account.map(Account::as_str)];
                if !change.prepare_cached(&sql)?.exists(values)? {
                    return Ok(Err(*id));
                }
            }
            let mut removed = Removed::default();
            for id in ids {
                match id {
                    PrebookId::One(id) => remove_one(change, *id, &mut removed)?,
                    PrebookId::Rule(id) => remove_rule(change, *id, &mut removed)?,
                }
            }
            Ok(Ok(removed))
        })
    }

    /// Marks the prebooking of a reservation that the member has cancelled. Weekly rules do not create its occurrence again.
    pub fn cancel_prebooking(&self, account: &Account, reservation: &str) -> Result<()> {
        self.transact(|change| {
            let sql = "UPDATE prebookings SET status = 'cancelled' WHERE account = ?1 AND reservation_id = ?2 \
                       AND status IN ('booked', 'waitlisted') RETURNING id";
            let mut query = change.prepare_cached(sql)?;
            let ids = query.query_map(params![account.as_str(), reservation], |row| row.get(0))?;
            for id in ids.collect::<rusqlite::Result<Vec<i64>>>()? {
                mark_occurrence_removed(change, id)?;
            }
            Ok(())
        })
    }
}

fn remove_one(db: &Connection, id: i64, removed: &mut Removed) -> rusqlite::Result<()> {
    mark_occurrence_removed(db, id)?;
    delete_leniently(db, "id = ?1", id, removed)
}

fn remove_rule(db: &Connection, id: i64, removed: &mut Removed) -> rusqlite::Result<()> {
    let mine = "rule = ?1 AND status IN ('pending', 'executing')";
    delete_leniently(db, mine, id, removed)?;
    let found = db.execute("DELETE FROM rules WHERE id = ?1", [id])? == 1;
    removed.rules.extend(found.then_some(id));
    Ok(())
}

/// Deletes prebookings, also those with a value that cannot be read.
fn delete_leniently(
    db: &Connection,
    filter: &str,
    id: i64,
    removed: &mut Removed,
) -> rusqlite::Result<()> {
    let sql = format!("SELECT * FROM prebookings WHERE {filter} ORDER BY day, start, id");
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query([id])?;
    while let Some(row) = rows.next()? {
        match read_prebooking(row) {
            Ok(prebooking) => removed.prebookings.push(prebooking),
            Err(rusqlite::Error::FromSqlConversionFailure(..)) => {
                removed.unreadable.push(row.get("id")?);
            }
            Err(e) => return Err(e),
        }
    }
    db.execute(&format!("DELETE FROM prebookings WHERE {filter}"), [id])?;
    Ok(())
}

/// Deletes prebookings and returns them, in the order of their days.
pub(super) fn delete(
    db: &Connection,
    filter: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Prebooking>> {
    let sql = format!("DELETE FROM prebookings WHERE {filter} RETURNING *");
    let mut query = db.prepare_cached(&sql)?;
    let mut gone = query
        .query_map(values, read_prebooking)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    gone.sort_by_key(|prebooking| {
        (
            prebooking.day,
            prebooking.request.first.start,
            prebooking.id,
        )
    });
    Ok(gone)
}

/// Keeps all rules for the same class from creating this occurrence again.
fn mark_occurrence_removed(db: &Connection, id: i64) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO removed_occurrences (rule, day) SELECT r.id, p.day FROM prebookings p JOIN rules r ON r.id = p.rule \
         OR ({} AND instr(r.weekdays, substr('sunmontuewedthufrisat', 1 + 3 * strftime('%w', p.day), 3))) \
         WHERE p.id = ?1 AND date(p.day) = p.day ON CONFLICT DO NOTHING",
        class_of_rule()
    );
    db.execute(&sql, [id]).map(|_| ())
}

fn update(
    db: &Connection,
    id: i64,
    request: &PrebookRequest,
    moved_to: Option<DateTime<Utc>>,
) -> rusqlite::Result<()> {
    let parameters = request_parameters();
    // the opening that a refusal stated is valid as long as the opening rule is the same, its message as long as nothing changes
    let sql = format!(
        "UPDATE prebookings SET rule = NULL, ({REQUEST}) = ({parameters}), \
         moved_to = coalesce(:moved_to, CASE WHEN opens IS :opens THEN moved_to END), \
         message = CASE WHEN ({REQUEST}) IS ({parameters}) THEN message END WHERE id = :id"
    );
    let mut values = request_values(request);
    values.push((":moved_to", moved_to.map(millis).into()));
    values.push((":id", id.into()));
    db.execute(&sql, &*named(&values)).map(|_| ())
}
