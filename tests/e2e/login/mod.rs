//! `login`: both kinds, both flows, and what is stored.

mod flows;
mod passwords;
mod refusals;

use serde_json::Value;

use crate::support::{
    ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, Running, Sandbox, logged_in, start, wait_for,
};

/// Ana's background session with the default salt.
const BACKGROUND: &str = "bg-38262fdf431f8f8329370f737705d78985b718b9";

pub(crate) fn log_in_ana(home: &Home) -> Value {
    home.login("").json()
}

/// The paths of all requests that logged in, with their hosts.
pub(crate) fn logins(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log();
    let posts = log.iter().filter(|entry| {
        let path = entry["path"].as_str().unwrap();
        entry["method"] == "POST" && ["/", "/login", "/api/login"].contains(&path)
    });
    posts
        .map(|e| e["path"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn both_sessions_are_logged_in_by_one_run() {
    let (sandbox, home) = start();
    let printed = log_in_ana(&home);
    let device = home.fingerprint(ANA, "device");
    assert_eq!(printed["sessions"][0]["fingerprint"], device);
    assert_eq!(printed["sessions"][1]["fingerprint"], BACKGROUND);
    let is_expected = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    assert!(device.len() == 50 && device.bytes().all(is_expected));
    let paths: Vec<_> = sandbox.log().iter().map(|e| e["path"].clone()).collect();
    // the second login may arrive before or after the first setrefresh
    assert_eq!([&paths[0], &paths[3]], ["/api/login", "/setrefresh"]);
    assert_eq!(sandbox.sent("/setrefresh").len(), 2);
    home.config("background_salt = \"second machine\"");
    let printed = log_in_ana(&home);
    let expected = "bg-3878b546093f5b9acaba2e19ffa85eba1ef35a61";
    assert_eq!(printed["sessions"][1]["fingerprint"], expected);
}

#[test]
fn one_kind_alone_can_be_logged_in() {
    for (kind, other) in [("device", "background"), ("background", "device")] {
        let (sandbox, home) = start();
        let printed = home.login("--only").arg(kind).json();
        assert_eq!(printed["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(printed["sessions"][0]["kind"], kind);
        assert_eq!(logins(&sandbox).len(), 1);
        home.run("classes --session")
            .arg(other)
            .fails(3, &["no ", other, "aimharder login ana@example.org"]);
        home.run("classes --session").arg(kind).succeeds();
    }
}

#[test]
fn a_new_device_is_used_until_another_is_named() {
    let (_sandbox, home) = logged_in();
    let first = home.fingerprint(ANA, "device");
    let printed = home.login("--new-device --only device").json();
    let second = printed["sessions"][0]["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(first, second);
    assert_eq!(home.sessions().len(), 3);
    let used = |args: &str| {
        let printed = home.run("classes --day +3").args(args).json();
        printed["session"]["fingerprint"].clone()
    };
    assert_eq!(used(""), second);
    assert_eq!(used(&format!("--fingerprint={}", &first[..6])), first);
    assert_eq!(used(""), first, "the one used last");
    // the use counts, whether or not it brought cookies: here both were used in the same instant
    home.sql("UPDATE sessions SET used_at = 1000 WHERE kind = 'device'");
    for print in [&second, &first, &second] {
        assert_eq!(used(&format!("--fingerprint={print}")), *print);
        assert_eq!(used(""), *print);
    }
    let login = home.login("--only device --fingerprint").arg(&first[..8]);
    assert_eq!(login.json()["sessions"][0]["fingerprint"], first);
    assert_eq!(home.sessions().len(), 3, "its row is replaced");
}

#[test]
fn fingerprints_too_short_unknown_or_ambiguous_are_refused() {
    let (_sandbox, home) = logged_in();
    home.run("classes --fingerprint abcde")
        .usage(&["at least 6"]);
    home.run("classes --fingerprint zzzzzzzzzz")
        .fails(6, &["no session here"]);
    home.run("classes --fingerprint bg-d08dd5 --session background")
        .fails(2, &["--fingerprint names a device session"]);
    home.run("classes --fingerprint bg-38262f")
        .fails(6, &["a background session's: use --session background"]);
    home.sql(
        "INSERT INTO sessions (account, kind, fingerprint, token, cookies, generation, created_at, used_at, token_updated_at) \
         SELECT account, kind, n || fingerprint, token, cookies, 1, created_at, used_at, token_updated_at \
         FROM sessions, (SELECT 'same001' AS n UNION SELECT 'same002') WHERE kind = 'device'",
    );
    home.run("classes --fingerprint same00")
        .fails(6, &["2 sessions"]);
}

#[test]
fn the_address_is_trimmed_and_lower_cased_everywhere() {
    let (sandbox, home) = start();
    let printed = home
        .run("login --password-stdin")
        .arg("  Ana@Example.ORG ")
        .stdin(ANA_PASSWORD)
        .json();
    assert_eq!(printed["account"], ANA);
    assert_eq!(printed["sessions"][1]["fingerprint"], BACKGROUND);
    assert!(sandbox.log().iter().all(|entry| entry["account"] == ANA));
    home.run("classes --day +3 --account ANA@example.org")
        .succeeds();
    home.run("classes --day +3")
        .env("AIMHARDER_ACCOUNT", " Ana@EXAMPLE.org")
        .succeeds();
    assert!(home.sessions().iter().all(|it| it["account"] == ANA));
}

#[test]
fn one_of_several_accounts_and_boxes_is_chosen_by_flag_variable_or_config() {
    let (_sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    let classes = || home.run("classes --day +3");
    classes().args("--account ana@example.org").succeeds();
    let ben = || classes().env("AIMHARDER_ACCOUNT", BEN);
    ben().args("--box boxdos").prints(&["Yoga"]);
    ben().env("AIMHARDER_BOX", "boxdos").prints(&["Yoga"]);
    let login = home.run(&format!("login {ANA} --password-stdin --only device"));
    let login = login.env("AIMHARDER_ACCOUNT", BEN).stdin(ANA_PASSWORD);
    login.prints(&["logged in"]);
    home.config("account = \"ben@example.org\"\nbox = \"boxdos\"");
    classes().prints(&["Yoga"]);
    let listed = home.sessions().len();
    assert_eq!(listed, 4, "the config's account does not narrow the list");
    let printed = home.run("sessions --account ana@example.org").json();
    assert_eq!(printed["sessions"].as_array().unwrap().len(), 2);
}

/// There is one device session per account and store.
#[test]
fn two_first_logins_at_once_use_one_fingerprint() {
    let (sandbox, home) = start();
    sandbox.hold("/api/login");
    let login = || {
        let run = home.run(&format!("login {ANA} --password-stdin --only device"));
        run.stdin(ANA_PASSWORD).any_stdout().spawn()
    };
    let logins = [login(), login()];
    wait_for("a login", || !sandbox.sent("/api/login").is_empty());
    sandbox.let_go();
    let [first, second] = logins.map(Running::done);
    assert_eq!(home.sessions().len(), 1, "{first:?} {second:?}");
    assert_eq!(sandbox.sent("/api/login").len(), 2);
}
