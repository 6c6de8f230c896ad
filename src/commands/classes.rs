//! `classes`: the schedule of one day or several.

use std::time::Duration;

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::SessionRef;
use super::app::App;
use super::args::{DAY_HELP, DayArg, coach, family, number};
use super::help::{Help, code};
use crate::booking::{LoginCheck, to_class};
use crate::clock;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::class::{Class, ClassState};
use crate::model::prebooking::class_name;
use crate::model::session::SessionKind;
use crate::platform::Row;
use crate::text::fold;
use crate::ui::Ui;
use crate::ui::dates::{long_day, opens_at};
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, plain, shrink};

/// The id of a class is shown from this width on.
const MIN_WIDTH_WITH_ID: usize = 100;

const HELP: Help = Help {
    notes: DAY_HELP,
    examples: &[
        "aimharder classes tomorrow",
        "aimharder classes fri --days 7 --class wod --open --json",
    ],
    exit_codes: &[
        (0, "shown, or no class fits"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "no such box"),
    ],
};

/// Show the classes of a day, or of several
///
/// Acts with the device session unless --session says otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct ClassesArgs {
    /// First day [default: today]
    #[arg(value_name = "DAY", conflicts_with = "day")]
    day_word: Option<DayArg>,
    /// Same as DAY
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    day: Option<DayArg>,
    /// Number of days
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |raw: &str| number::<u8>(raw, 1, 31))]
    days: u8,
    /// Show only classes whose name contains this
    #[arg(long = "class", value_name = "NAME", value_parser = class_name)]
    class: Option<String>,
    /// Show only classes of this coach; a part of the name is enough
    #[arg(long, value_name = "NAME", value_parser = coach)]
    coach: Option<String>,
    /// Show the classes as this family member sees them
    #[arg(long, value_name = "ID", value_parser = family)]
    family: Option<String>,
    /// Show only classes that can be booked now
    #[arg(long)]
    open: bool,
}

pub(crate) fn run(args: &ClassesArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let mut session = app.open(&account, SessionKind::Device)?;
    let profile = app.profile(&account)?;
    let mut client = app.client(&profile, &mut session, args.family.clone())?;
    let days = days(args, &profile)?;
    let (mut classes, mut seen) = (Vec::new(), Vec::new());
    for day in &days {
        let check = if client.live.has_shown_login() {
            LoginCheck::Skipped
        } else {
            LoginCheck::IfPossible
        };
        let rows = client.schedule_within(*day, Duration::MAX, check)?;
        classes.extend(selected(&rows, *day, args, &profile, &account));
        seen.extend(rows);
    }
    let login_verified = session.has_shown_login();
    if !login_verified {
        log::warn!(
            "the login could not be verified: your bookings may be missing from the schedule"
        );
    }
    app.note_classes(&profile, &seen);
    let data = json!({
        "box": profile.name,
        "timezone": profile.zone.name(),
        "session": SessionRef::from(session.row()),
        "login_verified": login_verified,
        "classes": classes,
    });
    let is_filtered = args.class.is_some() || args.coach.is_some() || args.open;
    ui.print(&data, |style| text(&classes, &days, is_filtered, style))
}

fn days(args: &ClassesArgs, profile: &BoxProfile) -> Result<Vec<NaiveDate>> {
    let first = args.day_word.clone().or_else(|| args.day.clone());
    let first = first.unwrap_or_else(DayArg::today);
    let today = profile.today(clock::now());
    let first = first.on(today).map_err(Failure::usage)?;
    Ok(first.iter_days().take(args.days.into()).collect())
}

fn selected(
    rows: &[Row],
    day: NaiveDate,
    args: &ClassesArgs,
    profile: &BoxProfile,
    account: &Account,
) -> Vec<Class> {
    let now = clock::now();
    let contains = |text: &str, part: &Option<String>| {
        fold(text).contains(&fold(part.as_deref().unwrap_or_default()))
    };
    let mut classes: Vec<Class> = rows
        .iter()
        .filter(|row| contains(&row.name, &args.class))
        .filter(|row| contains(row.coach.as_deref().unwrap_or_default(), &args.coach))
        .map(|row| to_class(row, day, profile, account, now))
        .filter(|class| !args.open || class.may_be_open())
        .collect();
    classes.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    classes
}

/// First the coach is left out, then the name, the places and the state are cut.
const SHRINK: [ShrinkPriority; 4] = [shrink(4, 0), shrink(1, 8), shrink(2, 5), shrink(3, 10)];

/// The classes below their days. If they are filtered, days without a class are left out.
fn text(
    classes: &[Class],
    days: &[NaiveDate],
    is_filtered: bool,
    style: &OutputStyle,
) -> Vec<String> {
    let with_id = style.width.is_none_or(|width| width >= MIN_WIDTH_WITH_ID);
    // one table for all days, so that their columns are aligned
    let rows: Vec<_> = classes.iter().map(|class| row(class, with_id)).collect();
    let lines = style.lines(&rows, 2, &SHRINK);
    let mut text = Vec::new();
    for day in days {
        let of_day = classes.iter().zip(&lines);
        let mut of_day = of_day.filter(|(class, _)| class.day == *day).peekable();
        if is_filtered && of_day.peek().is_none() {
            continue;
        }
        if !text.is_empty() {
            text.push(String::new());
        }
        text.extend(style.paragraph(&long_day(*day), 0, Style::Heading));
        if of_day.peek().is_none() {
            text.push("  no classes published".to_owned());
        }
        for (class, line) in of_day {
            text.push(line.clone());
            text.extend(style.paragraph(&details(class), 4, Style::Faint));
        }
    }
    if text.is_empty() {
        text.push("no class fits".to_owned());
    }
    text
}

fn row(class: &Class, with_id: bool) -> Vec<Cell> {
    let end = class.end.map(|end| end.format("%H:%M").to_string());
    let end = end.unwrap_or_else(|| " ".repeat("18:30".len()));
    let (state, style) = state(class);
    let name_style = match style {
        Style::Mine => Style::Mine,
        _ => Style::Plain,
    };
    let id = with_id.then(|| format!("id {}", class.id));
    vec![
        plain(format!("{}–{end}", class.start.format("%H:%M"))),
        cell(&class.name, name_style),
        plain(places(class)),
        cell(state, style),
        cell(class.coach.clone().unwrap_or_default(), Style::Faint),
        cell(id.unwrap_or_default(), Style::Faint),
    ]
}

/// With `-v`: the description of a class, its online link and its address.
fn details(class: &Class) -> String {
    let is_verbose = log::log_enabled!(log::Level::Info);
    let all = [&class.description, &class.online, &class.address];
    let given = all.into_iter().flatten().filter(|_| is_verbose);
    given.cloned().collect::<Vec<_>>().join("; ")
}

/// ` 8/12 +3 waiting`, aligned at the slash.
fn places(class: &Class) -> String {
    let number = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let waiting = class.waiting.filter(|n| *n > 0);
    let waiting = waiting.map_or_else(String::new, |n| format!(" +{n} waiting"));
    match (class.occupied, class.capacity) {
        (None, None) => waiting.trim().to_owned(),
        (occupied, capacity) => format!("{:>2}/{:<2}{waiting}", number(occupied), number(capacity)),
    }
}

fn state(class: &Class) -> (String, Style) {
    match class.state {
        ClassState::Open => {
            let free = match (class.occupied, class.capacity) {
                (Some(occupied), Some(capacity)) => {
                    format!("{} free", capacity.saturating_sub(occupied))
                }
                _ => "open".to_owned(),
            };
            (free, Style::Good)
        }
        ClassState::Full => ("full".into(), Style::Bad),
        ClassState::Booked => ("* booked".into(), Style::Mine),
        ClassState::Waitlisted => ("* waiting list".into(), Style::Mine),
        ClassState::NotOpen => (opens_at(class.opens_at, class.opens_guess), Style::Faint),
        ClassState::Closed => ("closed".into(), Style::Faint),
        ClassState::Cancelled => ("cancelled".into(), Style::Bad),
        ClassState::Past => ("past".into(), Style::Faint),
    }
}
