//! `status` on a terminal, and its gauges as a collector reads them.

use std::collections::BTreeMap;

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::support::{CRONTAB, Home, bare, logged_in, shown};

#[test]
fn it_fits_the_terminal() {
    let (_sandbox, home) = logged_in();
    home.crontab(CRONTAB);
    home.run("prebook add --time 13:10 --class weightlifting --day +3")
        .ends(0);
    home.sql("INSERT INTO shots (prebooking, sent_at, class, outcome, lateness_ms) SELECT 1, 1000 * unixepoch(), 'x', 'too_early', -1500");
    let path = format!("PATH={}/tools:/usr/bin:/bin", home.path().display());
    for columns in [60, 80, 120] {
        let text = shown(&home, columns, &[&path], "status");
        assert!(text.contains('\u{1b}'), "{text}");
        let bare = bare(&text);
        let widest = bare
            .lines()
            .filter(|line| !line.contains(home.path().to_str().unwrap()));
        for line in widest {
            assert!(line.width() <= columns, "{columns}: {line:?}");
        }
        for words in [
            "no problems found",
            "sessions",
            "schedule",
            "prebookings",
            "server",
            "files",
            "weightlifting",
        ] {
            assert!(bare.contains(words), "{words}: {bare}");
        }
        assert!(bare.lines().count() < 40, "one screen: {bare}");
        for variable in ["NO_COLOR=1", "TERM=dumb"] {
            let text = shown(&home, columns, &[&path, variable], "status");
            assert!(!text.contains('\u{1b}'), "{variable}: {text}");
        }
    }
}

/// The samples of a text in Prometheus' format, each below the help and the type of its family.
fn parsed(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            family = name;
        } else if line.starts_with('#') {
            assert_eq!(line, format!("# TYPE {family} gauge"));
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next(), Some(family), "{line}");
            let is_new = samples.insert(name.to_owned(), value.parse().unwrap());
            assert!(is_new.is_none(), "{name} twice");
        }
    }
    samples
}

#[test]
fn gauges_that_a_collector_can_read() {
    let (sandbox, home) = logged_in();
    home.crontab(CRONTAB);
    let odd = "we\\ird\"name@example.org";
    sandbox.account(
        &json!({ "email": odd, "password": "pass-word-3", "name": "W", "boxes": ["crossfitdemo"] }),
    );
    home.log_in(odd, "pass-word-3");
    home.run("prebook add --account ana@example.org --time 13:10 --opens 1d --day +3")
        .ends(0);
    home.sql("UPDATE sessions SET outage_runs = 4 WHERE account = 'ana@example.org' AND kind = 'background'");
    home.sql("UPDATE sessions SET last_error = 'no response' WHERE account = 'ana@example.org' AND kind = 'background'");
    home.sql("INSERT INTO shots (prebooking, sent_at, class, outcome, lateness_ms) VALUES (1, 1700000000000, 'x', 'booked', 1.5)");
    let printed = home.status("--prometheus --online").succeeds();
    let samples = parsed(&printed.stdout);
    let value = |name: &str| {
        *samples
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {}", printed.stdout))
    };
    let print = &home.fingerprint("ana@example.org", "background")[..10];
    let ana =
        format!("{{account=\"ana@example.org\",kind=\"background\",fingerprint=\"{print}\"}}");
    let same = |name: &str, expected: f64| {
        assert!(
            (value(name) - expected).abs() < 1e-9,
            "{name}: {}",
            value(name)
        );
    };
    same(
        &format!(
            "aimharder_build_info{{version=\"{}\"}}",
            env!("CARGO_PKG_VERSION")
        ),
        1.0,
    );
    same("aimharder_problems", 1.0);
    same(
        "aimharder_sessions{kind=\"background\",status=\"active\"}",
        2.0,
    );
    same(&format!("aimharder_refresh_failures_in_a_row{ana}"), 4.0);
    same(&format!("aimharder_session_active{ana}"), 1.0);
    assert!(value(&format!("aimharder_token_age_seconds{ana}")) < 60.0);
    assert!(value(&format!("aimharder_token_expires_timestamp_seconds{ana}")) > 1.7e9);
    same("aimharder_prebookings{status=\"pending\"}", 1.0);
    assert!(value("aimharder_next_opening_timestamp_seconds") > 1.7e9);
    same(
        "aimharder_last_booking_request_timestamp_seconds{outcome=\"booked\"}",
        1.7e9,
    );
    same("aimharder_last_booking_request_lateness_seconds", 0.0015);
    same("aimharder_scheduled{job=\"prebook\"}", 1.0);
    same(
        "aimharder_server_up{host=\"crossfitdemo.aimharder.com\"}",
        1.0,
    );
    assert!(
        printed
            .stdout
            .contains("account=\"we\\\\ird\\\"name@example.org\""),
        "{}",
        printed.stdout
    );
    // no secrets: tokens, cookies, whole fingerprints
    let whole = home.fingerprint("ana@example.org", "device");
    let token = home.ask("SELECT token FROM sessions");
    assert!(!printed.stdout.contains(&whole) && !printed.stdout.contains(&token));
}

#[test]
fn gauges_of_an_empty_home() {
    let home = Home::nowhere();
    home.crontab("");
    let printed = home.status("--prometheus").succeeds();
    let samples = parsed(&printed.stdout);
    assert!(
        samples.contains_key("aimharder_store_usable"),
        "{samples:?}"
    );
    home.write_config("acount = 1");
    let printed = home.status("--prometheus").ends(2);
    assert!(
        printed.stdout.contains("\naimharder_config_usable 0\n"),
        "{}",
        printed.stdout
    );
}

/// If memory allows no further thread, the tools of the system are not asked. With even less memory the program ends in other
/// ways, at limits that depend on the build.
#[test]
fn it_does_not_panic_for_lack_of_threads() {
    let (_sandbox, home) = logged_in();
    for kib in (20_000..90_000).step_by(2000) {
        let mut limited = home.run("status").after(&format!("ulimit -v {kib}"));
        let limited = limited.output().unwrap();
        let shown = String::from_utf8_lossy(&limited.stderr);
        // std itself panics if a started thread gets no stack for its signal handler
        let is_of_std = shown.contains("failed to allocate an alternative stack");
        assert!(
            is_of_std || !shown.contains("panicked"),
            "{kib} KiB: {shown}"
        );
    }
}
