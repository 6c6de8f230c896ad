//! What holds for every input of a parser, checked for the seeds of the fuzzers and for random changes of them. `fuzz/run` runs
//! the same checks longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_for_each,
    unreachable_pub
)]

mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use checks::{ALL, Check};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

/// Cases of a check.
const CASES: u32 = 1000;
/// Building the command line's parser takes milliseconds.
const CASES_OF_POSITIONAL: u32 = 200;

/// Pieces that a hostile platform would send.
const PIECES: [&str; 28] = [
    "null",
    "true",
    "1",
    "0",
    "-12",
    "\"1\"",
    "99999999999999999999",
    "1e400",
    "{}",
    "[]",
    "{",
    "\"",
    "\\u0000",
    "\"logout\":1,",
    "<b>",
    "<script>",
    "&lt;",
    "&#x1b;",
    "\u{202e}",
    "\u{1b}[2J",
    "é",
    "\n",
    "; Domain=evil.org",
    "HTTP 503\n",
    "4 dias",
    "@07:00",
    "18:30",
    "aimharder.com",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let name = |entry: fs::DirEntry| {
        entry
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    entries.map(|entry| name(entry.unwrap())).collect()
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(root().join("corpus").join(name)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A change of a text: a range is replaced by a piece, by itself twice, or by random bytes.
#[derive(Debug, Clone)]
enum Change {
    Piece(Index, usize, &'static str),
    Twice(Index, usize),
    Bytes(Index, usize, Vec<u8>),
}

impl Change {
    fn make(&self, text: &mut Vec<u8>) {
        let (at, length) = match self {
            Change::Piece(at, length, _)
            | Change::Twice(at, length)
            | Change::Bytes(at, length, _) => (at, length),
        };
        let at = at.index(text.len() + 1);
        let end = text.len().min(at + length);
        let new = match self {
            Change::Piece(_, _, piece) => piece.as_bytes().to_vec(),
            Change::Twice(..) => [&text[at..end], &text[at..end]].concat(),
            Change::Bytes(_, _, bytes) => bytes.clone(),
        };
        text.splice(at..end, new);
    }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    let few = || prop::collection::vec(any::<u8>(), 0..4);
    prop_oneof![
        (index(), 0usize..12, select(PIECES.to_vec())).prop_map(|(a, n, p)| Change::Piece(a, n, p)),
        (index(), 0usize..40).prop_map(|(a, n)| Change::Twice(a, n)),
        (index(), 0usize..3, few()).prop_map(|(a, n, b)| Change::Bytes(a, n, b)),
    ]
}

fn holds(check: Check, seeds: Vec<Vec<u8>>, cases: u32) {
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let input = (select(seeds), prop::collection::vec(change(), 0..6));
    let changed = input.prop_map(|(mut text, changes)| {
        changes.iter().for_each(|change| change.make(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let tried = runner.run(&changed, |text| {
        check(text.as_bytes());
        Ok(())
    });
    tried.unwrap();
}

macro_rules! properties {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let (_, check) = ALL.iter().find(|(name, _)| *name == stringify!($name)).unwrap();
            let seeds = seeds(stringify!($name));
            seeds.iter().for_each(|seed| check(seed));
            let is_slow = stringify!($name) == "positional";
            holds(*check, seeds, if is_slow { CASES_OF_POSITIONAL } else { CASES });
        }
    )*
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

properties!(
    activity,
    book,
    cancel,
    config,
    cookies,
    crontab,
    days,
    home,
    login_form,
    login_json,
    next_bookings,
    notes,
    positional,
    recording,
    refusal_text,
    rules,
    schedule,
    set_refresh,
    times,
    token_update,
    whoami,
);

#[test]
fn every_check_is_a_test_and_a_fuzz_target_with_seeds() {
    let all: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>(),
        all
    );
    assert_eq!(names("fuzz_targets"), all);
    assert_eq!(names("corpus"), all);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let targets = manifest["bin"].as_array().unwrap().iter();
    let targets: BTreeSet<String> = targets
        .map(|bin| bin["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(targets, all);
}
