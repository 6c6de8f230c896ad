//! `prebook add`: stores a prebooking or a weekly rule, and reports what the schedule shows of it.

use anyhow::Result;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc, WeekdaySet};
use clap::Args;
use serde::Serialize;

use super::look::{Seen, look, warn, warn_of_class};
use super::shown::{Shown, ShownRule, lead_words, prebooking_lines, request_notes};
use super::{materialize_rules, to_shown, to_shown_rule};
use crate::clock;
use crate::commands::SessionRef;
use crate::commands::app::App;
use crate::commands::args::{ClassArgs, DayArg, coach, family, id};
use crate::commands::help::{Help, code};
use crate::diagnostics::schedule;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::day::weekday_short;
use crate::model::opening::{Opening, Rule, Source};
use crate::model::prebooking::{
    Choice, Lead, PrebookId, PrebookRequest, Prebooking, Progress, class_name,
};
use crate::model::time::human_age;
use crate::model::weekly::{WeeklyRule, parse_weekdays, weekday_names};
use crate::model::zone;
use crate::text::fold;
use crate::ui::Ui;
use crate::ui::dates::short_day;
use crate::ui::table::{OutputStyle, Style};

const EXAMPLE: &str = "aimharder prebook add mon 18:30 wod";
const WEEKLY_EXAMPLE: &str = "aimharder prebook add --weekly mon,wed --time 18:30 --class wod";

const HELP: Help = Help {
    notes: "\
DAY is today, tomorrow, a weekday such as mon (the next one, today included), +3, 2026-11-23, 20261123 or 23/11.
A RULE states when booking opens: 4d (four days before, at the same wall-clock time), 4d@07:00, 46h (46 elapsed hours before), \
sun@20:00 (the last Sunday 20:00 before the day of the class).
The classes of a weekly rule within the next 14 days become prebookings automatically; `prebook skip` leaves dates out.",
    examples: &[
        "aimharder prebook add 2026-11-23 18:30 wod --waitlist",
        "aimharder prebook add fri 18:30 --or '19:30 wod' --or 20:30",
        "aimharder prebook add --weekly mon,wed --time 18:30 --until 2026-12-18",
    ],
    exit_codes: &[
        (0, "stored"),
        code::UNUSABLE_STORE,
        (2, "wrong usage or config, or the class has started"),
        (3, "no session"),
        (6, "no such box, or several"),
    ],
};

/// Prebook a class, or the same class every week
///
/// Reports what the schedule shows, if it can be read within two seconds. A class that is not in the schedule yet is accepted,
/// and one whose booking is open already is booked by the next run. Adding the same class again changes the stored prebooking.
#[derive(Debug, Args)]
#[command(
    override_usage = "aimharder prebook add DAY TIME [CLASS] [OPTIONS]\n       aimharder prebook add --weekly DAYS TIME [OPTIONS]",
    after_long_help = HELP, add = HELP
)]
pub(crate) struct PrebookAddArgs {
    #[command(flatten)]
    class: ClassArgs,
    /// Id of the class, as in `classes --json`, if time and coach do not distinguish it
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["class", "weekly"])]
    id: Option<String>,
    /// Weekdays of a weekly rule, for example mon,wed
    #[arg(long, value_name = "DAYS", value_parser = parse_weekdays, conflicts_with = "day")]
    weekly: Option<WeekdaySet>,
    /// Alternative class, tried in order if earlier choices are unavailable; repeatable
    #[arg(long = "or", value_name = "TIME [CLASS]")]
    alternatives: Vec<Choice>,
    /// If no choice could be booked, join the waiting list of the first full class
    #[arg(long, conflicts_with = "watch")]
    waitlist: bool,
    /// If no choice could be booked, try again until the class starts
    #[arg(long)]
    watch: bool,
    /// When booking opens, for example 4d@07:00 [default: the box's rule]
    #[arg(long, value_name = "RULE")]
    opens: Option<Rule>,
    /// Last date of the weekly rule, included
    #[arg(
        long,
        value_name = "DATE",
        requires = "weekly",
        conflicts_with = "day",
        allow_hyphen_values = true
    )]
    until: Option<DayArg>,
    /// Only a class of this coach; a part of the name is enough
    #[arg(long, value_name = "NAME", value_parser = coach)]
    coach: Option<String>,
    /// No class with this name; a part of the name is enough; repeatable
    #[arg(long, value_name = "NAME", value_parser = class_name)]
    exclude: Vec<String>,
    /// Book nothing later than this before the class starts, for example 90m
    #[arg(long, value_name = "DURATION")]
    lead: Option<Lead>,
    /// Book nothing on a day on which another class is booked
    #[arg(long)]
    once_a_day: bool,
    /// Book for this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    family: Option<String>,
}

impl PrebookAddArgs {
    /// Checks what clap cannot check.
    ///
    /// # Errors
    /// A missing or contradictory argument.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        let weekly = self
            .weekly
            .map(|days| format!("--weekly {}", weekday_names(days).join(",")));
        let id = self.id.as_ref().map(|id| format!("--id {id}"));
        self.class.settle(weekly.as_deref(), id.as_deref())?;
        self.start().map(|_| ())
    }

    /// The start, if the days are given too. clap could report what is missing, but not with an example.
    ///
    /// # Errors
    /// What is missing, with an example.
    fn start(&self) -> Result<NaiveTime, String> {
        let example = match (&self.weekly, &self.class.day) {
            (Some(_), _) => WEEKLY_EXAMPLE,
            (None, Some(_)) => EXAMPLE,
            (None, None) => {
                return Err(format!(
                    "which day? use DAY, --day or --weekly, for example: `{EXAMPLE}`, or `{WEEKLY_EXAMPLE}`"
                ));
            }
        };
        self.class.time.ok_or_else(|| {
            format!(
                "at what time does the class start? use TIME or --time, for example: `{example}`"
            )
        })
    }
}

pub(super) fn run(args: &PrebookAddArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let start = args.start().map_err(Failure::usage)?;
    let account = app.account()?;
    let gym = app.profile(&account)?;
    // the system's tools run while the schedule is read
    let tools = schedule::start();
    let now = clock::now();
    let request = request(args, start, &account, &gym);
    let added = if let Some(weekdays) = args.weekly {
        weekly(args, &request, weekdays, app, now)?
    } else {
        let today = now.with_timezone(&gym.zone).date_naive();
        let day = args.class.day().on(today).map_err(Failure::usage)?;
        once(&request, day, app, now)?
    };
    warn_of_class(app, &added.prebookings, added.schedule.as_ref())?;
    let is_complete = warn(app, &account, &gym.name, tools)?;
    ui.print(&added, |style| added.lines(is_complete, now, style))
}

fn request(
    args: &PrebookAddArgs,
    start: NaiveTime,
    account: &Account,
    gym: &BoxProfile,
) -> PrebookRequest {
    let first = Choice {
        start,
        class: args.class.class.clone(),
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
        class_id: args.id.clone(),
        coach: args.coach.clone(),
        exclude: args.exclude.clone(),
        lead: args.lead.clone(),
        once_a_day: args.once_a_day,
    }
}

fn once(request: &PrebookRequest, day: NaiveDate, app: &App, now: DateTime<Utc>) -> Result<Added> {
    let gym = app.any_profile(&request.gym)?;
    in_time(request, day, &gym, now)?;
    let schedule = look(app, &gym, request, day, None);
    let store = &app.store;
    let account = &request.account;
    let before = store.open_prebookings(Some(account))?;
    let stored = store.put_prebooking(request, day, None, now)?;
    let before = before.iter().find(|it| it.id == stored.id);
    let notes = if let Some(before) = before {
        replaced(before, &stored)
    } else {
        let rules = store.rules(Some(account))?;
        let covering = rules.iter().find(|rule| is_of_rule(&stored, rule));
        let note = |rule: &WeeklyRule| {
            format!(
                "{day} is a day of rule r{}, which books nothing more than prebooking {} then",
                rule.id, stored.id
            )
        };
        covering.map(note).into_iter().collect()
    };
    materialize_rules(app, None, now)?;
    Ok(Added {
        rules: None,
        prebookings: to_shown(app, vec![stored])?,
        session: schedule.as_ref().map(|seen| seen.session.clone()),
        schedule,
        notes,
    })
}

/// What adding a class again has changed.
fn replaced(before: &Prebooking, stored: &Prebooking) -> Vec<String> {
    let id = stored.id;
    let mut notes: Vec<String> = Vec::new();
    notes.extend(before.rule.map(PrebookId::Rule).map(|rule| {
        format!("prebooking {id} is no longer an occurrence of rule {rule}: changes and removal of {rule} leave it as it is")
    }));
    notes.extend(
        earlier_settings(&before.request, &stored.request)
            .map(|settings| format!("prebooking {id} existed and is changed; before: {settings}")),
    );
    notes
}

/// The settings that were replaced, or `None` if they are the same.
fn earlier_settings(before: &PrebookRequest, now: &PrebookRequest) -> Option<String> {
    let opening = |request: &PrebookRequest| {
        request
            .opens
            .map(|rule| Opening::given(rule, Source::Option))
    };
    let notes = request_notes(before, opening(before), None);
    let is_changed = notes != request_notes(now, opening(now), None);
    is_changed.then(|| match notes.as_slice() {
        [] => "no options".to_owned(),
        notes => notes.join(", "),
    })
}

/// Refuses a class that has started, starts within its lead, or is more than a year ahead.
fn in_time(
    request: &PrebookRequest,
    day: NaiveDate,
    gym: &BoxProfile,
    now: DateTime<Utc>,
) -> Result<()> {
    let today = now.with_timezone(&gym.zone).date_naive();
    let start = request.first.start;
    let starts = zone::resolve(gym.zone, day.and_time(start));
    if starts <= now {
        let mut next = day;
        while zone::resolve(gym.zone, next.and_time(start)) <= now {
            next = next + Days::new(7);
        }
        return Err(Failure::usage(format!(
            "the class on {day} at {} has started (it is {} in {}); use for example {next}",
            start.format("%H:%M"),
            now.with_timezone(&gym.zone).format("%Y-%m-%d %H:%M"),
            gym.zone.name(),
        ))
        .into());
    }
    let lead = request.lead.as_ref().map(|lead| lead.span).or(gym.lead);
    if lead.is_some_and(|lead| now + lead >= starts) {
        let lead = lead_words(request, gym.lead).unwrap_or_default();
        return Err(Failure::usage(format!(
            "the class on {day} at {} starts in {}, which is within its lead of {lead}; use a later day or a shorter --lead",
            start.format("%H:%M"),
            human_age(starts.to_utc() - now),
        ))
        .into());
    }
    if day > today + Months::new(12) {
        return Err(Failure::usage(format!(
            "{day} is more than a year ahead; use for example {}, or --weekly {} for every week",
            today + Days::new(7),
            weekday_short(day.weekday()),
        ))
        .into());
    }
    Ok(())
}

fn last_day(
    args: &PrebookAddArgs,
    gym: &BoxProfile,
    now: DateTime<Utc>,
) -> Result<Option<NaiveDate>> {
    let today = now.with_timezone(&gym.zone).date_naive();
    let until = args.until.as_ref().map(|day| day.on(today));
    let until = until.transpose().map_err(Failure::usage)?;
    if let Some(until) = until.filter(|until| *until < today) {
        return Err(Failure::usage(format!(
            "a rule until {until} would end before it begins; use for example --until {}",
            today + Days::new(28)
        ))
        .into());
    }
    Ok(until)
}

fn weekly(
    args: &PrebookAddArgs,
    request: &PrebookRequest,
    weekdays: WeekdaySet,
    app: &App,
    now: DateTime<Utc>,
) -> Result<Added> {
    let store = &app.store;
    let account = &request.account;
    let gym = app.any_profile(&request.gym)?;
    let until = last_day(args, &gym, now)?;
    let before = store.rules(Some(account))?;
    let rule = store.put_rule(request, weekdays, until, now)?;
    materialize_rules(app, None, now)?;
    let today = now.with_timezone(&gym.zone).date_naive();
    let (mut occurrences, mut others) = (Vec::new(), Vec::new());
    for stored in store.prebookings(Some(account))? {
        let is_pending = matches!(stored.progress, Progress::Pending | Progress::Executing);
        let has_place = matches!(stored.progress, Progress::Booked | Progress::Waitlisted);
        if stored.rule == Some(rule.id) {
            occurrences.extend(is_pending.then_some(stored));
        } else if stored.day >= today && (is_pending || has_place) && is_of_rule(&stored, &rule) {
            others.push(stored);
        }
    }
    let id = PrebookId::Rule(rule.id);
    let earlier = others.iter().find_map(|other| other.rule);
    if let Some(earlier) = earlier.filter(|_| occurrences.is_empty()) {
        log::warn!(
            "the classes of rule {id} are prebooked already by rule r{earlier}; to use {id} instead: `aimharder prebook remove r{earlier} --account {account}`",
        );
        others.retain(|other| other.rule != Some(earlier));
    }
    let before = before.iter().find(|it| it.id == rule.id);
    let mut notes: Vec<String> = Vec::new();
    notes.extend(before.and_then(|before| rule_before(before, &rule)));
    notes.extend(exists_already(&to_shown(app, others)?, now));
    if notes.is_empty() && earlier.is_none() && occurrences.is_empty() {
        let has_skips = !store.skips(account)?.is_empty();
        let see = if has_skips {
            "; skipped dates: `aimharder prebook skip`"
        } else {
            ""
        };
        notes.push(format!("no occurrence is pending yet{see}"));
    }
    let prebookings = to_shown(app, occurrences)?;
    let first = prebookings.first().map(|shown| &shown.prebooking);
    let schedule = first.and_then(|it| look(app, &gym, &it.request, it.day, Some(&rule)));
    Ok(Added {
        session: schedule.as_ref().map(|seen| seen.session.clone()),
        schedule,
        prebookings,
        notes,
        rules: Some(vec![to_shown_rule(app, rule)?]),
    })
}

/// The settings of a rule that were replaced, or `None` if they are the same.
fn rule_before(before: &WeeklyRule, now: &WeeklyRule) -> Option<String> {
    let until = |rule: &WeeklyRule| match rule.until {
        Some(day) => format!("until {day}"),
        None => "without an end".to_owned(),
    };
    let settings = earlier_settings(&before.request, &now.request);
    let end = (before.until != now.until).then(|| until(before));
    let changed: Vec<_> = settings.into_iter().chain(end).collect();
    let id = PrebookId::Rule(now.id);
    (!changed.is_empty()).then(|| {
        format!(
            "rule {id} existed and is changed; before: {}",
            changed.join(", ")
        )
    })
}

/// The classes of a rule for which other prebookings exist.
fn exists_already(others: &[Shown], now: DateTime<Utc>) -> Option<String> {
    let others = others.iter().map(|shown| {
        let Prebooking {
            id, day, progress, ..
        } = &shown.prebooking;
        let state = match progress {
            Progress::Booked | Progress::Waitlisted => shown.state(now).0,
            _ => "prebooked".to_owned(),
        };
        format!(
            "{} is {state} already, as prebooking {id}",
            short_day(*day, shown.zone, now)
        )
    });
    let others: Vec<_> = others.collect();
    (!others.is_empty()).then(|| others.join(", "))
}

/// Whether a prebooking is for one of the rule's classes.
fn is_of_rule(other: &Prebooking, rule: &WeeklyRule) -> bool {
    let (its, wanted) = (&other.request, &rule.request);
    let class = |request: &PrebookRequest| request.first.class.as_deref().map(fold);
    let coach = wanted.coach.as_deref().map(fold);
    rule.weekdays.contains(other.day.weekday())
        && rule.until.is_none_or(|until| other.day <= until)
        && (&its.gym, its.first.start, &its.family)
            == (&wanted.gym, wanted.first.start, &wanted.family)
        && class(its) == class(wanted)
        && (coach.is_none() || coach == its.coach.as_deref().map(fold))
}

#[derive(Debug, Serialize)]
struct Added {
    prebookings: Vec<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<ShownRule>>,
    /// What the schedule shows, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Seen>,
    /// The session that read the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionRef>,
    /// What was replaced, and which classes exist already.
    #[serde(skip)]
    notes: Vec<String>,
}

impl Added {
    /// `is_complete`: nothing is missing for it to be booked.
    fn lines(&self, is_complete: bool, now: DateTime<Utc>, style: &OutputStyle) -> Vec<String> {
        let mut lines = Vec::new();
        let mut add = |text: &str| lines.extend(style.paragraph(text, 0, Style::Plain));
        for shown in self.rules.iter().flatten() {
            let (rule, request) = (&shown.rule, &shown.rule.request);
            let id = PrebookId::Rule(rule.id);
            let mut notes = vec![format!(
                "rule {id} stored: every {} at {}",
                weekday_names(rule.weekdays).join(","),
                request.first
            )];
            notes.extend(request_notes(request, shown.opening, shown.lead));
            notes.extend(rule.until.map(|day| format!("until {day}")));
            add(&notes.join("; "));
        }
        lines.extend(prebooking_lines(&self.prebookings, now, style));
        let mut add = |text: &str| lines.extend(style.paragraph(text, 0, Style::Plain));
        if let (Some(seen), Some(shown)) = (&self.schedule, self.prebookings.first())
            && let Some(line) = seen.line(&shown.state(now).0)
        {
            add(&line);
        }
        self.notes.iter().for_each(|note| add(note));
        if is_complete {
            add("to see whether it will be booked: `aimharder status`");
        }
        lines
    }
}
