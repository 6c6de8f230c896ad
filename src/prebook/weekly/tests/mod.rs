//! Which days a rule unfolds into, and that each becomes one prebooking.

mod days;
mod stored;

use super::*;
use crate::model::account::Account;
use crate::model::prebooking::{Choice, PrebookId, PrebookRequest, Prebooking, Progress};
use crate::model::weekly::parse_weekdays;

const NOW: &str = "2026-11-21T09:00:00Z";

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

fn day(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

fn ana() -> Account {
    "ana@example.org".parse().unwrap()
}

fn request(start: &str, opens: Option<&str>) -> PrebookRequest {
    PrebookRequest {
        opens: opens.map(|rule| rule.parse().unwrap()),
        ..PrebookRequest::new(ana(), "crossfitdemo", start.parse().unwrap())
    }
}

fn rule(weekdays: &str, start: &str, until: Option<&str>, opens: Option<&str>) -> WeeklyRule {
    WeeklyRule {
        id: 1,
        request: request(start, opens),
        weekdays: parse_weekdays(weekdays).unwrap(),
        until: until.map(day),
        created_at: at("2026-01-01T00:00:00Z"),
    }
}
