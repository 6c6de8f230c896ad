//! Selects the box and collects what is known of it: from flags and config first, then as set by the
//! user, then from the platform.

use std::sync::PoisonError;

use anyhow::Result;
use chrono::NaiveDate;

use super::app::App;
use crate::booking::Setting;
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::account::Account;
use crate::model::opening::Opening;
use crate::model::zone;
use crate::platform::{BoxAt, BoxRef, Row};
use crate::prebook::Place;
use crate::prebook::plan::Calendar;
use crate::sessions::ActiveSession;
use crate::store::{BoxRow, FoundBox};

/// A box with everything that config and store know of it.
#[derive(Debug, Clone)]
pub(super) struct BoxProfile {
    pub name: String,
    pub host: String,
    pub id: Option<i64>,
    pub title: Option<String>,
    pub zone: chrono_tz::Tz,
    pub opening: Option<Opening>,
}

impl BoxProfile {
    /// What a row of this box's schedule is seen against, now.
    pub(super) fn setting(&self, day: NaiveDate) -> Setting<'_> {
        Setting {
            day,
            zone: self.zone,
            opening: self.opening.as_ref(),
            now: clock::now(),
        }
    }

    /// Where its classes are fired at; `id` where the box's number is known.
    pub(super) fn place(&self, id: Option<i64>) -> Place {
        Place {
            host: self.host.clone(),
            id,
            calendar: Calendar {
                zone: self.zone,
                opening: self.opening,
            },
        }
    }
}

impl App {
    /// The box to act in: named, the config's, or the account's only one.
    pub(super) fn gym(&self, account: &Account) -> Result<BoxProfile> {
        let known = self.store.boxes_of(account)?;
        let chosen = self.global.gym.as_ref().or(self.config.box_name.as_ref());
        if let Some(name) = chosen {
            return self.named_gym(account, &known, name);
        }
        match known.as_slice() {
            [only] => self.describe(only.clone()),
            [] => Err(Failure::not_found(format!(
                "no box is known for {account}: run `aimharder boxes --detect`"
            ))
            .into()),
            several => Err(Failure::not_found(format!(
                "{account} has several boxes ({}): choose one with --box, or set `box` in the config",
                names(several)
            ))
            .into()),
        }
    }

    /// The boxes to act in where one is not needed: the named one, or all of the account.
    pub(super) fn gyms(&self, account: &Account) -> Result<Vec<BoxProfile>> {
        if self.global.gym.is_some() {
            return Ok(vec![self.gym(account)?]);
        }
        let known = self.store.boxes_of(account)?;
        if known.is_empty() {
            return Ok(vec![self.gym(account)?]);
        }
        known.into_iter().map(|row| self.describe(row)).collect()
    }

    fn named_gym(&self, account: &Account, known: &[BoxRow], name: &str) -> Result<BoxProfile> {
        if let Some(row) = known.iter().find(|row| row.name == name) {
            return self.describe(row.clone());
        }
        let set = self.store.gym(name)?.filter(|row| row.set_id.is_some());
        if let Some(row) = set {
            return self.describe(row);
        }
        if self.config.boxes.contains_key(name) {
            return self.describe(bare(name));
        }
        let others = if known.is_empty() {
            "none".to_owned()
        } else {
            names(known)
        };
        Err(Failure::not_found(format!(
            "no box {name:?} is known for {account} (known: {others}); run `aimharder boxes --detect` if it is new"
        ))
        .into())
    }

    /// A box that something stored names, whatever is still known of it.
    pub(super) fn any_gym(&self, name: &str) -> Result<BoxProfile> {
        let row = self.store.gym(name)?;
        self.describe(row.unwrap_or_else(|| bare(name)))
    }

    /// Put together what config and store say of a box.
    pub(super) fn describe(&self, row: BoxRow) -> Result<BoxProfile> {
        let configured = self.config.boxes.get(&row.name);
        let unreadable = |why: String| Failure::new(ExitKind::Internal, why);
        let zone = match (configured.and_then(|c| c.timezone), &row.timezone) {
            (Some(zone), _) => zone,
            (None, Some(stored)) => zone::parse_zone(stored).map_err(unreadable)?,
            (None, None) => chrono_tz::Europe::Madrid,
        };
        let suffix = format!(".{}", self.platform.domain());
        let host = row.host.filter(|host| host.ends_with(&suffix));
        let gym = BoxProfile {
            host: host.unwrap_or_else(|| format!("{}{suffix}", row.name)),
            id: configured.and_then(|c| c.id).or(row.set_id).or(row.id),
            zone,
            opening: Opening::choose(
                None,
                configured.and_then(|c| c.opens),
                row.opens
                    .map(|rule| rule.parse())
                    .transpose()
                    .map_err(unreadable)?,
                row.learned
                    .map(|rule| rule.parse())
                    .transpose()
                    .map_err(unreadable)?,
            ),
            name: row.name,
            title: row.title,
        };
        self.log_once(&gym);
        Ok(gym)
    }

    /// A box is looked up again and again: what is known of it is logged when it is new.
    fn log_once(&self, gym: &BoxProfile) {
        let number = gym
            .id
            .map_or("number unknown".to_owned(), |id| id.to_string());
        let opens = gym.opening.map_or_else(
            || "when booking opens is unknown".to_owned(),
            |rule| format!("booking opens {}", rule.words()),
        );
        let line = format!("box {} ({number}), {}, {opens}", gym.name, gym.zone);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.get(&gym.name) != Some(&line) {
            log::info!("{line}");
            logged.insert(gym.name.clone(), line);
        }
    }

    /// The host and number of a box. Asks the platform for an unknown number.
    pub(super) fn box_at(&self, gym: &BoxProfile, live: &mut ActiveSession<'_>) -> Result<BoxAt> {
        let id = match gym.id {
            Some(id) => id,
            None => self.ask_box_id(gym, live)?,
        };
        Ok(BoxAt {
            host: gym.host.clone(),
            id,
        })
    }

    fn ask_box_id(&self, gym: &BoxProfile, live: &mut ActiveSession<'_>) -> Result<i64> {
        log::info!(
            "the number of box {} is not known yet; asking for it",
            gym.name
        );
        let id = live.box_id(&gym.host)?;
        self.store.put_box_id(&gym.name, id)?;
        Ok(id)
    }

    /// Note the names of classes that a schedule has shown, for shells to complete. Nothing depends on it: trouble with
    /// the store is not the command's.
    pub(super) fn note_classes(&self, gym: &BoxProfile, rows: &[Row]) {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let today = clock::now().date_naive();
        if let Err(e) = self.store.note_class_names(&gym.name, &names, today) {
            log::debug!("names of classes were not noted: {e}");
        }
    }

    /// Remember the boxes that a login or whoami named.
    pub(super) fn remember_boxes(&self, account: &Account, found: Vec<BoxRef>) -> Result<()> {
        let found: Vec<FoundBox> = found
            .into_iter()
            .map(|gym| FoundBox {
                name: gym.name,
                host: gym.host,
                id: gym.id,
                title: gym.title,
            })
            .collect();
        Ok(self.store.put_boxes(account, &found)?)
    }
}

fn bare(name: &str) -> BoxRow {
    BoxRow {
        name: name.to_owned(),
        host: None,
        id: None,
        title: None,
        set_id: None,
        timezone: None,
        opens: None,
        learned: None,
    }
}

fn names(rows: &[BoxRow]) -> String {
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.join(", ")
}
