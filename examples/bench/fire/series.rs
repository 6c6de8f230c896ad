//! Openings a few seconds apart, all in one run of the binary.

use aimharder::model::account::Account;
use aimharder::model::prebooking::{Choice, PrebookRequest};
use aimharder::store::Store;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Madrid;
use serde_json::{Value, json};

use super::{Setting, Shots};
use crate::child;
use crate::home::{ANA, Home};
use crate::sandbox::{Arrival, Sandbox};
use crate::tools::Tools;

pub(super) const BOX: &str = "crossfitdemo";
/// Seconds from one opening to the next.
const APART: i64 = 3;
/// Seconds before the first: enough to measure the server's clock as in real life.
const LEAD: i64 = 25;
/// Classes are spread over so many days: the schedule of a day has about as many as a gym's.
const DAYS: i64 = 40;

/// A sandbox in its setting, and Ana's home in front of it.
#[derive(Debug)]
pub(super) struct Series<'t> {
    pub(super) setting: &'t Setting,
    pub(super) sandbox: Sandbox,
    home: Home<'t>,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) shots: Shots,
    pub(super) requests: usize,
    /// the most resident memory, MiB
    pub(super) peak: f64,
}

/// A class whose booking opens at an instant of the server's clock.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(super) at_us: i64,
    pub(crate) day: NaiveDate,
    pub(crate) start: NaiveTime,
}

impl Opening {
    /// The `nth` of many: no two at the same time of the same day.
    pub(crate) fn new(nth: usize, at_us: i64) -> Result<Self> {
        let nth = i64::try_from(nth)?;
        let at = DateTime::from_timestamp_micros(at_us).context("an opening out of range")?;
        let day = at.with_timezone(&Madrid).date_naive() + TimeDelta::days(1 + nth % DAYS);
        let start = NaiveTime::MIN + TimeDelta::minutes(3 * 60 + 2 + nth / DAYS * 7);
        Ok(Self { at_us, day, start })
    }

    pub(super) fn class(&self) -> Value {
        json!({
            "box": BOX, "day": self.day.to_string(), "start": self.start.format("%H:%M").to_string(),
            "name": "Bench", "capacity": 1000, "opens_at_ms": self.at_us / 1000,
        })
    }

    /// Leaves it to a prebooking, with the rule that tells its opening.
    pub(super) fn prebook(&self, store: &Store, account: &Account) -> Result<()> {
        let at = DateTime::from_timestamp_micros(self.at_us).context("an opening out of range")?;
        let at = at.with_timezone(&Madrid);
        let days = (self.day - at.date_naive()).num_days();
        let rule = format!("{days}d@{}", at.format("%H:%M:%S"));
        let first = Choice {
            start: self.start,
            class: Some("Bench".to_owned()),
        };
        let request = PrebookRequest {
            opens: Some(rule.parse().map_err(anyhow::Error::msg)?),
            ..PrebookRequest::new(account.clone(), BOX, first)
        };
        store.put_prebooking(&request, self.day, None, Utc::now())?;
        Ok(())
    }
}

impl<'t> Series<'t> {
    /// A sandbox with Ana logged in, moved to its setting.
    pub(super) fn prepare(tools: &'t Tools, setting: &'t Setting) -> Result<Self> {
        let sandbox = Sandbox::start(&tools.sandbox)?;
        let home = Home::at(tools, &sandbox)?;
        home.log_in()?;
        setting.apply(&sandbox)?;
        Ok(Self {
            setting,
            sandbox,
            home,
        })
    }

    /// What arrived for so many openings in one run. `begins`: unix seconds, the same for all settings.
    pub(super) fn run(&self, begins: i64, count: usize) -> Result<Ran> {
        let first = begins + LEAD + self.setting.turn;
        let openings = (first..)
            .step_by(usize::try_from(APART)?)
            .take(count)
            .enumerate()
            .map(|(nth, at)| Opening::new(nth, at * 1_000_000))
            .collect::<Result<Vec<_>>>()?;
        let ids = post(&self.sandbox, &openings)?;
        let account = ANA.parse().map_err(anyhow::Error::msg)?;
        let store = self.home.store()?;
        for opening in &openings {
            opening.prebook(&store, &account)?;
        }
        drop(store);
        self.sandbox.forget()?;
        let args = ["prebook", "run", "--horizon", "1h"];
        let (run, peak) = child::weigh(&mut self.home.command(&args))?;
        run.good()
            .with_context(|| format!("the run with {}", self.setting.name))?;
        let arrivals = self.sandbox.arrivals()?;
        Ok(Ran {
            shots: shots(&arrivals, &openings, &ids),
            requests: arrivals.len(),
            peak,
        })
    }
}

/// Makes the classes; their ids.
pub(crate) fn post(sandbox: &Sandbox, openings: &[Opening]) -> Result<Vec<Value>> {
    let classes = openings.iter().map(Opening::class).collect();
    let made = sandbox.control("POST", "classes", &Value::Array(classes))?;
    let ids = made["ids"].as_array().cloned().unwrap_or_default();
    ensure!(
        ids.len() == openings.len(),
        "the sandbox made other classes"
    );
    Ok(ids)
}

/// What arrived for each of the classes.
pub(super) fn shots(arrivals: &[Arrival], openings: &[Opening], ids: &[Value]) -> Shots {
    let mut shots = Shots::default();
    for (opening, id) in openings.iter().zip(ids) {
        let id = id.to_string();
        let booked = arrivals.iter().filter(|a| a.books() && a.form["id"] == *id);
        shots.add(opening.at_us, booked);
    }
    shots
}
