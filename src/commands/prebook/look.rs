//! What `prebook add` reports beside the prebooking that it stores: the class in the schedule, other bookings of the same
//! time, and what would make `prebook run` fail.

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::shown::Shown;
use crate::booking::{BoxClient, LoginCheck, find, to_class};
use crate::clock;
use crate::commands::SessionRef;
use crate::commands::app::App;
use crate::diagnostics::entry::Job;
use crate::diagnostics::schedule::{self, Tools};
use crate::diagnostics::sessions;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::class::{Class, ClassState};
use crate::model::opening::Opening;
use crate::model::prebooking::{PrebookId, PrebookRequest, Prebooking, Progress};
use crate::model::session::SessionKind;
use crate::model::weekly::WeeklyRule;
use crate::password;
use crate::platform::{BoxAt, Row};
use crate::sessions::SessionSelector;

/// Longest time that the schedule is waited for.
const LIMIT: Duration = Duration::from_secs(2);

/// What the schedule shows of the first choice.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    /// The class, if one fits.
    pub class: Option<Class>,
    /// Why no class, or no single class, fits.
    pub message: Option<String>,
    /// The session that read it.
    #[serde(skip)]
    pub session: SessionRef,
    /// Classes of that time that are the member's.
    #[serde(skip)]
    mine: Vec<Class>,
    /// The day has classes.
    #[serde(skip)]
    is_published: bool,
    /// The rule of a class by its full name, if the given part of the name has another.
    #[serde(skip)]
    other_rule: Option<Opening>,
    /// The message suggests a prebooking of this day, not a weekly rule.
    #[serde(skip)]
    suggests_day: bool,
}

/// Reads the schedule of the day with a stored session as it is. `None` without a response: the session is neither updated
/// nor recovered for this.
pub(super) fn look(
    app: &App,
    gym: &BoxProfile,
    request: &PrebookRequest,
    day: NaiveDate,
    rule: Option<&WeeklyRule>,
) -> Option<Seen> {
    let end = clock::steady() + LIMIT;
    let (session, rows) = match rows(app, gym, request, day, end) {
        Ok(read) => read?,
        Err(e) => {
            log::info!("the schedule of {day} was not read: {e:#}");
            return None;
        }
    };
    app.note_classes(gym, &rows);
    let now = clock::now();
    let class = |row: &Row| to_class(row, day, gym, &request.account, now);
    let wanted = find::Description::of(request, &request.first);
    let mut suggests_day = false;
    let one = find::one(&rows, &wanted, day, |only| {
        let chosen = only.replace_in(request, &request.first);
        // a class id is that of one day
        let rule = rule.filter(|_| chosen.class_id.is_none());
        suggests_day = rule.is_none();
        rule.map_or_else(|| chosen.command(day), |rule| rule.command(&chosen))
    });
    let then = rows.iter().filter(|row| row.start == request.first.start);
    let mine = then.filter(|row| row.is_mine());
    let rules = &gym.opening_rules;
    let rule = |class| rules.rule_for(&request.account, class);
    let of_class = one.as_ref().ok().and_then(|row| rule(Some(&*row.name)));
    let of_given = rule(request.first.class.as_deref());
    Some(Seen {
        other_rule: of_class.filter(|it| {
            let is_given = request.opens.is_none() && !it.is_guess();
            is_given && of_given.map(|given| given.rule) != Some(it.rule)
        }),
        session,
        suggests_day,
        is_published: !rows.is_empty(),
        mine: mine.map(class).collect(),
        class: one.as_ref().ok().map(|row| class(row)),
        message: one.err().map(|failure| failure.message),
    })
}

fn rows(
    app: &App,
    gym: &BoxProfile,
    request: &PrebookRequest,
    day: NaiveDate,
    end: Instant,
) -> Result<Option<(SessionRef, Vec<Row>)>> {
    let Some(id) = gym.id else {
        return Ok(None);
    };
    let account = &request.account;
    let sessions = app.sessions();
    let selector = app.pick(account, SessionKind::Device)?;
    let background = SessionSelector::Kind(SessionKind::Background);
    let session = sessions.as_stored(account, &selector);
    let mut session = session.or_else(|_| sessions.as_stored(account, &background))?;
    let mut client = BoxClient {
        live: &mut session,
        at: BoxAt {
            host: gym.host.clone(),
            id,
        },
        family: request.family.clone(),
    };
    let left = end.saturating_duration_since(clock::steady());
    let schedule = client.schedule_within(day, left, LoginCheck::Skipped)?;
    Ok(Some((SessionRef::from(session.row()), schedule)))
}

impl Seen {
    /// `in the schedule: WOD with Marta, 18:30–19:30, opens Fri 20 Nov 18:30`
    pub(super) fn line(&self, state: &str) -> Option<String> {
        if !self.is_published {
            return Some("the classes of that day are not published yet".to_owned());
        }
        let class = self.class.as_ref()?;
        let coach = class.coach.iter().map(|coach| format!(" with {coach}"));
        let end = class.end.iter().map(|end| end.format("–%H:%M").to_string());
        let (name, start) = (&class.name, class.start.format("%H:%M"));
        let (coach, end) = (coach.collect::<String>(), end.collect::<String>());
        let state = match class.state {
            ClassState::Cancelled => "cancelled by the box",
            ClassState::Closed => "not offered yet",
            _ => state,
        };
        Some(format!(
            "in the schedule: {name}{coach}, {start}{end}, {state}"
        ))
    }

    /// Warns if none of the published classes fits.
    fn warn_if_none_fits(&self, stored: &Prebooking) {
        let Some(why) = self.message.as_ref().filter(|_| self.is_published) else {
            return;
        };
        let account = &stored.request.account;
        let rule = stored.rule.filter(|_| !self.suggests_day);
        let (kind, id) = match rule.map(PrebookId::Rule) {
            Some(rule) => ("rule", rule.to_string()),
            None => ("prebooking", stored.id.to_string()),
        };
        log::warn!(
            "{why}; {kind} {id} is stored all the same, remove it before adding another: `aimharder prebook remove {id} --account {account}`"
        );
    }

    /// Openings are computed from the given class name, which need not be the full one.
    fn warn_of_rule(&self, stored: &Prebooking) {
        let (Some(class), Some(rule)) = (&self.class, self.other_rule) else {
            return;
        };
        let Prebooking { id, request, .. } = stored;
        log::warn!(
            "booking of {:?} opens by its own rule {rule}, which prebooking {id} does not use, because its class is {}; \
             remove it with `aimharder prebook remove {id} --account {}` and add it again with --class {:?}",
            class.name,
            request
                .first
                .class
                .as_deref()
                .map_or("not named".to_owned(), |class| format!("{class:?}")),
            request.account,
            class.name
        );
    }

    fn conflict(&self) -> Option<String> {
        let mine = self.mine.first()?;
        let place = match mine.state {
            ClassState::Waitlisted => "you are already on the waiting list of",
            _ => "you have already booked",
        };
        let which = match &self.class {
            Some(class) if class.id == mine.id => "this class".to_owned(),
            _ => format!("another class at that time, {}", mine.name),
        };
        let day = mine.day;
        Some(format!(
            "{place} {which}, on {day}; see `aimharder bookings`"
        ))
    }
}

/// Warns of what prevents one of these prebookings from being booked as it is described. `seen` is the schedule of the first.
pub(super) fn warn_of_class(app: &App, added: &[Shown], seen: Option<&Seen>) -> Result<()> {
    let Some(first) = added.first().map(|shown| &shown.prebooking) else {
        return Ok(());
    };
    if let Some(seen) = seen {
        seen.warn_if_none_fits(first);
        seen.warn_of_rule(first);
        if let Some(conflict) = seen.conflict() {
            log::warn!("{conflict}");
            return Ok(());
        }
    }
    warn_of_stored(app, added, seen.is_some_and(|seen| seen.is_published))
}

/// Warns of another prebooking or booking in the store at the time of one of these. `is_seen`: the schedule of the first shows
/// no place of the member at that time.
fn warn_of_stored(app: &App, added: &[Shown], is_seen: bool) -> Result<()> {
    let added = added.iter().map(|shown| &shown.prebooking);
    let Some(first) = added.clone().next() else {
        return Ok(());
    };
    let stored = app.store.prebookings(Some(&first.request.account))?;
    // a stored place that the schedule does not show was cancelled elsewhere
    let is_lost = |other: &Prebooking| {
        is_seen
            && matches!(other.progress, Progress::Booked | Progress::Waitlisted)
            && (other.day, &other.request.gym) == (first.day, &first.request.gym)
    };
    let conflicts = added.filter_map(|new| {
        let mut stored = stored.iter();
        let other = stored.find(|other| is_same_time(other, new) && !is_lost(other))?;
        Some((new, other))
    });
    let conflicts: Vec<_> = conflicts.collect();
    let Some((new, other)) = conflicts.first() else {
        return Ok(());
    };
    let more = match conflicts.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let (id, request) = (other.id, &other.request);
    let class = request.first.class.as_deref().unwrap_or("any class");
    let start = new.request.first.start.format("%H:%M");
    let (state, next) = match other.progress {
        Progress::Booked | Progress::Waitlisted => ("booked", "aimharder bookings".to_owned()),
        _ => ("prebooked", format!("aimharder prebook remove {id}")),
    };
    log::warn!(
        "{} {start} is {state} already{more}, as prebooking {id} ({class}, {}): `{next} --account {}`",
        new.day,
        request.gym,
        request.account
    );
    Ok(())
}

fn is_same_time(other: &Prebooking, new: &Prebooking) -> bool {
    let is_open = !matches!(
        other.progress,
        Progress::Failed | Progress::Expired | Progress::Cancelled
    );
    is_open
        && other.id != new.id
        && other.day == new.day
        && other.request.first.start == new.request.first.start
        && other.request.family == new.request.family
}

/// Warns of what would make `prebook run` fail, and if nothing runs it. Returns whether nothing is missing.
pub(in crate::commands) fn warn(
    app: &App,
    account: &Account,
    box_name: &str,
    tools: Tools,
) -> Result<bool> {
    let is_session_well = warn_of_session(app, account)?;
    let used = app.in_use();
    let schedule = schedule::finish(tools, &used);
    let is_idle = !schedule.runs(Job::Prebook, account, Some(box_name));
    if is_idle {
        let add_line = schedule.add_line(&used.crontab_line(Job::Prebook));
        log::warn!("{}: {add_line}", schedule.nothing_runs("`prebook run`"));
    }
    Ok(is_session_well && !is_idle)
}

fn warn_of_session(app: &App, account: &Account) -> Result<bool> {
    let rows = app.store.sessions(Some(account))?;
    let background = rows.iter().find(|row| row.kind == SessionKind::Background);
    let only = app.sessions().is_only_account(account)?;
    let has_source = password::unattended(&app.config, account, only).is_some();
    let another = password::of_another(&app.config, account, only);
    let finding = sessions::automation(account, background, has_source, another.as_deref(), true);
    if let Some(finding) = finding {
        log::warn!("{finding}");
    }
    Ok(background.is_some() && has_source)
}
