//! A store that cannot grow: at any size at which it stops, a command succeeds or reports a clear error, and no token is
//! lost. A limit on the size of files takes the place of a full disk. It is tried at all sizes that the file and its log
//! reach.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{
    ANA, Home, Run, SOURCE, Sandbox, crowd, is_sound, logged_in, side_by_side, tokens_agree,
    wait_for,
};

/// What `ulimit -f` counts in.
const BLOCK: u64 = 512;

/// The run under a limit on the size of files. Half of the time the signal that goes with it is
/// ignored from the start, as a service manager may do.
fn limited(run: &Run, blocks: u64) -> Command {
    let ignored = blocks % 16 < 8;
    let trap = if ignored { "; trap '' XFSZ" } else { "" };
    run.after(&format!("ulimit -f {blocks}{trap}"))
}

/// One run under the limit: success, or one clear error of the store. `true`: success.
fn survives(run: &Run, blocks: u64) -> bool {
    let output = limited(run, blocks).output().expect("sh");
    let words = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => {
            assert_eq!(words, "", "{blocks} blocks");
            true
        }
        // 7: the room was enough for some of them
        Some(1 | 7) => {
            assert!(words.starts_with("error: "), "{blocks} blocks: {words}");
            let clear = ["the store", "the limit", "a limit", "cannot lock", "disk"];
            assert!(
                clear.iter().any(|clear| words.contains(clear)),
                "{blocks} blocks: {words}"
            );
            assert!(!words.contains("shared memory"), "{blocks} blocks: {words}");
            false
        }
        other => panic!("{blocks} blocks: {other:?} {words}"),
    }
}

/// All sizes from a log of one page to more than the file and its log ever need.
fn sizes(home: &Home, step: u64) -> Vec<u64> {
    let file = fs::metadata(home.store_path()).unwrap().len();
    let most = (file + 200 * 1024) / BLOCK;
    (8..=most).step_by(usize::try_from(step).unwrap()).collect()
}

/// Runs a refresh at each size, and returns how many succeeded and failed.
fn sweep(sandbox: &Sandbox, home: &Home, args: &str, step: u64) -> (usize, usize) {
    let (mut good, mut bad) = (0, 0);
    for blocks in sizes(home, step) {
        if survives(&home.run(args), blocks) {
            good += 1;
        } else {
            bad += 1;
        }
        tokens_agree(sandbox, home);
    }
    is_sound(home);
    home.run("refresh --force").any_stderr().done();
    tokens_agree(sandbox, home);
    (good, bad)
}

#[test]
fn no_size_costs_a_token() {
    let (sandbox, home) = crowd(4);
    home.use_real_time();
    sandbox.config(&json!({ "rotate_cookie": true }));
    let (good, bad) = sweep(&sandbox, &home, "refresh --force --rate 0 --deep", 9);
    assert!(good > 5 && bad > 5, "{good} went well, {bad} did not");
}

#[test]
fn no_size_costs_a_token_while_others_keep_the_log_open() {
    let (sandbox, home) = crowd(4);
    home.use_real_time();
    // the log stays and grows: this connection is never the last
    let other = home.db();
    let count = || -> i64 {
        other
            .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count(), 8);
    let (good, bad) = sweep(&sandbox, &home, "refresh --force --rate 0 --jobs 8", 11);
    assert!(good > 5 && bad > 5, "{good} went well, {bad} did not");
    assert_eq!(count(), 8);
}

#[test]
fn no_size_costs_a_recovery() {
    let (sandbox, home) = logged_in();
    home.use_real_time();
    sandbox.config(&json!({ "rotate_cookie": true }));
    home.config(SOURCE);
    for blocks in sizes(&home, 13) {
        let before = sandbox.counters()["logins_ok"].clone();
        sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
        survives(
            &home.run("refresh --force --session background --rate 0"),
            blocks,
        );
        // recovered already or not: the next run has it
        home.run("refresh --force --session background")
            .any_stderr()
            .done();
        let logins = sandbox.counters()["logins_ok"].as_u64().unwrap() - before.as_u64().unwrap();
        assert!(
            (1..=2).contains(&logins),
            "{blocks} blocks: {logins} logins"
        );
        tokens_agree(&sandbox, &home);
    }
    is_sound(&home);
}

/// In a mount namespace of its own: the store is on a small file system, which is filled except for some pages while the platform's
/// response is on its way, and has free space again afterwards.
const SCRIPT: &str = r#"
    state="$HOME/.local/state/aimharder"
    mkdir "$HOME/kept" && cp -a "$state/." "$HOME/kept" && mount -t tmpfs -o size=2m,mode=0700 tmpfs "$state" || exit 90
    cp -a "$HOME/kept/." "$state" || exit 91
    "$AIMHARDER" refresh --force --rate 0 --jobs 2 2>"$HOME/words" & run=$!
    until [ -e "$HOME/go" ]; do sleep 0.01; done
    head -c "$SPARE" /dev/zero >"$state/spare"
    cat /dev/zero >"$state/filler" 2>/dev/null
    rm "$state/spare"
    wait "$run"; echo "$?" >"$HOME/status"
    rm "$state/filler"
    exec "$AIMHARDER" refresh --force --json
"#;

#[test]
#[allow(clippy::print_stderr)] // what was left out must be seen
fn a_file_system_that_fills_up_while_an_answer_is_awaited_costs_no_token() {
    let may = Command::new("unshare")
        .args(["-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .status();
    if !may.is_ok_and(|status| status.success()) {
        let words = "left out: this machine lets no test mount a file system";
        let _ = writeln!(std::io::stderr(), "{words}");
        return;
    }
    side_by_side(&[0, 1, 2, 4, 8, 40], |pages: &u64| {
        let (sandbox, home) = crowd(2);
        home.use_real_time();
        sandbox.config(&json!({ "latency_after_ms": 600, "rotate_cookie": true }));
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-c", SCRIPT]).env_clear();
        let run = home.run("").command();
        for (name, value) in run.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command
            .env("AIMHARDER", run.get_program())
            .env("SPARE", (pages * 4096).to_string())
            .stdout(Stdio::piped());
        let running = command.spawn().unwrap();
        wait_for("the request", || !sandbox.log().is_empty());
        home.write("go", "");
        let output = running.wait_with_output().unwrap();
        let read = |name| fs::read_to_string(home.path().join(name)).unwrap();
        let (status, words) = (read("status"), read("words"));
        let clear = words.is_empty() || words.contains("the store");
        assert!(
            clear && ["0\n", "1\n", "7\n"].contains(&&*status),
            "{pages}: {status} {words}"
        );
        // the next run has every token: none was lost, and nothing had to be logged in again
        assert_eq!(output.status.code(), Some(0), "{pages} pages: {words}");
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed["updated"], 4, "{pages} pages: {printed} {words}");
    });
}

#[test]
fn a_persons_command_says_so_and_loses_nothing() {
    let commands = ["bookings", "boxes --detect"];
    side_by_side(&commands, |args| {
        let (sandbox, home) = logged_in();
        home.use_real_time();
        for blocks in sizes(&home, 40) {
            home.age_tokens(60);
            let output = limited(&home.run(args), blocks).output().expect("sh");
            let words = String::from_utf8(output.stderr).unwrap();
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{blocks} blocks: {words}"
            );
            assert!(!words.contains("shared memory"), "{blocks} blocks: {words}");
            tokens_agree(&sandbox, &home);
        }
        home.run("refresh --force").any_stderr().done();
        is_sound(&home);
    });
}
