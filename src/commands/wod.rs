//! `wod`: the workouts that the box published.

use anyhow::Result;
use chrono::{Days, NaiveDate};
use clap::Args;
use serde_json::{Value, json};

use super::SessionRef;
use super::app::App;
use super::args::{DAY_HELP, DayArg, number};
use super::help::{Help, code};
use crate::clock;
use crate::error::Failure;
use crate::model::session::SessionKind;
use crate::platform::{Block, Post};
use crate::sessions::{self, ActiveSession};
use crate::ui::Ui;
use crate::ui::dates::long_day;
use crate::ui::table::{OutputStyle, Style};

/// Pages of older posts that are read at most.
const MAX_PAGES: usize = 20;

const HELP: Help = Help {
    notes: DAY_HELP,
    examples: &["aimharder wod", "aimharder wod mon --days 3"],
    exit_codes: &[
        (0, "shown, or nothing is published"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "no such box, or several accounts or boxes"),
    ],
};

/// Show the workout of the day
///
/// Shows what the box published for the day, with the device session by default.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct WodArgs {
    /// Day [default: today]
    #[arg(value_name = "DAY")]
    day: Option<DayArg>,
    /// Number of days, from 1 to 14
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |raw: &str| number::<u8>(raw, 1, 14))]
    days: u8,
}

pub(crate) fn run(args: &WodArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let mut session = app.open(&account, SessionKind::Device)?;
    let gym = app.profile(&account)?;
    let first = args.day.clone().unwrap_or_else(DayArg::today);
    let first = first.on(gym.today(clock::now())).map_err(Failure::usage)?;
    let end = first
        .checked_add_days(Days::new(args.days.into()))
        .ok_or_else(|| Failure::usage("the day is out of range"))?;
    let mut workouts = published(&mut session, &gym.host, first)?;
    workouts.retain(|post| post.day.is_some_and(|day| (first..end).contains(&day)));
    workouts.sort_by_key(|post| post.day);
    let data = json!({
        "box": gym.name,
        "session": SessionRef::from(session.row()),
        "workouts": workouts.iter().map(to_json).collect::<Vec<_>>(),
    });
    ui.print(&data, |style| text(&workouts, style))
}

/// The posts with their days, as far as these are known. Pages are read until one ends with a post from before `first`: posts
/// are newest first, except pinned ones, which are on top.
fn published(
    session: &mut ActiveSession<'_>,
    host: &str,
    first: NaiveDate,
) -> sessions::Result<Vec<Post>> {
    let mut posts = Vec::new();
    let Some(publisher) = session.call(|platform, jar| platform.publisher(jar, host))? else {
        log::info!("{host} publishes no workouts");
        return Ok(posts);
    };
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let (page, next) = session
            .call(|platform, jar| platform.activity(jar, host, &publisher, after.as_deref()))?;
        let mut last_day = None;
        for mut post in page {
            if post.day.is_none() {
                post.day = day_of(session, host, &post)?;
            }
            last_day = post.day.or(last_day);
            posts.push(post);
        }
        let is_enough = last_day.is_some_and(|day| day < first);
        if is_enough || next.is_none() || next == after {
            return Ok(posts);
        }
        after = next;
    }
    log::warn!("only the newest {MAX_PAGES} pages were read; older workouts may be missing");
    Ok(posts)
}

/// The day in the details of a post. Details that cannot be read leave out only that post.
fn day_of(
    session: &mut ActiveSession<'_>,
    host: &str,
    post: &Post,
) -> sessions::Result<Option<NaiveDate>> {
    let Some(id) = &post.id else {
        log::warn!("a workout without a readable day is left out");
        return Ok(None);
    };
    match session.call(|platform, jar| platform.workout_day(jar, host, id)) {
        Ok(day) => Ok(day),
        Err(sessions::Error::Platform(e)) => {
            log::warn!("the day of workout {id} is unknown, so it is left out: {e}");
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// Title, type and time cap are those of the first block.
fn to_json(workout: &Post) -> Value {
    let first = workout.blocks.first();
    json!({
        "day": workout.day,
        "class": workout.class,
        "title": first.and_then(|block| block.title.as_ref()),
        "type": first.map_or("other", |block| block.kind),
        "time_cap": first.and_then(|block| block.time_cap.as_ref()),
        "blocks": workout.blocks,
    })
}

fn text(workouts: &[Post], style: &OutputStyle) -> Vec<String> {
    let mut lines = Vec::new();
    let mut day = None;
    for workout in workouts {
        if let Some(new) = workout.day.filter(|_| workout.day != day) {
            lines.extend(style.paragraph(&long_day(new), 0, Style::Heading));
        }
        day = workout.day;
        let class = workout.class.as_deref().unwrap_or_default();
        lines.extend(style.paragraph(class, 2, Style::Plain));
        for block in &workout.blocks {
            lines.extend(style.paragraph(&heading(block), 4, Style::Heading));
            let exercises = block.exercises.iter().map(|it| match &it.prescription {
                Some(prescription) => format!("{}: {prescription}", it.name),
                None => it.name.clone(),
            });
            let texts = block.text.lines().map(str::to_owned).chain(exercises);
            lines.extend(texts.flat_map(|text| style.paragraph(&text, 6, Style::Plain)));
        }
    }
    if workouts.is_empty() {
        lines.push("no workout is published".to_owned());
    }
    lines
}

/// `Fran (for time, time cap 10:00)`
fn heading(block: &Block) -> String {
    let kind = match block.kind {
        "for_time" => Some("for time"),
        "amrap" => Some("AMRAP"),
        "emom" => Some("EMOM"),
        _ => None,
    };
    let cap = block.time_cap.as_ref().map(|cap| format!("time cap {cap}"));
    let notes: Vec<String> = kind.map(str::to_owned).into_iter().chain(cap).collect();
    let title = block.title.as_deref().unwrap_or("Workout");
    if notes.is_empty() {
        title.to_owned()
    } else {
        format!("{title} ({})", notes.join(", "))
    }
}
