//! Selection of the box, and what is known of it: from the config first, then as set by the user, then from the platform.

use anyhow::{Result, bail};

use super::app::App;
use crate::booking::BoxClient;
use crate::clock;
use crate::config::BoxConfig;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::box_profile::{BoxProfile, KnownBox};
use crate::model::opening::{ClassRule, Opening, OpeningRules, Source};
use crate::platform::{BoxAt, Row};
use crate::sessions::ActiveSession;

impl App {
    /// The box to act in: the named one, the config's, or the account's only one. Logs what is known of it.
    pub(super) fn profile(&self, account: &Account) -> Result<BoxProfile> {
        let profile = self.selected(account)?;
        let id = profile.id.map(|id| id.to_string());
        let opening = profile.opening_rules.of_box.map(|rule| rule.to_string());
        let [id, opening] = [id, opening].map(|it| it.unwrap_or_else(|| "unknown".to_owned()));
        log::info!(
            "box {} ({id}), {}, opening rule {opening}",
            profile.name,
            profile.zone
        );
        Ok(profile)
    }

    fn selected(&self, account: &Account) -> Result<BoxProfile> {
        let known = self.store.boxes_of(account)?;
        let chosen = self.global.gym.as_ref().or(self.config.box_name.as_ref());
        if let Some(name) = chosen {
            return self.named_profile(account, &known, name);
        }
        match known.as_slice() {
            [only] => self.describe(only.clone()),
            [] => bail!(Failure::not_found(format!(
                "no box is known for {account}: run `aimharder boxes --detect`"
            ))),
            several => bail!(Failure::not_found(format!(
                "{account} has several boxes ({}): choose one with --box, or set `box` in the config",
                names(several)
            ))),
        }
    }

    /// The boxes of a command that needs no single one: the named one, or all of the account.
    pub(super) fn profiles(&self, account: &Account) -> Result<Vec<BoxProfile>> {
        if self.global.gym.is_some() {
            return Ok(vec![self.profile(account)?]);
        }
        let known = self.store.boxes_of(account)?;
        if known.is_empty() {
            return Ok(vec![self.profile(account)?]);
        }
        known.into_iter().map(|row| self.describe(row)).collect()
    }

    fn named_profile(
        &self,
        account: &Account,
        known: &[KnownBox],
        name: &str,
    ) -> Result<BoxProfile> {
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
        let others = names(known);
        bail!(Failure::not_found(format!(
            "no box {name:?} is known for {account} (known: {others}); run `aimharder boxes --detect` if it is new"
        )))
    }

    /// A box by its name, also if nothing is known of it any more.
    pub(super) fn any_profile(&self, name: &str) -> Result<BoxProfile> {
        let row = self.store.gym(name)?;
        self.describe(row.unwrap_or_else(|| bare(name)))
    }

    /// Combines what config and store know of a box.
    pub(super) fn describe(&self, row: KnownBox) -> Result<BoxProfile> {
        let configured = self.config.boxes.get(&row.name);
        let opening_rules = self.opening_rules(&row, configured)?;
        let zone = configured.and_then(|c| c.timezone).or(row.timezone);
        let suffix = format!(".{}", self.platform.domain());
        let host = row.host.filter(|host| host.ends_with(&suffix));
        let profile = BoxProfile {
            host: host.unwrap_or_else(|| format!("{}{suffix}", row.name)),
            id: configured.and_then(|c| c.id).or(row.set_id).or(row.id),
            zone: zone.unwrap_or(chrono_tz::Europe::Madrid),
            opening_rules,
            name: row.name,
            title: row.title,
            lead: configured.and_then(|c| c.lead),
        };
        Ok(profile)
    }

    fn opening_rules(
        &self,
        row: &KnownBox,
        configured: Option<&BoxConfig>,
    ) -> Result<OpeningRules> {
        let given = |rule| Opening::given(rule, Source::Config);
        let set = row.opens.map(|rule| Opening::given(rule, Source::Set));
        let by_config = configured.iter().flat_map(|c| &c.opens_by_class);
        let mut by_class: Vec<ClassRule> = by_config
            .map(|(class, rule)| ClassRule {
                class: class.clone(),
                account: None,
                opening: given(*rule),
            })
            .collect();
        by_class.extend(self.store.class_rules(&row.name)?);
        Ok(OpeningRules {
            of_box: configured.and_then(|c| c.opens).map(given).or(set),
            by_class,
        })
    }

    /// The host and number of a box. Asks the platform for an unknown number.
    pub(super) fn box_at(
        &self,
        profile: &BoxProfile,
        live: &mut ActiveSession<'_>,
    ) -> Result<BoxAt> {
        let BoxProfile { name, host, id, .. } = profile;
        let id = if let Some(id) = id {
            *id
        } else {
            log::info!("the number of box {name} is not known yet; asking for it");
            let id = live.box_id(host)?;
            self.store.put_box_id(name, id)?;
            id
        };
        let host = host.clone();
        Ok(BoxAt { host, id })
    }

    /// A session in a box, for the account holder or a family member.
    pub(super) fn client<'c, 's>(
        &self,
        profile: &BoxProfile,
        live: &'c mut ActiveSession<'s>,
        family: Option<String>,
    ) -> Result<BoxClient<'c, 's>> {
        let at = self.box_at(profile, live)?;
        Ok(BoxClient { live, at, family })
    }

    /// Stores the names of classes that a schedule has shown, for shell completion. Nothing depends on them, so a failure
    /// of the store is only logged.
    pub(super) fn note_classes(&self, profile: &BoxProfile, rows: &[Row]) {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let today = clock::now().date_naive();
        if let Err(e) = self.store.note_class_names(&profile.name, &names, today) {
            log::debug!("names of classes were not stored: {e}");
        }
    }
}

fn bare(name: &str) -> KnownBox {
    KnownBox {
        name: name.to_owned(),
        ..KnownBox::default()
    }
}

/// The names of boxes for a message, or `none`.
pub(super) fn names(rows: &[KnownBox]) -> String {
    if rows.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.join(", ")
}
