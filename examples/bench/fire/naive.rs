//! A naive client, started by cron as booking opens: it logs in, lists the classes and books. It uses the library's calls,
//! without waiting, warm connections and a measured clock, and without the time that starting a process takes.

use aimharder::clock;
use aimharder::config::LoginFlow;
use aimharder::platform::BoxAt;
use aimharder::secret::Secret;
use anyhow::{Context, Result, anyhow, ensure};

use super::NAIVE;
use super::series::{BOX, Opening, Series, post};
use crate::crowd;
use crate::home::{ANA, PASSWORD};
use crate::sandbox::DOMAIN;
use crate::stats::Spread;

const BOX_ID: i64 = 10122;
/// From one opening to the next, and before the first.
const APART_US: i64 = 1_200_000;
const FIRST_US: i64 = 500_000;
/// Between the settings' openings.
const TURN_US: i64 = 240_000;

/// The lateness of its booking requests; negative for those that were early.
pub(super) fn run(series: &Series<'_>) -> Result<Spread> {
    let turn = super::SETTINGS
        .iter()
        .position(|setting| setting.name == series.setting.name);
    let first = super::unix_us() + FIRST_US + TURN_US * i64::try_from(turn.unwrap_or(0))?;
    let openings = (0..NAIVE)
        .zip((first..).step_by(usize::try_from(APART_US)?))
        // classes of other times than the ones before
        .map(|(number, at)| Opening::new(number + 2000, at / 1000 * 1000))
        .collect::<Result<Vec<_>>>()?;
    let ids = post(&series.sandbox, &openings)?;
    series.sandbox.forget()?;
    for opening in &openings {
        clock::sleep_until(super::steady(opening.at_us), true);
        book(series, opening)?;
    }
    let arrivals = series.sandbox.arrivals()?;
    let lateness: Vec<f64> = openings
        .iter()
        .zip(ids)
        .filter_map(|(opening, id)| {
            let id = id.to_string();
            let request = arrivals.iter().find(|a| a.books() && a.form["id"] == *id)?;
            i32::try_from(request.server_us - opening.at_us).ok()
        })
        .map(|us| f64::from(us) / 1000.0)
        .collect();
    ensure!(
        lateness.len() == NAIVE,
        "a request of the naive client is missing"
    );
    Ok(Spread::of_millis(lateness))
}

fn book(series: &Series<'_>, opening: &Opening) -> Result<()> {
    let platform = crowd::platform(&series.sandbox);
    let print = format!("naive-{}", opening.at_us);
    let login = platform.log_in(LoginFlow::Json, ANA, &Secret::new(PASSWORD), &print);
    let (mut jar, token, _) = login.map_err(|e| anyhow!("the naive client's login: {e}"))?;
    platform.set_refresh(&mut jar, &token, &print)?;
    let at = BoxAt {
        host: format!("{BOX}.{DOMAIN}"),
        id: BOX_ID,
    };
    let rows = platform.schedule(&mut jar, &at, opening.day, None)?;
    let row = rows
        .iter()
        .find(|row| row.start == opening.start && row.name == "Bench")
        .context("the naive client's class is not in the schedule")?;
    let (class, day) = (&row.id, opening.day);
    platform.book(&mut jar, &at, class, day, false, None)?;
    Ok(())
}
