//! What the files of a store contain.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Home, Sandbox};

/// The permissions of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// SQLite finds the store undamaged.
pub(crate) fn is_sound(home: &Home) {
    assert_eq!(home.ask("PRAGMA integrity_check"), "ok");
}

/// No session has ended, and every stored token is the one that the platform expects.
pub(crate) fn tokens_agree(sandbox: &Sandbox, home: &Home) {
    for session in sandbox.sessions() {
        let text = |key: &str| session[key].as_str().unwrap();
        let stored = home.ask(&format!(
            "SELECT token FROM sessions WHERE account = '{}' AND fingerprint = '{}'",
            text("account"),
            text("fingerprint")
        ));
        assert_eq!(text("token"), stored, "{session}");
        assert_eq!(session["dead"], false, "{session}");
    }
}

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
