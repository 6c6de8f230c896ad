//! `prebook run --dry-run`: the plan, without network and without touching anything.

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::PrebookRunArgs;
use super::output::{ResultView, RunView, blank};
use super::place;
use crate::clock;
use crate::commands::app::App;
use crate::commands::prebook::release_stale_claim;
use crate::model::prebooking::Progress;
use crate::prebook::plan::until;
use crate::store::SessionRow;

pub(super) fn rehearse(
    args: &PrebookRunArgs,
    app: &App,
    device: Option<&SessionRow>,
) -> Result<RunView> {
    let now = clock::now();
    let mut planned: Vec<(Option<DateTime<Utc>>, ResultView)> = Vec::new();
    for prebooking in app.store.open_prebookings(app.global.account.as_ref())? {
        let prebooking = release_stale_claim(app, prebooking);
        let foreign = device.is_some_and(|row| row.account != prebooking.request.account);
        if prebooking.progress != Progress::Pending || foreign {
            continue;
        }
        let calendar = match place(app, &prebooking.request.gym) {
            Ok(place) => place.calendar,
            Err(why) => {
                log::warn!("prebooking {}: {why}", prebooking.id);
                continue;
            }
        };
        if calendar.is_due(&prebooking, now, until(now, args.horizon)) {
            let soonest = calendar.soonest(&prebooking, now);
            let result = ResultView {
                outcome: "would_book",
                opens_at: soonest.map(|at| at.with_timezone(&calendar.zone)),
                ..blank(&prebooking, &prebooking.request.first)
            };
            planned.push((soonest, result));
        }
    }
    planned.sort_by_key(|(at, result)| (*at, result.id));
    let results: Vec<ResultView> = planned.into_iter().map(|(_, result)| result).collect();
    Ok(RunView {
        due: results.len(),
        results,
        dry_run: true,
        ..RunView::default()
    })
}
