//! Completion on a shell's command line. The scripts (`completions/`) know nothing of the commands: at every TAB they call
//! the hidden `__complete`, which walks the command line's own definition. Candidates come from there and from the store, read
//! only; nothing here waits, sends, writes or complains.
//!
//! clap's engine finds what may stand at the cursor. Its scripts are not used: in bash they break at words with `@` or spaces,
//! of which this program has many.

mod line;
mod values;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use chrono::NaiveDate;
use clap::CommandFactory;
use clap_complete::engine::{self, CompletionCandidate};

use crate::cli::{Cli, Shell};
use crate::store::Store;
use line::Line;

/// The completion script of a shell.
pub fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("../../completions/aimharder.bash"),
        Shell::Zsh => include_str!("../../completions/_aimharder"),
        Shell::Fish => include_str!("../../completions/aimharder.fish"),
    }
}

/// A command line up to the cursor.
#[derive(Debug)]
pub struct Asked {
    shell: Shell,
    /// the program's own name first, the unfinished word last
    words: Vec<OsString>,
    /// bash replaces a part of a word only, and quotes nothing
    line: Option<Line>,
}

impl Asked {
    /// What a script hands over: for bash the word breaks and the line, for others the words.
    pub fn read(shell: Shell, told: &[OsString]) -> Self {
        let line = match (shell, told) {
            (Shell::Bash, [breaks, line]) => Some(Line::read(
                &line.to_string_lossy(),
                &breaks.to_string_lossy(),
            )),
            _ => None,
        };
        let words = line.as_ref().map_or_else(
            || told.to_vec(),
            |line| line.words.iter().map(OsString::from).collect(),
        );
        Self { shell, words, line }
    }

    /// The value of a flag that stands before the cursor: `--box NAME` or `--box=NAME`.
    pub fn value_of(&self, flag: &str) -> Option<String> {
        let (_, before) = self.words.split_last()?;
        let texts: Vec<_> = before.iter().map(|word| word.to_string_lossy()).collect();
        let apart = texts.windows(2).rev().find(|pair| pair[0] == flag);
        let joined = || {
            let own = |word: &&str| {
                word.strip_prefix(flag)
                    .is_some_and(|rest| rest.starts_with('='))
            };
            texts.iter().map(AsRef::as_ref).rev().find(own)
        };
        apart.map(|pair| pair[1].to_string()).or_else(|| {
            joined()
                .and_then(|word| word.split_once('='))
                .map(|(_, v)| v.to_owned())
        })
    }

    /// The finished words.
    fn before(&self) -> impl Iterator<Item = &OsStr> {
        let finished = self.words.len().saturating_sub(1);
        self.words.iter().take(finished).map(OsString::as_os_str)
    }

    fn has(&self, word: &str) -> bool {
        self.before().any(|w| w == word)
    }

    fn current(&self) -> &OsStr {
        self.words
            .last()
            .map_or(OsStr::new(""), OsString::as_os_str)
    }
}

/// What may stand at the cursor, one a line, in the shell's own form: for bash the text that replaces what bash takes for
/// the word, for others the word, and an explanation after a tab.
pub fn candidates(asked: &Asked, store: Option<Store>, today: NaiveDate) -> Vec<String> {
    if asked.words.is_empty() {
        return Vec::new();
    }
    let mut command = values::with_values(Cli::command(), asked, store, today);
    let here = Some(Path::new("."));
    let at = asked.words.len() - 1;
    let found = engine::complete(&mut command, asked.words.clone(), at, here).unwrap_or_default();
    let found = without_flags_unless_wanted(found, asked.current());
    found.iter().filter_map(|one| shown(one, asked)).collect()
}

/// On an empty word flags would drown the commands and values that may stand there as well.
fn without_flags_unless_wanted(
    mut found: Vec<CompletionCandidate>,
    current: &OsStr,
) -> Vec<CompletionCandidate> {
    let is_flag = |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(b"-");
    if current.is_empty() && !found.iter().all(is_flag) {
        found.retain(|one| !is_flag(one));
    }
    found
}

fn shown(one: &CompletionCandidate, asked: &Asked) -> Option<String> {
    let value = one
        .get_value()
        .to_str()
        .filter(|value| !value.contains(['\n', '\t']))?;
    if let Some(line) = &asked.line {
        return line.replacement(value);
    }
    let help = one.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.lines().next().unwrap_or_default();
    Some(match (asked.shell, help) {
        (_, "") => value.to_owned(),
        (_, help) => format!("{value}\t{help}"),
    })
}
