//! `probe`: asks every read-only endpoint of the platform once and reports what has changed.

use anyhow::Result;
use serde_json::json;
use strum::VariantArray;

use super::SessionRef;
use super::app::App;
use super::help::{Help, code};
use crate::clock;
use crate::error::{ExitError, ExitKind, Failure};
use crate::model::session::SessionKind;
use crate::platform::{BoxAt, Endpoint, Examined, Fact};
use crate::sessions;
use crate::ui::Ui;
use crate::ui::table::{OutputStyle, Style, cell, plain, shrink};

pub(crate) const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder probe",
        "aimharder probe --record exchange.jsonl    # for a report",
    ],
    exit_codes: &[
        (0, "all endpoints answered, whatever has changed"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (5, "an endpoint did not answer, or not in a known form"),
        (6, "no such box, or several accounts or boxes"),
    ],
};

pub(crate) fn run(app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let mut session = app.open(&account, SessionKind::Device)?;
    let gym = app.profile(&account)?;
    let today = gym.today(clock::now());
    let mut examined = Examined::default();
    let mut failure = None;
    // a box whose number is not known yet costs one more request
    let id = match gym.id {
        Some(id) => id,
        None => session.box_id(&gym.host)?,
    };
    let host = gym.host;
    let at = BoxAt { host, id };
    for endpoint in Endpoint::VARIANTS {
        let asked = session
            .call(|platform, jar| platform.examine(jar, &at, today, *endpoint, &mut examined));
        match asked {
            Ok(()) => {}
            Err(sessions::Error::Platform(e)) if e.kind() == ExitKind::Unreachable => {
                examined.facts.push(Fact {
                    name: endpoint.into(),
                    holds: false,
                    is_known: false,
                    detail: Some(e.to_string()),
                });
                failure.get_or_insert(Failure::new(
                    e.kind(),
                    format!("{e}; to see what can be reached: `aimharder status`"),
                ));
            }
            Err(e) => return Err(e.into()),
        }
    }
    let offset = examined.clock_offset;
    let is_known = examined.facts.iter().any(|fact| fact.is_known);
    examined.facts.push(Fact {
        name: "responses_have_dates",
        holds: offset.is_some(),
        is_known,
        detail: offset.map(|offset| format!("server clock minus this machine's: {offset:+.1} s")),
    });
    let data = json!({
        "box": gym.name,
        "session": SessionRef::from(session.row()),
        "facts": examined.facts,
        "unknown_fields": examined.unknown_fields,
        "missing_fields": examined.missing_fields,
    });
    ui.print_outcome(&data, failure, |style| text(&examined, style))
}

fn text(examined: &Examined, style: &OutputStyle) -> Vec<String> {
    let row = |fact: &Fact| {
        let (state, colour) = match fact.holds {
            true => ("OK", Style::Good),
            false if !fact.is_known => ("unknown", Style::Bad),
            false => ("changed", Style::Bad),
        };
        vec![
            cell(state, colour),
            plain(fact.name.replace('_', " ")),
            plain(fact.detail.clone().unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = examined.facts.iter().map(row).collect();
    let mut lines = style.lines(&rows, 0, &[shrink(2, 0), shrink(1, 10)]);
    for (what, fields) in [
        ("new", &examined.unknown_fields),
        ("missing", &examined.missing_fields),
    ] {
        if !fields.is_empty() {
            lines.push(format!("{what} fields: {}", fields.join(", ")));
        }
    }
    lines
}
