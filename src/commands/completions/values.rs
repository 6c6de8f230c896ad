//! Candidates for the values of flags and arguments, added to the command line's definition for clap's engine to find.

use std::ffi::OsStr;
use std::sync::Arc;

use chrono::Days;
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::line::Line;
use crate::clock;
use crate::store::{self, Store};
use crate::text::fold;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Where values come from: the store, if there is one, and the flags typed so far.
#[derive(Clone)]
struct Known {
    store: Option<Arc<Store>>,
    account: Option<String>,
    gym: Option<String>,
    /// Background sessions may be named too.
    any_kind: bool,
    /// The commands that `man` has pages of, below those typed so far.
    pages: Vec<String>,
}

/// The definition with values.
pub(super) fn with_values(command: Command, line: &Line, store: Option<Store>) -> Command {
    let folded = |flag| line.value_of(flag).map(|name| name.trim().to_lowercase());
    let known = Known {
        store: store.map(Arc::new),
        account: folded("--account"),
        gym: folded("--box"),
        any_kind: line.before().iter().any(|word| word == "sessions"),
        pages: pages(&command, line),
    };
    add_values(command, &known)
}

fn add_values(command: Command, known: &Known) -> Command {
    command
        .mut_args(|arg| with_value(arg, known))
        .mut_subcommands(|sub| add_values(sub, known))
}

fn with_value(arg: Arg, known: &Known) -> Arg {
    let values: fn(&Known, &str) -> Vec<String> = match arg.get_id().as_str() {
        "account" | "email" => |known, _| {
            known.ask(|store| Ok(store.accounts()?.iter().map(ToString::to_string).collect()))
        },
        "gym" | "name" => |known, _| known.ask(|store| store.box_names(known.account.as_deref())),
        "class" | "class_words" | "exclude" => {
            |known, _| known.ask(|store| store.class_names(known.gym.as_deref()))
        }
        "fingerprint" => |known, _| {
            known.ask(|store| store.fingerprints(known.account.as_deref(), known.any_kind))
        },
        "ids" => |known, _| known.ask(Store::removable),
        "reservation" => |known, _| known.reservations(),
        "command" => |known, _| known.pages.clone(),
        "day" | "day_word" => |_, _| owned(&[&["today", "tomorrow"], &WEEKDAYS[..]].concat()),
        "weekly" => |_, typed| weekdays(typed),
        "timezone" => |_, _| {
            chrono_tz::TZ_VARIANTS
                .map(|zone| zone.name().to_owned())
                .to_vec()
        },
        _ => return arg,
    };
    let known = known.clone();
    arg.add(ArgValueCompleter::new(move |current: &OsStr| {
        let typed = current.to_string_lossy();
        fitting(values(&known, &typed), &typed)
    }))
}

fn pages(command: &Command, line: &Line) -> Vec<String> {
    let named = line.before().iter().skip_while(|word| *word != "man");
    let mut named = named.skip(1);
    let below = named.try_fold(command, |above, name| above.find_subcommand(name));
    let shown = below.into_iter().flat_map(Command::get_subcommands);
    shown
        .filter(|sub| !sub.is_hide_set())
        .map(|sub| sub.get_name().to_owned())
        .collect()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// One more weekday after those typed so far: `mon,` → `mon,tue`, `mon,wed` …
fn weekdays(typed: &str) -> Vec<String> {
    let before = typed.rfind(',').map_or("", |comma| &typed[..=comma]);
    let is_new = |day: &&&str| before.split(',').all(|other| other.trim() != **day);
    let days = WEEKDAYS.iter().filter(is_new);
    days.map(|day| format!("{before}{day}")).collect()
}

impl Known {
    /// Reservations of prebookings whose class is to come, or was yesterday: a day may begin earlier here than at the box.
    fn reservations(&self) -> Vec<String> {
        let since = clock::now().date_naive() - Days::new(1);
        self.ask(|store| store.reservations(self.account.as_deref(), since))
    }

    fn ask(&self, question: impl Fn(&Store) -> store::Result<Vec<String>>) -> Vec<String> {
        let store = self.store.as_deref();
        store
            .and_then(|store| question(store).ok())
            .unwrap_or_default()
    }
}

/// The values that begin with what is typed, ignoring case and accents. An explanation may follow after a tab.
fn fitting(values: Vec<String>, typed: &str) -> Vec<CompletionCandidate> {
    let typed = fold(typed);
    let fits = |value: &String| fold(value).starts_with(&typed);
    let candidates = values
        .into_iter()
        .filter(fits)
        .enumerate()
        .map(|(n, value)| {
            let (value, help) = value.split_once('\t').unwrap_or((&value, ""));
            let help = (!help.is_empty()).then(|| help.trim().to_owned().into());
            CompletionCandidate::new(value)
                .help(help)
                .display_order(Some(n))
        });
    candidates.collect()
}
