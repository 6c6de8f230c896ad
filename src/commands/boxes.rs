//! `boxes`, `boxes set`, `boxes remove`: the boxes (gyms) of an account and what is known of them.

use std::str::FromStr;

use anyhow::{Result, bail};
use chrono::{Days, NaiveTime, Timelike};
use chrono_tz::Tz;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::SessionRef;
use super::app::{App, no_session};
use super::args::{box_name, number};
use super::box_profile::names;
use super::help::{Help, code};
use crate::clock;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::opening::{ClassRule, Opening, OpeningRules, Rule, Source};
use crate::model::prebooking::{Prebooking, class_name};
use crate::model::session::SessionKind;
use crate::model::zone;
use crate::platform;
use crate::sessions::{self, ActiveSession, SessionSelector};
use crate::text::similar;
use crate::ui::Ui;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, headings, plain, shrink};

/// The class in the answer of `boxes set`: in a week, at this time.
const EXAMPLE_START: NaiveTime = match NaiveTime::from_hms_opt(18, 30, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder boxes --detect",
        "aimharder boxes set crossfitdemo --opens 4d@07:00",
    ],
    exit_codes: &[
        (0, "shown"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "no such box, or several accounts with --detect"),
    ],
};
const SET_HELP: Help = Help {
    notes: "\
A RULE states when booking opens: 4d (four days before, at the same wall-clock time), 4d@07:00, 46h (46 elapsed hours before), \
sun@20:00 (the last Sunday 20:00 before the day of the class). The rule of a class takes precedence over that of the box.",
    examples: &[
        "aimharder boxes set crossfitdemo --opens 4d@07:00",
        "aimharder boxes set crossfitdemo --opens 7d --class 'open box'",
        "aimharder boxes set crossfitdemo --opens none",
    ],
    exit_codes: &[(0, "set"), code::UNUSABLE_STORE, code::USAGE],
};
const REMOVE_HELP: Help = Help {
    notes: "",
    examples: &["aimharder boxes remove crossfitdemo"],
    exit_codes: &[
        (0, "removed"),
        code::UNUSABLE_STORE,
        (2, "wrong usage or config, or the box has prebookings"),
        (6, "no such box"),
    ],
};

/// Show the boxes (gyms) of the accounts, or change the settings of one
///
/// Shows the boxes of all accounts unless --account or the config names one.
///
/// Acts with the device session unless --session says otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct BoxesArgs {
    /// Ask AimHarder which boxes the account has
    #[arg(long)]
    pub detect: bool,
    #[command(subcommand)]
    pub command: Option<BoxesCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BoxesCommand {
    Set(BoxSetArgs),
    /// Remove a box from the store
    ///
    /// A box that an account has is found again at the next login.
    #[command(after_long_help = REMOVE_HELP, add = REMOVE_HELP)]
    Remove {
        /// Name of the box: the first part of its address
        #[arg(value_parser = box_name)]
        name: String,
    },
}

/// Set a box's number, time zone or opening rule
#[derive(Debug, Args)]
#[command(override_usage = "aimharder boxes set <NAME> [OPTIONS]", after_long_help = SET_HELP, add = SET_HELP)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["id", "timezone", "opens"]))]
pub(crate) struct BoxSetArgs {
    /// Name of the box: the first part of its address
    #[arg(value_parser = box_name)]
    name: String,
    /// Number of the box in AimHarder's requests
    #[arg(long, value_name = "N", value_parser = |raw: &str| number::<i64>(raw, 1, i64::MAX))]
    id: Option<i64>,
    /// Time zone, for example Europe/Madrid
    #[arg(long, value_name = "TZ", value_parser = zone::parse_zone)]
    timezone: Option<Tz>,
    /// When booking opens, for example 4d@07:00; none deletes the rule
    #[arg(long, value_name = "RULE")]
    opens: Option<RuleArg>,
    /// Set the rule only for classes whose name contains this
    #[arg(long, value_name = "NAME", requires = "opens", value_parser = class_name)]
    class: Option<String>,
}

/// An opening rule, or `none`.
#[derive(Debug, Clone, Copy)]
struct RuleArg(Option<Rule>);

impl FromStr for RuleArg {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        if raw.trim().eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        raw.parse().map(|rule| Self(Some(rule)))
    }
}

pub(crate) fn run(args: &BoxesArgs, app: &App, ui: &mut Ui) -> Result<()> {
    match &args.command {
        Some(BoxesCommand::Set(args)) => set(args, app, ui),
        Some(BoxesCommand::Remove { name }) => remove(name, app, ui),
        None => list(args.detect, app, ui),
    }
}

fn list(is_detected: bool, app: &App, ui: &mut Ui) -> Result<()> {
    let mut session = None;
    let account = if is_detected {
        let account = app.account()?;
        let selector = app.pick(&account, SessionKind::Device)?;
        session = Some(detect(app, &account, &selector)?);
        Some(account)
    } else {
        app.named_account()
    };
    if account.is_none() && !app.store.has_sessions()? {
        bail!(no_session());
    }
    let mut rows = app.store.boxes(account.as_ref())?;
    if let Some(name) = &app.global.gym {
        rows.retain(|row| row.name == *name);
        if rows.is_empty() {
            let known = names(&app.store.boxes(None)?);
            bail!(Failure::not_found(format!(
                "the store has no box {name:?} (known: {known}); run `aimharder boxes --detect` if it is new"
            )));
        }
    }
    let boxes = rows.into_iter().map(|row| app.describe(row));
    let mut boxes = boxes.collect::<Result<Vec<_>>>()?;
    if let Some(account) = &account {
        for profile in &mut boxes {
            let rules = &mut profile.opening_rules.by_class;
            rules.retain(|rule| rule.account.as_ref().is_none_or(|of| of == account));
        }
    }
    let mut data = json!({ "boxes": boxes.iter().map(to_json).collect::<Vec<_>>() });
    if let Some(session) = session {
        data["session"] = json!(session);
    }
    ui.print(&data, |style| table(&boxes, style))
}

/// Asks the platform which boxes the account has and stores them: whoami first, then the links on `/home`; a missing number
/// is read from the box's own page (protocol.md §4).
pub(super) fn detect(
    app: &App,
    account: &Account,
    selector: &SessionSelector,
) -> Result<SessionRef> {
    let mut session = app.sessions().open(account, selector)?;
    let mut found = session.call(platform::Platform::whoami)?;
    if found.is_empty() {
        log::info!("whoami lists no box; reading the home page");
        found = session.call(platform::Platform::home_boxes)?;
    }
    for found in &mut found {
        if let (None, Some(host)) = (found.id, &found.host) {
            found.id = id_of(&mut session, &found.name, host)?;
        }
    }
    if found.is_empty() {
        bail!(Failure::not_found(format!(
            "AimHarder names no box for {account}; if it has one, set its name and number (see `aimharder boxes set --help`) and use --box"
        )));
    }
    app.store.put_boxes(account, &found)?;
    Ok(SessionRef::from(session.row()))
}

/// The number on the box's own page. A page without one is a warning.
fn id_of(session: &mut ActiveSession<'_>, name: &str, host: &str) -> sessions::Result<Option<i64>> {
    match session.box_id(host) {
        Ok(id) => Ok(Some(id)),
        Err(sessions::Error::Platform(e)) => {
            log::warn!("the number of box {name} was not found: {e}");
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn set(args: &BoxSetArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let name = &args.name;
    let is_known = app.store.gym(name)?.is_some() || app.config.boxes.contains_key(name);
    let before = app.any_profile(name)?.opening_rules;
    let of_box = args.opens.filter(|_| args.class.is_none());
    let opens = of_box.map(|RuleArg(rule)| rule);
    app.store.set_box(name, args.id, args.timezone, opens)?;
    if let (Some(class), Some(RuleArg(rule))) = (&args.class, args.opens) {
        app.store.set_class_rule(name, class, rule)?;
    }
    let Some(row) = app.store.gym(name)? else {
        bail!("box {name} is not in the store after it was set");
    };
    if !is_known {
        let boxes = app.store.boxes(None)?;
        let known = boxes.iter().map(|row| row.name.as_str());
        let known = known.chain(app.config.boxes.keys().map(String::as_str));
        let near = similar(name, known.filter(|known| known != name));
        let near = near.map_or_else(String::new, |near| format!("did you mean {near}? "));
        ui.status(&format!(
            "{near}no account has the box {name} so far; if the name is wrong, run `aimharder boxes remove {name}`"
        ));
    }
    if let Some(other) = with_same_number(args, app)? {
        ui.status(&format!(
            "box {other} has that number too, and only one of them can have it; see `aimharder boxes`"
        ));
    }
    let profile = app.describe(row)?;
    forget_stated_openings(app, name, &before, &profile.opening_rules)?;
    let overridden = overridden(args, &profile, app);
    if !overridden.is_empty() {
        ui.status(&format!(
            "the config takes precedence: {} of [boxes.{name}] is in force, see `aimharder config show`",
            overridden.join(", ")
        ));
    }
    ui.print(&to_json(&profile), |style| {
        let lines = summary(&profile, args.class.as_deref());
        let wrap = |line: &String| style.paragraph(line, 0, Style::Plain);
        lines.iter().flat_map(wrap).collect()
    })
}

/// Forgets the openings that refusals stated for prebookings which another rule is in force for now: the user's new rule takes
/// their place.
fn forget_stated_openings(
    app: &App,
    name: &str,
    before: &OpeningRules,
    now: &OpeningRules,
) -> Result<()> {
    let mut open = app.store.open_prebookings(None)?;
    open.retain(|it| it.request.gym == name && it.moved_to.is_some());
    for Prebooking { id, request, .. } in open {
        let opening = |rules| request.opening(&request.first, rules);
        if opening(now).is_some() && opening(now) != opening(before) {
            app.store.forget_stated_opening(id)?;
        }
    }
    Ok(())
}

/// Another box with the number that was set.
fn with_same_number(args: &BoxSetArgs, app: &App) -> Result<Option<String>> {
    let Some(id) = args.id else {
        return Ok(None);
    };
    let others = app.store.boxes(None)?;
    let others = others.into_iter().filter(|row| row.name != args.name);
    let mut others = others.filter(|row| row.set_id.or(row.id) == Some(id));
    Ok(others.next().map(|row| row.name))
}

/// The keys of the config that take precedence over what was set.
fn overridden(args: &BoxSetArgs, profile: &BoxProfile, app: &App) -> Vec<&'static str> {
    let Some(config) = app.config.boxes.get(&args.name) else {
        return Vec::new();
    };
    let rules = &profile.opening_rules;
    let opening = match &args.class {
        Some(class) => rules.given(class),
        None => rules.of_box,
    };
    let mut keys = Vec::new();
    if args.id.is_some() && config.id.is_some() {
        keys.push("id");
    }
    if args.timezone.is_some() && config.timezone.is_some() {
        keys.push("timezone");
    }
    let given = opening.filter(|it| args.opens.is_some() && it.source == Source::Config);
    if let Some(opening) = given {
        let is_of_class = args.class.is_some() && config.opens != Some(opening.rule);
        keys.push(if is_of_class {
            "opens_by_class"
        } else {
            "opens"
        });
    }
    keys
}

fn remove(name: &str, app: &App, ui: &mut Ui) -> Result<()> {
    if app.store.gym(name)?.is_none() {
        let known = names(&app.store.boxes(None)?);
        bail!(Failure::not_found(format!(
            "the store has no box {name:?} (known: {known}), so nothing was removed"
        )));
    }
    let prebookings = app.store.open_prebookings(None)?;
    let rules = app.store.rules(None)?;
    let is_used = prebookings.iter().any(|p| p.request.gym == name)
        || rules.iter().any(|rule| rule.request.gym == name);
    if is_used {
        bail!(Failure::usage(format!(
            "the box {name} has prebookings or weekly rules; see `aimharder prebook list` and remove them first"
        )));
    }
    app.store.remove_box(name)?;
    ui.print(&json!({ "removed": name }), |_| {
        vec![format!("removed: {name}")]
    })
}

fn to_json(profile: &BoxProfile) -> Value {
    let rules = &profile.opening_rules;
    let opening = rules.of_box.as_ref();
    json!({
        "box": profile.name,
        "id": profile.id,
        "name": profile.title,
        "timezone": profile.zone.name(),
        "opens": opening.map(ToString::to_string),
        "opens_source": opening.map(|opening| opening.source),
        "class_rules": rules.by_class,
    })
}

/// First the name, the time zone and the box are cut, then the opening rule.
const SHRINK: [ShrinkPriority; 4] = [shrink(1, 8), shrink(3, 8), shrink(0, 8), shrink(4, 12)];

fn table(boxes: &[BoxProfile], style: &OutputStyle) -> Vec<String> {
    if boxes.is_empty() {
        return vec!["no boxes known; run `aimharder boxes --detect`".to_owned()];
    }
    let names = ["BOX", "NAME", "ID", "TIME ZONE", "BOOKING OPENS"];
    let mut rows = vec![headings(names)];
    rows.extend(boxes.iter().map(row));
    let mut lines = style.lines(&rows, 0, &SHRINK);
    for profile in boxes {
        let rules = profile.opening_rules.by_class.iter();
        let notes = rules.map(|rule| class_rule(&profile.name, rule));
        lines.extend(notes.flat_map(|note| style.paragraph(&note, 0, Style::Plain)));
    }
    lines
}

fn row(profile: &BoxProfile) -> Vec<Cell> {
    vec![
        plain(&profile.name),
        plain(profile.title.clone().unwrap_or_default()),
        plain(profile.id.map_or_else(|| "?".into(), |id| id.to_string())),
        plain(profile.zone.name()),
        plain(opens(profile.opening_rules.of_box)),
    ]
}

/// `4d@07:00`, `46h (config)`
fn opens(opening: Option<Opening>) -> String {
    let Some(opening) = opening else {
        return "unknown".to_owned();
    };
    match opening.source {
        Source::Learned => format!("{opening} (learned from a refusal)"),
        Source::Config => format!("{opening} (config)"),
        _ => opening.to_string(),
    }
}

/// `crossfitdemo: booking of Open Box opens 4d? (learned from a refusal) for ana@example.org`
fn class_rule(name: &str, rule: &ClassRule) -> String {
    let opens = opens(Some(rule.opening));
    let account = rule.account.as_ref();
    let account = account.map_or_else(String::new, |account| format!(" for {account}"));
    format!("{name}: booking of {} opens {opens}{account}", rule.class)
}

/// What is known after `boxes set`, with an example. `class` is the class whose rule was set.
fn summary(profile: &BoxProfile, class: Option<&str>) -> Vec<String> {
    let (name, zone) = (&profile.name, profile.zone);
    let rules = &profile.opening_rules;
    let (opening, of_class) = match class {
        Some(class) => (rules.given(class), format!(" of {class}")),
        None => (rules.of_box, String::new()),
    };
    let opens = opens(opening);
    let mut lines = vec![format!("{name}: {zone}, booking{of_class} opens {opens}")];
    if let Some(opening) = opening {
        let day = profile.today(clock::now()) + Days::new(7);
        let at = opening.opens_at(day, EXAMPLE_START, zone);
        let seconds = if at.second() == 0 { "" } else { ":%S" };
        lines.push(format!(
            "for example, a class on {} at {} opens on {}",
            day.format("%A %-d %B"),
            EXAMPLE_START.format("%H:%M"),
            at.format(&format!("%A %-d %B at %H:%M{seconds}")),
        ));
    }
    lines
}
