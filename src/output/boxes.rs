//! Gyms.

use std::io::{self, Write};

use serde::Serialize;

use super::SessionRef;
use crate::model::opening::Source;
use crate::ui::Output;
use crate::ui::table::{OutputStyle, headings, plain, shrink};

/// One box, as `boxes` and `boxes set` show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BoxView {
    #[serde(rename = "box")]
    pub gym: String,
    pub id: Option<i64>,
    pub name: Option<String>,
    pub timezone: String,
    pub opens: Option<String>,
    pub opens_source: Option<Source>,
}

#[derive(Debug, Serialize)]
pub(crate) struct BoxesView {
    pub boxes: Vec<BoxView>,
    /// only when the platform was asked
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionRef>,
}

impl Output for BoxesView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.boxes.is_empty() {
            return writeln!(to, "no boxes known; run `aimharder boxes --detect`");
        }
        let mut rows = vec![headings([
            "BOX",
            "NAME",
            "ID",
            "TIME ZONE",
            "BOOKING OPENS",
        ])];
        rows.extend(self.boxes.iter().map(|gym| {
            vec![
                plain(&gym.gym),
                plain(gym.name.clone().unwrap_or_default()),
                plain(gym.id.map_or_else(|| "?".into(), |id| id.to_string())),
                plain(&gym.timezone),
                plain(opens(gym)),
            ]
        }));
        style.table(
            &rows,
            0,
            &[shrink(1, 8), shrink(3, 8), shrink(0, 8), shrink(4, 12)],
            to,
        )
    }
}

impl Output for BoxView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "{}: {}, booking opens {}",
            self.gym,
            self.timezone,
            opens(self)
        )
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}

fn opens(gym: &BoxView) -> String {
    match (&gym.opens, gym.opens_source) {
        (Some(rule), Some(Source::Learned)) => format!("{rule} (learned from a refusal)"),
        (Some(rule), Some(Source::Config)) => format!("{rule} (config)"),
        (Some(rule), _) => rule.clone(),
        (None, _) => "unknown".into(),
    }
}
