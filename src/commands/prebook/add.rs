//! `prebook add`: one class, or a weekly rule.

use anyhow::Result;
use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Utc};

use super::{Boxes, warn_of_logins};
use crate::cli::{PrebookAdd, When};
use crate::clock;
use crate::commands::app::App;
use crate::commands::box_profile::BoxProfile;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::prebooking::{Choice, PrebookRequest, Prebooking, Progress};
use crate::model::zone;
use crate::output::PrebookedView;
use crate::store::NewRule;
use crate::ui::Ui;

pub(super) fn run(args: &PrebookAdd, app: &App, ui: &mut Ui) -> Result<()> {
    let (when, start) = args.when().map_err(Failure::usage)?;
    let account = app.account()?;
    let gym = app.gym(&account)?;
    let now = clock::now();
    let boxes = Boxes::of(app);
    let request = request(args, start, &account, &gym);
    let view = match when {
        When::Weekly(weekdays) => {
            let rule = NewRule {
                request,
                weekdays: weekdays.clone(),
                until: last_day(args, &gym, now)?,
            };
            weekly(&rule, &boxes, now)?
        }
        When::Once(day) => {
            let today = now.with_timezone(&gym.zone).date_naive();
            let day = day.on(today).map_err(Failure::usage)?;
            once(&request, day, &boxes, now)?
        }
    };
    warn_of_logins(app, &account)?;
    ui.print(&view)
}

fn request(
    args: &PrebookAdd,
    start: NaiveTime,
    account: &Account,
    gym: &BoxProfile,
) -> PrebookRequest {
    let first = Choice {
        start,
        class: args.class.clone(),
    };
    let mut alternatives: Vec<Choice> = Vec::new();
    for choice in &args.alternatives {
        if *choice != first && !alternatives.contains(choice) {
            alternatives.push(choice.clone());
        }
    }
    PrebookRequest {
        account: account.clone(),
        gym: gym.name.clone(),
        first,
        alternatives,
        family: args.family.clone(),
        waitlist: args.waitlist,
        watch: args.watch,
        opens: args.opens,
    }
}

fn once(
    request: &PrebookRequest,
    day: NaiveDate,
    boxes: &Boxes<'_>,
    now: DateTime<Utc>,
) -> Result<PrebookedView> {
    let gym = boxes.get(&request.gym)?;
    in_time(request, day, &gym, now)?;
    let stored = boxes.app.store.put_prebooking(request, day, None, now)?;
    boxes.materialize_rules(None, now)?;
    Ok(PrebookedView {
        rules: None,
        prebookings: boxes.views(vec![stored])?,
        now,
    })
}

/// A class that has started is too late, and a year ahead no gym plans.
fn in_time(
    request: &PrebookRequest,
    day: NaiveDate,
    gym: &BoxProfile,
    now: DateTime<Utc>,
) -> Result<()> {
    let today = now.with_timezone(&gym.zone).date_naive();
    let start = request.first.start;
    if zone::resolve(gym.zone, day.and_time(start)) <= now {
        let mut next = day;
        while zone::resolve(gym.zone, next.and_time(start)) <= now {
            next = next + Days::new(7);
        }
        return Err(Failure::usage(format!(
            "the class on {day} at {} has started (it is {} in {}); a later one, for example: --day {next}",
            start.format("%H:%M"),
            now.with_timezone(&gym.zone).format("%Y-%m-%d %H:%M"),
            gym.zone.name(),
        ))
        .into());
    }
    if day > today + Months::new(12) {
        return Err(Failure::usage(format!(
            "{day} is more than a year ahead; an earlier one, for example: --day {}, or every week: --weekly {}",
            today + Days::new(7),
            crate::model::day::weekday_short(chrono::Datelike::weekday(&day)),
        ))
        .into());
    }
    Ok(())
}

fn last_day(args: &PrebookAdd, gym: &BoxProfile, now: DateTime<Utc>) -> Result<Option<NaiveDate>> {
    let today = now.with_timezone(&gym.zone).date_naive();
    let until = args.until.as_ref().map(|day| day.on(today));
    let until = until.transpose().map_err(Failure::usage)?;
    if let Some(until) = until.filter(|until| *until < today) {
        return Err(Failure::usage(format!(
            "a rule until {until} is over before it begins, for example: --until {}",
            today + Days::new(28)
        ))
        .into());
    }
    Ok(until)
}

fn weekly(new: &NewRule, boxes: &Boxes<'_>, now: DateTime<Utc>) -> Result<PrebookedView> {
    let rule = boxes.app.store.put_rule(new, now)?;
    boxes.materialize_rules(None, now)?;
    let waiting = |p: &Prebooking| {
        p.rule == Some(rule.id) && matches!(p.progress, Progress::Pending | Progress::Executing)
    };
    let all = boxes
        .app
        .store
        .open_prebookings(Some(&rule.request.account))?;
    let occurrences = all.into_iter().filter(waiting).collect();
    Ok(PrebookedView {
        prebookings: boxes.views(occurrences)?,
        rules: Some(vec![boxes.rule(rule)?]),
        now,
    })
}
