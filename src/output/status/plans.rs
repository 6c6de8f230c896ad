//! What is to be booked next, with a countdown.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};

use super::screen::heading;
use crate::model::time::human_age;
use crate::output::prebook_views::{moment, short_day};
use crate::status::{Coming, LastRequest, Plans, Report};
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain, shrink};

/// More than this is for `prebook list`.
const COMING: usize = 5;

pub(super) fn prebookings(
    report: &Report,
    style: &OutputStyle,
    to: &mut dyn Write,
) -> io::Result<()> {
    let plans = &report.prebookings;
    if plans.open() == 0 && plans.rules == 0 && plans.last_request.is_none() {
        return Ok(());
    }
    heading("prebookings", style, to)?;
    let several = report.accounts.len() > 1;
    // with one box its name says nothing
    let one_box = matches!(report.accounts.as_slice(), [only] if only.boxes.len() == 1);
    let rows: Vec<_> = plans
        .next
        .iter()
        .take(COMING)
        .map(|c| class(c, several, one_box, report.checked_at))
        .collect();
    let gives: &[_] = if one_box {
        &[shrink(3, 8)]
    } else {
        &[shrink(4, 12), shrink(3, 8), shrink(4, 0)]
    };
    style.table(&rows, 2, gives, to)?;
    let rest = rest(plans);
    if !rest.is_empty() {
        writeln!(to, "  {}", rest.join(", "))?;
    }
    match &plans.last_request {
        Some(last) => writeln!(to, "  {}", sent(last, report.checked_at)),
        None => Ok(()),
    }
}

/// What is not shown one by one, in numbers.
fn rest(plans: &Plans) -> Vec<String> {
    let mut rest = Vec::new();
    rest.extend(
        plans
            .next
            .len()
            .checked_sub(COMING)
            .filter(|more| *more > 0)
            .map(|more| format!("{more} more")),
    );
    let count = |status: &str| plans.counts.get(status).copied().unwrap_or_default();
    for (number, what) in [
        (count("executing"), "being booked"),
        (count("waitlisted"), "on a waiting list"),
    ] {
        rest.extend((number > 0).then(|| format!("{number} {what}")));
    }
    rest.extend((plans.rules > 0).then(|| match plans.rules {
        1 => "1 weekly rule".to_owned(),
        n => format!("{n} weekly rules"),
    }));
    rest
}

/// `last request 2 h ago: booked, 1.5 ms after the opening`
fn sent(last: &LastRequest, now: DateTime<Utc>) -> String {
    let ago = human_age(now - last.sent_at);
    let outcome = last.outcome.replace('_', " ");
    let late = last.lateness_ms.map_or_else(String::new, |late| {
        let side = if late < 0.0 { "before" } else { "after" };
        format!(", {:.1} ms {side} the opening", late.abs())
    });
    format!("last request {ago} ago: {outcome}{late}")
}

fn class(coming: &Coming, several: bool, one_box: bool, now: DateTime<Utc>) -> Vec<Cell> {
    let (words, tone) = match coming.opens_at {
        _ if coming.starts_at <= now => ("class has started".to_owned(), Style::Bad),
        None => ("opening unknown".to_owned(), Style::Faint),
        Some(at) if at <= now => (format!("open since {}", moment(at, now)), Style::Plain),
        Some(at) => {
            let about = if coming.guess { "about " } else { "" };
            let left = countdown(at.with_timezone(&Utc) - now);
            (
                format!("opens in {about}{left}, {}", moment(at, now)),
                Style::Good,
            )
        }
    };
    let whose = if several {
        format!("{} for {}", coming.gym, coming.account)
    } else {
        coming.gym.clone()
    };
    let mut cells = vec![
        plain(coming.id.to_string()),
        plain(short_day(coming.day, coming.starts_at.timezone(), now)),
        plain(coming.start.format("%H:%M").to_string()),
        plain(coming.class.as_deref().unwrap_or("any class")),
    ];
    cells.extend((!one_box).then(|| plain(whose)));
    cells.push(cell(words, tone));
    cells
}

/// `1 d 22 h`: an age's whole days are too coarse for what is to come.
fn countdown(left: TimeDelta) -> String {
    match (left.num_days(), left.num_hours() % 24) {
        (0, _) | (_, 0) => human_age(left),
        (days, hours) => format!("{days} d {hours} h"),
    }
}
