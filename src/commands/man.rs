//! `man`: one page to standard output, or all of them into a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::{ManArgs, manual};
use crate::error::Failure;
use crate::output::ManView;
use crate::ui::Ui;

pub(super) fn run(args: &ManArgs, ui: &mut Ui) -> Result<()> {
    if let Some(folder) = &args.dir {
        return ui.print(&ManView::Written(write_all(folder)?));
    }
    let Some(page) = manual::page(&args.command) else {
        return Err(Failure::not_found(format!(
            "there is no command {:?}; `aimharder help` lists them",
            args.command.join(" ")
        ))
        .into());
    };
    ui.print(&ManView::Page(page?.text))
}

fn write_all(folder: &Path) -> Result<Vec<String>> {
    let place = || format!("cannot write manual pages into {}", folder.display());
    fs::create_dir_all(folder).with_context(place)?;
    let mut written = Vec::new();
    for page in manual::pages()? {
        let file = folder.join(page.file);
        fs::write(&file, page.text).with_context(place)?;
        written.push(file.display().to_string());
    }
    written.sort();
    Ok(written)
}
