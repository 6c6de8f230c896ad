//! `boxes`, `boxes --detect`, `boxes set`.

use anyhow::Result;

use super::app::App;
use super::box_profile::BoxProfile;
use crate::cli::{BoxSet, BoxesArgs, BoxesCommand};
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::output::{BoxView, BoxesView, SessionRef};
use crate::platform::{self, BoxRef};
use crate::sessions::{self, ActiveSession, SessionSelector};
use crate::store::{BoxRow, BoxSettings};
use crate::ui::Ui;

pub(crate) fn run(args: BoxesArgs, app: &App, ui: &mut Ui) -> Result<()> {
    match args.command {
        Some(BoxesCommand::Set(set)) => change(&set, app, ui),
        None => list(args.detect, app, ui),
    }
}

fn list(ask: bool, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let pick = app.pick(&account, SessionKind::Device)?;
    let session = if ask {
        Some(detect(app, &account, &pick)?)
    } else {
        None
    };
    let known = app.store.boxes_of(&account)?;
    let chosen = app.global.gym.as_ref();
    let shown: Vec<BoxRow> = known
        .into_iter()
        .filter(|gym| chosen.is_none_or(|name| *name == gym.name))
        .collect();
    if let (Some(name), true) = (chosen, shown.is_empty()) {
        return Err(Failure::not_found(format!("no box {name:?} is known for {account}")).into());
    }
    let boxes = shown
        .into_iter()
        .map(|row| Ok(view(&app.describe(row)?)))
        .collect::<Result<_>>()?;
    ui.print(&BoxesView { boxes, session })
}

/// Ask the platform which boxes the account has and remember them: whoami first, then the links
/// on `/home` and each box's own page for its number (protocol.md §4).
pub(super) fn detect(app: &App, account: &Account, pick: &SessionSelector) -> Result<SessionRef> {
    let sessions = app.sessions();
    let mut live = sessions.open(account, pick)?;
    let mut found = live.call(platform::Platform::whoami)?;
    if found.is_empty() {
        log::info!("whoami lists no box; looking at the home page");
        found = live.call(platform::Platform::home_boxes)?;
    }
    for gym in &mut found {
        if gym.id.is_none() {
            gym.id = number(&mut live, gym)?;
        }
    }
    if found.is_empty() {
        return Err(Failure::not_found(format!(
            "AimHarder names no box for {account}; set one with `aimharder boxes set NAME --id N` and --box NAME"
        ))
        .into());
    }
    app.remember_boxes(account, found)?;
    Ok(SessionRef::from(live.row()))
}

/// A box's number from its own page. A page that does not tell it is no reason to lose the others.
fn number(live: &mut ActiveSession<'_>, gym: &BoxRef) -> sessions::Result<Option<i64>> {
    match live.box_id(&gym.host) {
        Ok(id) => Ok(Some(id)),
        Err(sessions::Error::Platform(e)) => {
            log::warn!("the number of box {} was not found: {e}", gym.name);
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn change(set: &BoxSet, app: &App, ui: &mut Ui) -> Result<()> {
    let known = app.store.gym(&set.name)?.is_some() || app.config.boxes.contains_key(&set.name);
    app.store.set_box(
        &set.name,
        &BoxSettings {
            id: set.id,
            timezone: set.timezone.map(|zone| zone.name().to_owned()),
            opens: set.opens.map(|rule| rule.to_string()),
        },
    )?;
    let Some(row) = app.store.gym(&set.name)? else {
        return Err(anyhow::anyhow!(
            "the box {} is not in the store after it was set",
            set.name
        ));
    };
    if !known {
        ui.status(&format!(
            "{} is new here: no account's login has named it; is it spelt right?",
            set.name
        ));
    }
    ui.print(&view(&app.describe(row)?))
}

fn view(gym: &BoxProfile) -> BoxView {
    BoxView {
        gym: gym.name.clone(),
        id: gym.id,
        name: gym.title.clone(),
        timezone: gym.zone.name().to_owned(),
        opens: gym.opening.map(|opening| opening.to_string()),
        opens_source: gym.opening.map(|opening| opening.source),
    }
}
