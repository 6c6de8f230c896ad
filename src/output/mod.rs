//! What each command prints. Moving into `commands`.

mod around;
mod booking;
mod boxes;
mod classes;
mod ics;
mod login;
mod notify;
mod prebook;
mod prebook_run;
mod prebook_views;
mod prebook_words;
mod refresh;
mod sessions;
mod sheet;
mod status;
mod store;

use serde::Serialize;

use crate::model::session::{Fingerprint, SessionKind};
use crate::store::SessionRow;

pub(crate) use around::{CandidatesView, ManView, ScriptView};
pub(crate) use booking::{BookView, BookingView, BookingsView, CancelView, HistoryView};
pub(crate) use boxes::{BoxView, BoxesView};
pub(crate) use classes::ClassesView;
pub(crate) use ics::IcsView;
pub(crate) use login::{LoginBox, LoginSession, LoginView};
pub(crate) use notify::NotifyView;
pub(crate) use prebook::{PrebookListView, PrebookedView, RemovedView, RulesView, SkipsView};
pub(crate) use prebook_run::{ResultView, RunView, waits_for};
pub(crate) use prebook_views::{PrebookingView, RuleView, StandingView};
pub(crate) use prebook_words::{prebooking_sentence, still_waiting};
pub(crate) use refresh::{RefreshOutcome, RefreshView, RefreshedSession};
pub(crate) use sessions::{
    DeletedSession, DeletedView, PrunedView, SessionView, SessionsView, nothing_books,
};
pub(crate) use status::{Manner, StatusView};
pub(crate) use store::{BackupView, StoreKeyView, StoreView};

/// The session that acted, in the JSON of every command that talks to a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SessionRef {
    pub kind: SessionKind,
    pub fingerprint: Fingerprint,
}

impl From<&SessionRow> for SessionRef {
    fn from(row: &SessionRow) -> Self {
        Self {
            kind: row.kind,
            fingerprint: row.fingerprint.clone(),
        }
    }
}
