//! What is to be booked.

use anyhow::Result;

use crate::commands::app::App;
use crate::commands::prebook::{Boxes, release_stale_claim};
use crate::model::prebooking::{Prebooking, Progress};
use crate::status::{Coming, LastRequest, Plans};

/// As the store has it: rules are not unfolded here, for nothing is written.
pub(super) fn of(app: &App) -> Result<Plans> {
    let asked = app.global.account.as_ref();
    let boxes = Boxes::of(app);
    let rules = app.store.rules(asked)?;
    let stored = app.store.open_prebookings(asked)?;
    let is_taken = |p: &&Prebooking| p.progress == Progress::Executing;
    let taken = stored.iter().filter(is_taken).count();
    let open = stored.into_iter().map(|p| release_stale_claim(app, p));
    let open: Vec<Prebooking> = open.collect();
    let abandoned = taken - open.iter().filter(is_taken).count();
    let wishes = rules.iter().map(|rule| &rule.request);
    let wishes = wishes.chain(open.iter().map(|prebooking| &prebooking.request));
    let wanted_by = wishes.map(|request| request.account.clone()).collect();
    let pending = open.into_iter().filter(|p| p.progress == Progress::Pending);
    let named = app.global.gym.as_ref();
    let pending = pending.filter(|p| named.is_none_or(|name| *name == p.request.gym));
    let mut next = pending
        .map(|prebooking| coming(prebooking, &boxes))
        .collect::<Result<Vec<_>>>()?;
    // what opens at an unknown time comes last
    next.sort_by_key(|coming| (coming.opens_at.is_none(), coming.opens_at, coming.id));
    let now = crate::clock::now();
    Ok(Plans {
        counts: counts(app, abandoned)?,
        rules: rules.len(),
        next_opening_at: next
            .iter()
            .filter_map(|coming| coming.opens_at)
            .find(|at| *at > now),
        next,
        last_request: app.store.last_shot(asked)?.map(|shot| LastRequest {
            sent_at: shot.sent_at,
            outcome: shot.outcome,
            lateness_ms: shot.lateness_ms,
            clock_offset_ms: shot.clock_offset_ms,
        }),
        wanted_by,
    })
}

/// With a zero for every status that none has. What runs have abandoned is stored as theirs.
fn counts(app: &App, abandoned: usize) -> Result<std::collections::BTreeMap<String, usize>> {
    let mut counts = app.store.prebooking_counts(app.global.account.as_ref())?;
    for progress in Progress::ALL {
        counts.entry(progress.as_str().to_owned()).or_default();
    }
    for (progress, count) in &mut counts {
        match progress.as_str() {
            "pending" => *count += abandoned,
            "executing" => *count = count.saturating_sub(abandoned),
            _ => {}
        }
    }
    Ok(counts)
}

fn coming(stored: Prebooking, boxes: &Boxes<'_>) -> Result<Coming> {
    let gym = boxes.get(&stored.request.gym)?;
    let first = &stored.request.first;
    let opening = stored.request.opening(gym.opening);
    Ok(Coming {
        id: stored.id,
        starts_at: crate::model::zone::resolve(gym.zone, stored.day.and_time(first.start)),
        opens_at: stored.opens_at(gym.opening, gym.zone),
        guess: opening.is_some_and(|opening| opening.guess),
        day: stored.day,
        start: first.start,
        class: stored.request.first.class.clone(),
        account: stored.request.account,
        gym: stored.request.gym,
        tried_at: stored.tried_at,
        message: stored.message,
        created_at: stored.created_at,
    })
}
