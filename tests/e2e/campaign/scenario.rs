//! The classes of a round.

use chrono::{Datelike, Days, TimeDelta, Utc};
use fastrand::Rng;
use serde_json::json;

use crate::support::{ANA, BEN, Home, Sandbox, today, with};

/// The classes of a round: one with free places, a full one with a waiting list, and one that opens in three seconds.
pub(super) struct Scenario {
    pub(super) day: String,
    pub(super) roomy: Class,
    pub(super) full: Class,
    pub(super) soon: Class,
    /// The opening rule of the last one.
    pub(super) opens: String,
    /// The weekday of all of them.
    pub(super) weekday: String,
    /// The highest ids of prebookings and rules before the round.
    pub(super) numbers: (i64, i64),
}

#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) id: String,
    pub(super) start: String,
    pub(super) name: String,
}

impl Scenario {
    pub(super) fn set(sandbox: &Sandbox, home: &Home, round: usize) -> Self {
        let round = u32::try_from(round).unwrap();
        let ahead = 5 + round / 400;
        let day = today() + Days::new(ahead.into());
        let (weekday, day) = (day.weekday().to_string().to_lowercase(), day.to_string());
        let highest = |table: &str| {
            let query = format!("SELECT coalesce(max(id), 0) FROM {table}");
            home.ask(&query).parse().unwrap()
        };
        let minute = 6 * 60 + 2 * (round % 400);
        let at = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let opening = Utc::now() + TimeDelta::seconds(3);
        let wall = opening.with_timezone(&chrono_tz::Europe::Madrid);
        let opens = format!(
            "{}d@{}",
            (today() - wall.date_naive()).num_days() + i64::from(ahead),
            wall.format("%H:%M:%S")
        );
        let class = |minute: u32, name: &str, more: serde_json::Value| {
            let (start, name) = (at(minute), format!("{name} {round}"));
            let class = json!({ "day": day, "start": start, "name": name });
            Class {
                id: sandbox.class(&with(&class, more)),
                start,
                name,
            }
        };
        let opens_at_ms = opening.timestamp() * 1000;
        Self {
            roomy: class(minute, "Roomy", json!({})),
            full: class(
                minute,
                "Full",
                json!({ "capacity": 2, "occupied": 2, "waitlist": 0 }),
            ),
            soon: class(minute + 1, "Soon", json!({ "opens_at_ms": opens_at_ms })),
            day,
            opens,
            weekday,
            numbers: (highest("prebookings"), highest("rules")),
        }
    }

    /// Adds reservations from before the round, which can be cancelled.
    pub(super) fn occupy(&self, sandbox: &Sandbox, rng: &mut Rng) {
        for who in [ANA, BEN] {
            match rng.u8(..4) {
                0 => drop(sandbox.reserve(who, &self.roomy.id, 1)),
                1 => drop(sandbox.reserve(who, &self.full.id, 0)),
                _ => {}
            }
        }
    }

    pub(super) fn classes(&self) -> [&Class; 3] {
        [&self.roomy, &self.full, &self.soon]
    }
}
