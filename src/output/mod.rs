//! What each command prints. Moving into `commands`.

mod booking;
mod boxes;
mod classes;
mod ics;
mod login;
mod prebook;
mod prebook_run;
mod prebook_views;
mod prebook_words;
mod refresh;
mod sheet;

pub(crate) use crate::commands::SessionRef;
pub(crate) use booking::{BookView, BookingView, BookingsView, CancelView, HistoryView};
pub(crate) use boxes::{BoxView, BoxesView};
pub(crate) use classes::ClassesView;
pub(crate) use ics::IcsView;
pub(crate) use login::{LoginBox, LoginSession, LoginView};
pub(crate) use prebook::{PrebookListView, PrebookedView, RemovedView, RulesView, SkipsView};
pub(crate) use prebook_run::{ResultView, RunView, waits_for};
pub(crate) use prebook_views::{PrebookingView, RuleView, StandingView, moment, short_day};
pub(crate) use prebook_words::{prebooking_sentence, still_waiting};
pub(crate) use refresh::{RefreshView, RefreshedSession};
