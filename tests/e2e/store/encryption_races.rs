//! Encryption of the store while processes are killed, while others encrypt or decrypt it, and while tokens are updated: it
//! is wholly encrypted or not at all, always usable, and no token is lost.
#![allow(clippy::print_stderr)] // seeds are shown when a test fails

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;

use crate::store::encryption::{KEY, encrypted, has_key};
use crate::support::{
    ANA, Home, Run, all_at_once, found, is_sound, logged_in, store_files, wait_for,
};

/// What every filler's token and cookies hold.
const MARK: &str = "plain-filler-secret";
const FILLERS: usize = 3000;
/// The longest time of all kills together.
const TIME: Duration = Duration::from_secs(20);

/// Sessions that are not refreshed, so that a conversion takes its time.
fn fill(home: &Home) {
    home.sql(&format!(
        "INSERT INTO sessions (account, kind, fingerprint, auto_refresh, token, cookies, generation, created_at, used_at, \
         token_updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FILLERS}) \
         SELECT 'f' || i || '@example.org', 'device', 'filler-' || i, 0, '1|2|{MARK}' || i, '[\"{MARK}' || i || '\"]', 1, \
         4e12, 0, 0 FROM n"
    ));
}

fn is_encrypted(home: &Home) -> bool {
    home.ask("SELECT count(*) FROM seal") == "1"
}

/// Checks that all secrets are encrypted, or none, as the table `seal` says.
fn is_whole(home: &Home) {
    is_sound(home);
    let kinds =
        home.ask("SELECT group_concat(DISTINCT typeof(token) || typeof(cookies)) FROM sessions");
    let expected = if is_encrypted(home) {
        "blobblob"
    } else {
        "texttext"
    };
    assert_eq!(kinds, expected);
}

fn holds_plain_text(home: &Home) -> bool {
    !found(MARK, &store_files(home)).is_empty()
}

fn convert(home: &Home, what: &str) -> Run {
    home.run("store").args(what).any_stdout()
}

#[test]
fn killed_at_any_moment_it_is_one_or_the_other_and_usable() {
    let seed = fastrand::u64(..1_000_000);
    eprintln!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let (sandbox, home) = logged_in();
    home.use_real_time();
    fill(&home);
    assert!(holds_plain_text(&home));
    has_key(&home, KEY);
    // how long each takes: longer when one was killed before its turn, shorter after it, because the load changes
    let mut lives = ["encrypt", "decrypt"].map(|what| convert(&home, what).done().took);
    assert!(!is_encrypted(&home));
    let until = Instant::now() + TIME;
    let (mut deaths, mut turned, mut unfinished) = (0, 0, 0);
    while Instant::now() < until && deaths < 60 {
        let before = is_encrypted(&home);
        let what = if before { "decrypt" } else { "encrypt" };
        let life = &mut lives[usize::from(before)];
        let victim = convert(&home, what).spawn();
        thread::sleep(life.mul_f64(0.3 + 0.8 * rng.f64()));
        victim.kill();
        deaths += 1;
        is_whole(&home);
        let has_turned = is_encrypted(&home) != before;
        turned += usize::from(has_turned);
        *life = life.mul_f64(if has_turned { 0.9 } else { 1.1 });
        let unclean = home.ask("SELECT unclean FROM seal");
        unfinished += usize::from(unclean == "1");
        // the next command, whatever it is, needs no help, and finishes what is left
        home.run("prebook list").succeeds();
        if is_encrypted(&home) {
            assert_eq!(home.ask("SELECT unclean FROM seal"), "0");
            assert!(!holds_plain_text(&home), "seed {seed}, death {deaths}");
        }
        home.run("refresh --force --rate 0 --session background")
            .done();
    }
    eprintln!(
        "{deaths} deaths, {turned} after the turn, {unfinished} before the cleaning was over"
    );
    assert!(
        deaths >= 10 && turned > 0,
        "{deaths} deaths, {turned} turned"
    );
    convert(&home, "encrypt").done();
    assert!(!holds_plain_text(&home));
    assert_eq!(sandbox.counters()["replayed_tokens"], 0);
}

#[test]
fn many_convert_while_others_work() {
    let (sandbox, home) = logged_in();
    home.use_real_time();
    fill(&home);
    has_key(&home, KEY);
    for _ in 0..3 {
        let converters = ["encrypt", "decrypt", "encrypt", "decrypt"];
        let converters = converters.map(|what| convert(&home, what));
        let others = [
            "refresh --force --rate 0",
            "refresh --force --deep --rate 0",
            "classes --day +3 --account",
            "bookings --account",
        ];
        let others = others.map(|what| {
            let run = home.run(what).any_stdout();
            if what.ends_with("--account") {
                run.arg(ANA)
            } else {
                run
            }
        });
        all_at_once(converters.into_iter().chain(others));
        is_whole(&home);
    }
    convert(&home, "encrypt").done();
    assert!(!holds_plain_text(&home));
    home.run("refresh --force --rate 0")
        .report(0)
        .is(&[("updated", 2)]);
    assert_eq!(sandbox.counters()["replayed_tokens"], 0);
}

#[test]
fn a_conversion_waits_for_a_token_on_its_way() {
    let (sandbox, home) = logged_in();
    home.use_real_time();
    sandbox.config(&json!({ "latency_after_ms": 1500 }));
    let late = home
        .run("refresh --force --session background")
        .any_stderr()
        .spawn();
    wait_for("the update", || {
        !sandbox.sent("/api/tokenUpdate").is_empty()
    });
    encrypted(&home); // the other process has read the config before, and has no key
    let printed = late.unchecked();
    assert_eq!(printed.status, Some(0), "{printed:?}");
    is_whole(&home);
    assert!(is_encrypted(&home));
    sandbox.config(&json!({ "latency_after_ms": 0 }));
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    assert_eq!(sandbox.counters()["replayed_tokens"], 0);
}

#[test]
fn a_long_reader_postpones_the_cleaning_to_the_next_command() {
    let (_sandbox, home) = logged_in();
    fill(&home);
    has_key(&home, KEY);
    let reader = home.db();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM sessions")
        .unwrap();
    let encrypt = home.run("store encrypt").pauses(5);
    let printed = encrypt.ends_json(7);
    assert_eq!(printed["encrypted"], true);
    assert!(is_encrypted(&home) && holds_plain_text(&home));
    let refresh = home.run("refresh").done();
    let soon = Duration::from_secs(3);
    assert!(
        refresh.took < soon,
        "a command waits for the cleaning: {refresh:?}"
    );
    reader.execute_batch("COMMIT").unwrap();
    home.run("refresh").done();
    assert!(!holds_plain_text(&home));
}

/// The store is decrypted while the key command runs: nothing is left that the new key could encrypt.
#[test]
fn a_new_key_for_a_store_that_is_decrypted_meanwhile_is_refused() {
    let (_sandbox, home) = logged_in();
    encrypted(&home);
    let here = |name: &str| home.path().join(name).display().to_string();
    let plain = std::fs::read_to_string(home.config_path()).unwrap();
    home.write("other.toml", &plain);
    home.config(&format!(
        "[store]\nkey_command = \"touch {}; while ! test -e {}; do sleep 0.01; done; cat {}\"",
        here("asked"),
        here("go"),
        here("key")
    ));
    let run = home
        .run("store rekey")
        .stdin(crate::store::encryption::OTHER);
    let running = run.fails_with(2, &["the store is not encrypted"]).spawn();
    wait_for("the key", || home.path().join("asked").exists());
    let decrypt = home.run("--config").arg(here("other.toml"));
    decrypt.args("store decrypt").succeeds();
    home.write("go", "");
    running.done();
}
