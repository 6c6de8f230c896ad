//! `completions`: the script of a shell; and what the script calls at every TAB.

use anyhow::Result;

use super::app;
use crate::cli::{CompleteArgs, CompletionsArgs, Everywhere};
use crate::clock;
use crate::completions::{self, Asked};
use crate::output::{CandidatesView, ScriptView};
use crate::store::Store;
use crate::ui::Ui;

pub(super) fn script(args: &CompletionsArgs, ui: &mut Ui) -> Result<()> {
    ui.print(&ScriptView {
        script: completions::script(args.shell),
    })
}

/// Whatever is wrong, a prompt is no place to say it: then there are fewer candidates, or none.
pub(super) fn answer(args: &CompleteArgs, everywhere: &Everywhere, ui: &mut Ui) -> Result<()> {
    let asked = Asked::read(args.shell, &args.words);
    let named = asked.value_of("--store").map(std::path::PathBuf::from);
    let path = app::store_path(named.as_deref().or(everywhere.store.as_deref()));
    let store = path.ok().and_then(|path| Store::open_to_read(&path).ok());
    ui.print(&CandidatesView {
        lines: completions::candidates(&asked, store, clock::now().date_naive()),
    })
}
