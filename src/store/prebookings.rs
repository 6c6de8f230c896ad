//! Prebookings: claimed by one run at a time (promise 9), settled with their result, their requests kept as history.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use chrono::{DateTime, NaiveTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};
use serde::Serialize;

use super::open::connect_to_peek;
use super::{At, Result, Store, instant, maybe_instant, millis, unreadable};
use crate::model::account::Account;
use crate::model::prebooking::{Choice, Lead, PrebookRequest, Prebooking};

/// One booking request and its response.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it was sent, by this machine's clock.
    pub sent_at: DateTime<Utc>,
    /// Time, name and number of the class, for people.
    pub class: String,
    /// The outcome's name, or the kind of the error.
    pub outcome: String,
    /// `bookState` as received. `None` without a response.
    pub book_state: Option<i64>,
    /// The message of AimHarder, cleaned, or of the error.
    pub message: Option<String>,
    /// The clock offset. `None` if it could not be measured.
    pub clock_offset_ms: Option<f64>,
    /// The lateness: how long after the opening it arrived, by the server clock; negative if before it. `None` if the opening or
    /// that clock is unknown.
    pub lateness_ms: Option<f64>,
}

/// The columns that prebookings and weekly rules share.
pub(super) const REQUEST: &str = "account, box, start, class, alternatives, family, waitlist, watch, opens, \
     requested_class_id, coach, exclude, lead, once_a_day";

/// The message of a prebooking that was made pending again.
const REOPENED: &str = "had expired while the clock of this machine was wrong";

impl Store {
    /// One prebooking, in any status.
    pub fn prebooking(&self, id: i64) -> Result<Option<Prebooking>> {
        let sql = "SELECT * FROM prebookings WHERE id = ?1";
        self.find(sql, [id], read_prebooking)
    }

    /// Reads one without waiting for other processes, or for threads that wait for them.
    ///
    /// # Errors
    /// [`super::Error::Busy`] if it cannot be read now.
    pub fn peek(&self, id: i64) -> Result<Option<Prebooking>> {
        let mut peeking = self.peeking.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match peeking.take() {
            Some(connection) => connection,
            None => connect_to_peek(self.path())?,
        };
        let sql = "SELECT * FROM prebookings WHERE id = ?1";
        peeking
            .insert(connection)
            .query_row(sql, [id], read_prebooking)
            .optional()
            .at(self.path())
    }

    /// Those that a run looks at: pending, executing (perhaps by a dead run), and places on waiting lists; in the order they
    /// were added.
    pub fn open_prebookings(&self, account: Option<&Account>) -> Result<Vec<Prebooking>> {
        let open = "status IN ('pending', 'executing', 'waitlisted')";
        self.prebookings_where(open, account)
    }

    /// The prebookings whose class started before it was booked.
    pub fn expired_prebookings(&self, account: Option<&Account>) -> Result<Vec<Prebooking>> {
        self.prebookings_where("status = 'expired'", account)
    }

    /// Makes an expired prebooking pending again, with the reason as its message. `false` if another run has changed it, or if
    /// the class was added again meanwhile.
    pub fn reopen(&self, id: i64) -> Result<bool> {
        self.changes(
            "UPDATE OR IGNORE prebookings SET status = 'pending', message = ?2, tried_at = NULL, problem = NULL, outage_runs = NULL \
             WHERE id = ?1 AND status = 'expired'",
            params![id, REOPENED],
        )
    }

    /// All prebookings, or those of one account, in the order of their creation.
    pub fn prebookings(&self, account: Option<&Account>) -> Result<Vec<Prebooking>> {
        self.prebookings_where("true", account)
    }

    fn prebookings_where(
        &self,
        filter: &str,
        account: Option<&Account>,
    ) -> Result<Vec<Prebooking>> {
        let sql = format!(
            "SELECT * FROM prebookings WHERE {filter} AND (?1 IS NULL OR account = ?1) ORDER BY id"
        );
        self.list(&sql, [account.map(Account::as_str)], read_prebooking)
    }

    /// Claims a prebooking for a run, as it was read. `false` if another run has changed it, or executes a prebooking of the same
    /// account, family member and day, and one of the two has `--once-a-day`; then nothing is written. `is_alive` says whether a
    /// run is alive.
    pub fn claim(
        &self,
        seen: &Prebooking,
        owner: &str,
        is_alive: impl Fn(&str) -> bool,
    ) -> Result<bool> {
        let is_held_up = |db: &Connection| -> rusqlite::Result<bool> {
            let others: Vec<String> = db
                .prepare_cached(
                    "SELECT DISTINCT other.owner FROM prebookings AS other JOIN prebookings AS this USING (account, day) \
                     WHERE this.id = ?1 AND other.id <> ?1 AND other.status = 'executing' AND other.owner <> ?2 \
                     AND other.family IS this.family AND (other.once_a_day OR this.once_a_day)",
                )?
                .query_map(params![seen.id, owner], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(others.iter().any(|other| is_alive(other)))
        };
        // a run that waits for another one asks every second, and the write lock is not taken for that
        if is_held_up(&self.db()).at(self.path())? {
            return Ok(false);
        }
        self.transact(|change| {
            if is_held_up(change)? {
                return Ok(false);
            }
            let changed = change.execute(
                "UPDATE prebookings SET status = 'executing', owner = ?1 \
                 WHERE id = ?2 AND status = ?3 AND owner IS ?4",
                params![owner, seen.id, seen.progress.as_str(), seen.owner],
            )?;
            Ok(changed == 1)
        })
    }

    /// Forgets the opening that a refusal stated.
    pub fn forget_stated_opening(&self, id: i64) -> Result<()> {
        self.execute(
            "UPDATE prebookings SET moved_to = NULL WHERE id = ?1",
            params![id],
        )
    }

    /// Stores the class that is about to be requested, while the claim holds: if this process dies, the next run knows what
    /// to look for.
    pub fn intend(&self, id: i64, owner: &str, class_id: &str) -> Result<()> {
        self.execute(
            "UPDATE prebookings SET class_id = ?1 WHERE id = ?2 AND owner = ?3",
            params![class_id, id, owner],
        )
    }

    /// Stores the result of an execution that sent this number of requests and releases the claim of its owner, or the result for
    /// a place on a waiting list, which is not claimed. `None` keeps the stored reservation, class and later opening. `false`: the
    /// claim was lost, because the prebooking was removed, or another run was quicker.
    pub fn settle(&self, end: &Prebooking, owner: Option<&str>, sent: usize) -> Result<bool> {
        self.changes(
            "UPDATE prebookings SET status = :status, owner = NULL, message = :message, \
             reservation_id = coalesce(:reservation, reservation_id), class_id = coalesce(:class_id, class_id), \
             attempts = attempts + :sent, moved_to = coalesce(:moved_to, moved_to), tried_at = :tried_at \
             WHERE id = :id AND owner IS :owner AND status = iif(:owner IS NULL, 'waitlisted', 'executing')",
            named_params! {
                ":status": end.progress.as_str(), ":message": end.message, ":reservation": end.reservation,
                ":class_id": end.class_id, ":sent": number(sent), ":moved_to": end.moved_to.map(millis),
                ":tried_at": end.tried_at.map(millis), ":id": end.id, ":owner": owner,
            },
        )
    }

    /// Releases a claim whose execution sent this number of requests: the prebooking is pending again. `false`: the claim was
    /// lost, because the prebooking was removed.
    pub fn release(&self, id: i64, owner: &str, sent: usize) -> Result<bool> {
        self.changes(
            "UPDATE prebookings SET status = 'pending', owner = NULL, attempts = attempts + ?3 WHERE id = ?1 AND owner = ?2",
            params![id, owner, number(sent)],
        )
    }

    /// Stores a booking request and its response.
    pub fn put_attempt(&self, prebooking: i64, attempt: &Attempt) -> Result<()> {
        let sql = "INSERT INTO shots (prebooking, sent_at, class, outcome, book_state, message, clock_offset_ms, lateness_ms) \
                   SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM prebookings WHERE id = ?1)";
        self.execute(
            sql,
            params![
                prebooking,
                millis(attempt.sent_at),
                attempt.class,
                attempt.outcome,
                attempt.book_state,
                attempt.message,
                attempt.clock_offset_ms,
                attempt.lateness_ms
            ],
        )
    }

    /// The requests of a prebooking, oldest first.
    pub fn attempts(&self, prebooking: i64) -> Result<Vec<Attempt>> {
        let sql = "SELECT sent_at, class, outcome, book_state, message, clock_offset_ms, lateness_ms FROM shots \
                   WHERE prebooking = ?1 ORDER BY id";
        self.list(sql, [prebooking], read_attempt)
    }

    /// When booking was too early, if the last response to a request of the prebooking says so.
    pub fn refused_as_too_early(&self, prebooking: i64) -> Result<Option<DateTime<Utc>>> {
        let sql = "SELECT sent_at FROM shots WHERE outcome = 'too_early' AND id = (SELECT max(id) FROM shots \
                   WHERE prebooking = ?1 AND outcome NOT IN ('lost', 'unproven', 'failed', 'not_sent'))";
        self.find(sql, [prebooking], |row| instant(row, 0))
    }

    /// The number of prebookings by status.
    pub fn prebooking_counts(&self, account: Option<&Account>) -> Result<BTreeMap<String, usize>> {
        let sql = "SELECT status, count(*) FROM prebookings WHERE ?1 IS NULL OR account = ?1 GROUP BY status";
        self.list(sql, [account.map(Account::as_str)], |row| {
            Ok((row.get(0)?, row.get::<_, u32>(1)? as usize))
        })
    }

    /// The booking request that was sent last, and the id and the box of its prebooking.
    pub fn last_attempt(
        &self,
        account: Option<&Account>,
    ) -> Result<Option<(i64, String, Attempt)>> {
        let sql = "SELECT sent_at, shots.class, outcome, book_state, shots.message, clock_offset_ms, lateness_ms, prebooking, box FROM shots \
                   JOIN prebookings ON prebookings.id = shots.prebooking \
                   WHERE ?1 IS NULL OR account = ?1 ORDER BY shots.id DESC LIMIT 1";
        self.find(sql, params![account.map(Account::as_str)], |row| {
            Ok((row.get(7)?, row.get(8)?, read_attempt(row)?))
        })
    }
}

fn number(sent: usize) -> i64 {
    i64::try_from(sent).unwrap_or(i64::MAX)
}

/// From the columns `sent_at` to `lateness_ms`, in the order of [`Attempt`].
fn read_attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        sent_at: instant(row, 0)?,
        class: row.get(1)?,
        outcome: row.get(2)?,
        book_state: row.get(3)?,
        message: row.get(4)?,
        clock_offset_ms: row.get(5)?,
        lateness_ms: row.get(6)?,
    })
}

pub(super) fn read_prebooking(row: &Row<'_>) -> rusqlite::Result<Prebooking> {
    read_columns(row).map_err(|e| match e {
        rusqlite::Error::FromSqlConversionFailure(_, _, what) => {
            let id: i64 = row.get("id").unwrap_or_default();
            unreadable(format!(
                "{what} (prebooking {id}; `aimharder prebook remove {id}` removes it)"
            ))
        }
        e => e,
    })
}

fn read_columns(row: &Row<'_>) -> rusqlite::Result<Prebooking> {
    let maybe_at = |column: &str| maybe_instant(row, column);
    Ok(Prebooking {
        id: row.get("id")?,
        rule: row.get("rule")?,
        request: read_request(row)?,
        day: text(row, "day", str::parse)?,
        moved_to: maybe_at("moved_to")?,
        tried_at: maybe_at("tried_at")?,
        progress: text(row, "status", str::parse)?,
        owner: row.get("owner")?,
        attempts: row.get("attempts")?,
        message: row.get("message")?,
        reservation: row.get("reservation_id")?,
        class_id: row.get("class_id")?,
        created_at: instant(row, "created_at")?,
    })
}

/// The columns that prebookings and rules share.
pub(super) fn read_request(row: &Row<'_>) -> rusqlite::Result<PrebookRequest> {
    Ok(PrebookRequest {
        account: Account::stored(row.get("account")?),
        gym: row.get("box")?,
        first: Choice {
            start: text(row, "start", |start| {
                NaiveTime::parse_from_str(start, "%H:%M")
            })?,
            class: row.get("class")?,
        },
        alternatives: text(row, "alternatives", |list| serde_json::from_str(list))?,
        family: row.get("family")?,
        waitlist: row.get("waitlist")?,
        watch: row.get("watch")?,
        opens: maybe_text(row, "opens", str::parse)?,
        class_id: row.get("requested_class_id")?,
        coach: row.get("coach")?,
        exclude: text(row, "exclude", |list| serde_json::from_str(list))?,
        lead: maybe_text(row, "lead", str::parse)?,
        once_a_day: row.get("once_a_day")?,
    })
}

/// The condition that two rows are for the same class and person. Their columns have these prefixes; `:` names values.
fn same_class(one: &str, other: &str) -> String {
    format!(
        "{one}account = {other}account AND {one}box = {other}box AND {one}start = {other}start \
         AND lower(coalesce({one}class, '')) = lower(coalesce({other}class, '')) \
         AND coalesce({one}family, '') = coalesce({other}family, '')"
    )
}

/// The condition that a row is for the same class, coach and person as [`class_values`].
pub(super) fn same_request() -> String {
    let class = same_class("", ":");
    format!("{class} AND lower(coalesce(coach, '')) = lower(coalesce(:coach, ''))")
}

/// The condition that prebooking `p` is for a class of rule `r`.
pub(super) fn class_of_rule() -> String {
    let class = same_class("p.", "r.");
    format!("{class} AND (r.coach IS NULL OR lower(r.coach) = lower(coalesce(p.coach, '')))")
}

/// The values of [`same_request`].
pub(super) fn class_values(request: &PrebookRequest) -> Vec<(&'static str, Value)> {
    let start = request.first.start.format("%H:%M").to_string();
    vec![
        (":account", request.account.as_str().to_owned().into()),
        (":box", request.gym.clone().into()),
        (":start", start.into()),
        (":class", request.first.class.clone().into()),
        (":family", request.family.clone().into()),
        (":coach", request.coach.clone().into()),
    ]
}

/// The value of each column of [`REQUEST`], by the name of its parameter.
pub(super) fn request_values(request: &PrebookRequest) -> Vec<(&'static str, Value)> {
    let mut values = class_values(request);
    values.extend([
        (":alternatives", json_list(&request.alternatives).into()),
        (":waitlist", request.waitlist.into()),
        (":watch", request.watch.into()),
        (":opens", request.opens.map(|rule| rule.to_string()).into()),
        (":requested_class_id", request.class_id.clone().into()),
        (":exclude", json_list(&request.exclude).into()),
        (":lead", request.lead.as_ref().map(Lead::to_string).into()),
        (":once_a_day", request.once_a_day.into()),
    ]);
    values
}

/// Inserts a request and the values of `more` columns, and returns the number of the row.
pub(super) fn insert<const N: usize>(
    db: &Connection,
    table: &str,
    request: &PrebookRequest,
    more: [(&'static str, Value); N],
) -> rusqlite::Result<i64> {
    let mut values = request_values(request);
    values.extend(more);
    let parameters: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    let parameters = parameters.join(", ");
    let columns = parameters.replace(':', "");
    let sql = format!("INSERT INTO {table} ({columns}) VALUES ({parameters}) RETURNING id");
    db.query_row(&sql, &*named(&values), |row| row.get(0))
}

/// The parameters of the columns of [`REQUEST`]: `:account, :box, …`
pub(super) fn request_parameters() -> String {
    let parameters = REQUEST.split(", ").map(|column| format!(":{column}"));
    parameters.collect::<Vec<_>>().join(", ")
}

/// Named values as a statement takes them.
pub(super) fn named<'v>(values: &'v [(&'static str, Value)]) -> Vec<(&'static str, &'v dyn ToSql)> {
    let values = values.iter();
    values
        .map(|(name, value)| (*name, value as &dyn ToSql))
        .collect()
}

fn json_list<T: Serialize>(list: &[T]) -> String {
    // a list of times and names has nothing that JSON could not hold
    serde_json::to_string(list).unwrap_or_else(|_| "[]".into())
}

/// Parses the text of a column. One that cannot be parsed is an error (promise 11).
pub(super) fn text<T, E: ToString>(
    row: &Row<'_>,
    column: &str,
    read: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> rusqlite::Result<T> {
    let raw: String = row.get(column)?;
    read(&raw).map_err(|e| unreadable(format!("{column} {raw:?}: {}", e.to_string())))
}

/// The same for a column that may be NULL.
pub(super) fn maybe_text<T, E: ToString>(
    row: &Row<'_>,
    column: &str,
    read: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> rusqlite::Result<Option<T>> {
    let raw: Option<String> = row.get(column)?;
    raw.map(|_| text(row, column, read)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    /// A store with a prebooking for each of these times of one day, at most one of which is booked.
    fn store_with(starts: &[&str]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("x.db")).unwrap();
        let account: Account = "ana@example.org".parse().unwrap();
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        for start in starts {
            let first = start.parse().unwrap();
            let request = PrebookRequest {
                once_a_day: true,
                ..PrebookRequest::new(account.clone(), "crossfitdemo", first)
            };
            let put = store.put_prebooking(&request, day, None, Utc::now());
            put.unwrap();
        }
        (folder, store)
    }

    /// Two runs that saw the same row at the same instant, which processes hardly ever do in a test (promise 9).
    #[test]
    fn of_two_that_saw_it_one_has_it() {
        let (_folder, store) = store_with(&["18:30"]);
        let seen = store.open_prebookings(None).unwrap().remove(0);
        assert!(store.claim(&seen, "one", |_| true).unwrap());
        assert!(!store.claim(&seen, "two", |_| true).unwrap());
        // a claim left by a dead run is taken over by one, too
        let seen = store.prebooking(seen.id).unwrap().unwrap();
        assert!(store.claim(&seen, "three", |_| true).unwrap());
        assert!(!store.claim(&seen, "four", |_| true).unwrap());
        let now = store.prebooking(seen.id).unwrap().unwrap();
        assert_eq!(now.owner.as_deref(), Some("three"));
    }

    /// The claim of a run that was taken for dead has been taken over.
    #[test]
    fn a_result_is_stored_only_by_the_owner_of_the_claim() {
        let (_folder, store) = store_with(&["18:30"]);
        let seen = store.open_prebookings(None).unwrap().remove(0);
        assert!(store.claim(&seen, "one", |_| true).unwrap());
        let seen = store.prebooking(seen.id).unwrap().unwrap();
        assert!(store.claim(&seen, "two", |_| false).unwrap());
        assert!(!store.settle(&seen, Some("one"), 1).unwrap());
        assert!(!store.release(seen.id, "one", 1).unwrap());
        assert!(store.settle(&seen, Some("two"), 1).unwrap());
    }

    /// A run that began before requests of another one were counted.
    #[test]
    fn requests_are_added_to_the_stored_number() {
        let (_folder, store) = store_with(&["18:30"]);
        let seen = store.open_prebookings(None).unwrap().remove(0);
        assert!(store.claim(&seen, "one", |_| true).unwrap());
        assert!(store.release(seen.id, "one", 2).unwrap());
        assert!(store.claim(&seen, "two", |_| true).unwrap());
        assert!(store.settle(&seen, Some("two"), 3).unwrap());
        let now = store.prebooking(seen.id).unwrap().unwrap();
        assert_eq!((seen.attempts, now.attempts), (0, 5));
    }

    /// Another process writes for longer than a writer waits.
    #[test]
    fn a_run_that_is_held_up_does_not_wait_for_the_write_lock() {
        let (_folder, store) = store_with(&["18:30", "19:30"]);
        let seen = store.open_prebookings(None).unwrap();
        assert!(store.claim(&seen[0], "one", |_| true).unwrap());
        let writer = rusqlite::Connection::open(store.path()).unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(!store.claim(&seen[1], "two", |_| true).unwrap());
        writer.execute_batch("ROLLBACK").unwrap();
        assert!(store.claim(&seen[1], "two", |_| false).unwrap());
    }
}
