//! `book --wait`: waits until booking opens and books at that instant.
//!
//! If the opening is unknown, a request is sent first, because its refusal states the opening. A guess (`4d?`) is tried every
//! half hour of its day, as for a prebooking.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Wanted;
use crate::booking::{BookResult, Outcome};
use crate::clock;
use crate::commands::app::App;
use crate::model::box_profile::BoxProfile;
use crate::model::opening::Opening;
use crate::model::prebooking::{Choice, PrebookRequest};
use crate::model::zone::resolve;
use crate::platform::Row;
use crate::prebook::plan::{Next, next_try};
use crate::prebook::{BookingEnd, Wait};
use crate::sessions::{ActiveSession, SessionManager};
use crate::ui::Ui;
use crate::ui::progress::{Countdown, countdown_time};

/// An opening that passed less than this ago may be ahead by the server's clock.
const CLOCK_DOUBT: TimeDelta = TimeDelta::minutes(1);
/// For a longer wait a prebooking is suggested.
const LONG_WAIT: TimeDelta = TimeDelta::hours(1);

impl Wanted<'_> {
    /// Sends the request now, or at the next possible opening, until the response is
    /// not "too early" or no later opening is possible.
    pub(super) fn wait<'s>(
        &self,
        app: &App,
        sessions: &'s SessionManager<'s>,
        live: ActiveSession<'s>,
        rows: &[Row],
        ui: &mut Ui,
    ) -> Result<BookingEnd> {
        let request = self.request();
        let profile = BoxProfile {
            id: Some(self.at.id),
            lead: None,
            ..self.gym.clone()
        };
        let wait = Wait::new(
            sessions,
            self.pick,
            &request,
            self.day,
            &profile,
            &self.row.id,
        );
        let mut rule = self.opening();
        let mut now = clock::now();
        let mut next = self.first(rule, now);
        let mut live = Some(live);
        let mut rows = rows.to_vec();
        let mut refused = None;
        loop {
            let reopen = || sessions.open(self.account, self.pick);
            let session = live.take().map_or_else(reopen, Ok)?;
            let countdown = next.at().map(|at| {
                let guess = rule.filter(|_| matches!(next, Next::Guess(_)));
                self.announce(at, guess, now, &request, ui)
            });
            let end = wait.until(next, session, std::mem::take(&mut rows));
            drop(countdown);
            let mut end = end?;
            now = end.at;
            self.learn(app, &end);
            self.suggest_rule(rule, &mut end, refused);
            if end.booked.outcome != Outcome::TooEarly {
                return Ok(end);
            }
            refused = Some(now);
            // a rule whose opening was too early is not used again, but a guess is
            let reported = end.booked.learned;
            let guess = rule.filter(Opening::is_guess);
            let is_moved = end.moved_to.is_some();
            let is_new = is_moved || next == Next::Unknown || guess.is_some();
            let ahead =
                rule.filter(|rule| !rule.is_guess() && !is_moved && self.opens(*rule) > now);
            rule = ahead.or(reported.filter(|_| is_new)).or(guess);
            next = self.next(rule, now);
            if next == Next::Unknown {
                return Ok(end);
            }
        }
    }

    /// [`Next::Unknown`] if the request is sent at once: the schedule decides, or the class may be open already.
    fn first(&self, rule: Option<Opening>, now: DateTime<Utc>) -> Next {
        let may_be_open = |rule: &Opening| {
            rule.is_guess() && rule.first_try(self.day, self.row.start, self.gym.zone) <= now
        };
        let rule =
            rule.filter(|rule| BookResult::decided(self.row).is_none() && !may_be_open(rule));
        self.next(rule, now)
    }

    fn opens(&self, rule: Opening) -> DateTime<Tz> {
        rule.opens_at(self.day, self.row.start, self.gym.zone)
    }

    fn next(&self, rule: Option<Opening>, now: DateTime<Utc>) -> Next {
        let Some(rule) = rule else {
            return Next::Unknown;
        };
        let (day, start) = (self.day, self.row.start);
        let after = if rule.is_guess() {
            now
        } else {
            now - CLOCK_DOUBT
        };
        let next = next_try(rule, (day, start), self.gym.zone, after);
        let starts = resolve(self.gym.zone, day.and_time(start));
        match next.at() {
            Some(at) if at < starts => next,
            _ => Next::Unknown,
        }
    }

    /// Reports on a terminal what is waited for, and starts the countdown. `guess` is the rule if `at` is only one of its half
    /// hours. `now` is the time by the server's clock, as far as that is known.
    fn announce(
        &self,
        at: DateTime<Utc>,
        guess: Option<Opening>,
        now: DateTime<Utc>,
        request: &PrebookRequest,
        ui: &mut Ui,
    ) -> Countdown {
        let guessed = guess.map(|rule| self.opens(rule));
        let line = waiting_line(at.with_timezone(&self.gym.zone), guessed, now);
        log::info!("{line}");
        if ui.is_interactive() {
            ui.status(&line);
            if at - now > LONG_WAIT {
                let command = request.command(self.day);
                ui.status(&format!("to leave it to automation: `{command}`"));
            }
        }
        let own = clock::now();
        Countdown::until(own + (at - now), own, move |left| {
            if left <= TimeDelta::zero() {
                "booking".to_owned()
            } else if guessed.is_none() {
                format!("booking opens in {}", countdown_time(left))
            } else {
                format!("next request in {}", countdown_time(left))
            }
        })
    }

    /// The request as it was described. A class that was named by its id is described as the schedule shows it.
    fn request(&self) -> PrebookRequest {
        let (args, row) = (self.args, self.row);
        let shown = Some(row.name.clone()).filter(|name| args.id.is_some() && !name.is_empty());
        let first = Choice {
            start: row.start,
            class: args.class.class.clone().or(shown),
        };
        PrebookRequest {
            family: args.family.clone(),
            waitlist: args.waitlist,
            coach: args.coach.clone(),
            ..PrebookRequest::new(self.account.clone(), &self.gym.name, first)
        }
    }
}

/// What is waited for: an opening, which may have passed by the clock of this machine only, or the next half hour at which
/// a class may be open whose opening is `guessed`.
fn waiting_line(at: DateTime<Tz>, guessed: Option<DateTime<Tz>>, now: DateTime<Utc>) -> String {
    let wait = format!(
        "in {}; waiting (Ctrl-C gives up)",
        countdown_time(at.to_utc() - now)
    );
    let shown = at.format("%a %-d %b %H:%M:%S");
    match guessed {
        _ if at <= now => format!("booking opened {shown}; sending the request"),
        None => format!("booking opens {shown}, {wait}"),
        Some(opens) => {
            let opens = opens.format("%a %-d %b %H:%M");
            format!(
                "booking opens about {opens}, perhaps earlier that day; next request {shown}, {wait}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for() {
        let now: DateTime<Utc> = "2026-11-29T00:12:12Z".parse().unwrap();
        let line = |at: i64, guessed: Option<i64>| {
            let later =
                |seconds| (now + TimeDelta::seconds(seconds)).with_timezone(&Tz::Europe__Madrid);
            waiting_line(later(at), guessed.map(later), now)
        };
        assert_eq!(
            line(48, None),
            "booking opens Sun 29 Nov 01:13:00, in 00:00:48; waiting (Ctrl-C gives up)"
        );
        assert_eq!(
            line(-48, None),
            "booking opened Sun 29 Nov 01:11:24; sending the request"
        );
        assert_eq!(
            line(1068, Some(73_068)),
            "booking opens about Sun 29 Nov 21:30, perhaps earlier that day; next request Sun 29 Nov 01:30:00, \
             in 00:17:48; waiting (Ctrl-C gives up)"
        );
    }
}
