//! A conversion of the store while another program has SQLite's lock.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use std::time::Duration;

use crate::program;
use crate::support::{logged_in, wait_for};

/// SQLite itself does not wait for another process that is folding the log. Another program holds the lock of such a process here
/// until its input is closed.
#[test]
fn a_conversion_waits_for_another_process_that_folds_the_log() {
    const FOLDING: &str = "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX, 1, 121); \
                           print('held', flush=True); sys.stdin.read()";
    let (_sandbox, home) = logged_in();
    let key = home.write("key", &format!("{}\n", "00ff".repeat(16)));
    home.config(&format!(
        "[store]\nkey_command = [\"cat\", {:?}]",
        key.display().to_string()
    ));
    let token = home.ask("SELECT token FROM sessions");
    let open = home.db(); // or there would be no such file
    let count = "SELECT count(*) FROM sessions";
    let sessions: i64 = open.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(sessions, 2);
    let mut other = program("/usr/bin/python3")
        .args(["-c", FOLDING])
        .arg(format!("{}-shm", home.store_path().display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = String::new();
    let output = other.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut printed).unwrap();
    assert_eq!(printed, "held\n");
    let converter = home.run("store encrypt").any_stdout().spawn();
    wait_for("the conversion", || {
        home.ask("SELECT count(*) FROM seal") == "1"
    });
    std::thread::sleep(Duration::from_millis(300)); // the test holds whether it is cleaning by now or not
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    converter.done();
    drop(open);
    let stored = std::fs::read(home.store_path()).unwrap();
    let found = stored
        .windows(token.len())
        .any(|part| part == token.as_bytes());
    assert!(!found, "the token is still readable");
}
