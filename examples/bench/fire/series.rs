//! Openings a few seconds apart, all in one run of the binary.

use aimharder::model::account::Account;
use aimharder::model::prebooking::{Choice, PrebookRequest};
use aimharder::store::Store;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Madrid;
use serde_json::{Value, json};

use super::{Lateness, Setting};
use crate::child;
use crate::home::{ANA, Home};
use crate::sandbox::{Arrival, Sandbox};
use crate::tools::Tools;

pub(super) const BOX: &str = "crossfitdemo";
/// Seconds from one opening to the next.
const APART: i64 = 3;
/// Seconds before the first: enough for all preparations of an opening.
const LEAD: i64 = 25;
/// Classes are spread over this many days, so that a day has about as many as that of a box.
const DAYS: i64 = 40;

/// A sandbox in its setting, and a home with Ana's sessions there.
#[derive(Debug)]
pub(super) struct Series<'t> {
    pub(super) setting: &'t Setting,
    pub(super) sandbox: Sandbox,
    pub(super) home: Home<'t>,
}

#[derive(Debug)]
pub(super) struct SeriesResult {
    pub(super) lateness: Lateness,
    pub(super) requests: usize,
    /// Peak memory in MiB.
    pub(super) peak: f64,
}

/// A class whose booking opens at an instant of the server clock.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(super) at_us: i64,
    pub(crate) day: NaiveDate,
    pub(crate) start: NaiveTime,
}

impl Opening {
    /// No two numbers have the same time on the same day.
    pub(crate) fn new(number: usize, at_us: i64) -> Result<Self> {
        let number = i64::try_from(number)?;
        let at = DateTime::from_timestamp_micros(at_us).context("an opening out of range")?;
        let day = at.with_timezone(&Madrid).date_naive() + TimeDelta::days(1 + number % DAYS);
        let start = NaiveTime::MIN + TimeDelta::minutes(3 * 60 + 2 + number / DAYS * 7);
        Ok(Self { at_us, day, start })
    }

    /// Its start as the command line takes it.
    pub(crate) fn start_text(&self) -> String {
        self.start.format("%H:%M").to_string()
    }

    /// The opening rule by which the class opens at this instant.
    pub(super) fn rule(&self) -> Result<String> {
        let at = DateTime::from_timestamp_micros(self.at_us).context("an opening out of range")?;
        let at = at.with_timezone(&Madrid);
        let days = (self.day - at.date_naive()).num_days();
        Ok(format!("{days}d@{}", at.format("%H:%M:%S")))
    }

    fn class(&self) -> Value {
        json!({
            "box": BOX, "day": self.day.to_string(), "start": self.start_text(),
            "name": "Bench", "capacity": 1000, "opens_at_ms": self.at_us / 1000,
        })
    }

    /// Adds a prebooking with the opening rule for this instant.
    pub(super) fn prebook(&self, store: &Store, account: &Account) -> Result<()> {
        let first = Choice {
            start: self.start,
            class: Some("Bench".to_owned()),
        };
        let request = PrebookRequest {
            opens: Some(self.rule()?.parse().map_err(anyhow::Error::msg)?),
            ..PrebookRequest::new(account.clone(), BOX, first)
        };
        store.put_prebooking(&request, self.day, None, Utc::now())?;
        Ok(())
    }
}

impl<'t> Series<'t> {
    /// Logs Ana in, then applies the setting.
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

    /// Makes the classes and prebookings of the openings; the openings and the ids of their classes. `begins`: unix
    /// seconds, the same for all settings.
    pub(super) fn plan(&self, begins: i64, count: usize) -> Result<(Vec<Opening>, Vec<Value>)> {
        let first = begins + LEAD + self.setting.turn;
        let openings = (first..)
            .step_by(usize::try_from(APART)?)
            .take(count)
            .enumerate()
            .map(|(number, at)| Opening::new(number, at * 1_000_000))
            .collect::<Result<Vec<_>>>()?;
        let ids = post(&self.sandbox, &openings)?;
        let account = ANA.parse().map_err(anyhow::Error::msg)?;
        let store = self.home.store()?;
        for opening in &openings {
            opening.prebook(&store, &account)?;
        }
        Ok((openings, ids))
    }

    /// Books all of them in one run.
    pub(super) fn run(&self, openings: &[Opening], ids: &[Value]) -> Result<SeriesResult> {
        self.sandbox.forget()?;
        let args = ["prebook", "run", "--horizon", "1h"];
        let (run, peak) = child::run_with_memory(&mut self.home.command(&args))?;
        run.checked()
            .with_context(|| format!("the run of the setting \"{}\"", self.setting.name))?;
        let arrivals = self.sandbox.arrivals()?;
        Ok(SeriesResult {
            lateness: lateness(&arrivals, openings, ids),
            requests: arrivals.len(),
            peak,
        })
    }
}

/// Adds the classes to the sandbox, and returns their ids.
pub(crate) fn post(sandbox: &Sandbox, openings: &[Opening]) -> Result<Vec<Value>> {
    let classes = openings.iter().map(Opening::class).collect();
    let made = sandbox.control("POST", "classes", &Value::Array(classes))?;
    let ids = made["ids"].as_array().cloned().unwrap_or_default();
    ensure!(
        ids.len() == openings.len(),
        "the sandbox did not add all classes"
    );
    Ok(ids)
}

/// What arrived for each of the classes.
pub(super) fn lateness(arrivals: &[Arrival], openings: &[Opening], ids: &[Value]) -> Lateness {
    let mut lateness = Lateness::default();
    for (opening, id) in openings.iter().zip(ids) {
        let id = id.to_string();
        let booked = arrivals.iter().filter(|a| a.books() && a.form["id"] == *id);
        lateness.add(opening.at_us, booked);
    }
    lateness
}
