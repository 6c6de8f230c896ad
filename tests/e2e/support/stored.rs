//! What the files of a store contain.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Home;

/// The store's own file, its log and index, and every copy beside it.
pub(crate) fn store_files(home: &Home) -> Vec<PathBuf> {
    let folder = home.store_path().parent().unwrap().to_owned();
    let paths = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    paths.filter(|path| path.is_file()).collect()
}

/// The files that contain the text, or one of its lines. Another process looks for it: if this one opened and closed a file, it would
/// lose the locks of its own SQLite connections.
pub(crate) fn found(text: &str, files: &[PathBuf]) -> Vec<PathBuf> {
    let mut grep = Command::new("grep")
        .args([
            "--text",
            "--fixed-strings",
            "--files-with-matches",
            "--file=-",
        ])
        .args(files)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut patterns = grep.stdin.take().unwrap();
    patterns.write_all(text.as_bytes()).unwrap();
    drop(patterns);
    let grep = grep.wait_with_output().unwrap();
    assert!(grep.stderr.is_empty(), "{grep:?}");
    let names = String::from_utf8(grep.stdout).unwrap();
    names.lines().map(PathBuf::from).collect()
}
