//! `login`: the JSON flow, the form, and the answers that are no login.

use crate::login::{log_in_ana, logins};
use crate::support::start;
use serde_json::{Value, json};

#[test]
fn the_form_flow_is_used_when_asked_for() {
    for iframe in ["relative", "absolute", "encoded", "absolute_encoded"] {
        let (sandbox, home) = start();
        sandbox
            .config(&json!({ "iframe": iframe, "json_login": false, "require_setrefresh": true }));
        home.config_with("", "login = \"form\"");
        let printed = log_in_ana(&home);
        assert_eq!(printed["boxes"][0]["id"], 10122, "{iframe}: by whoami");
        assert_eq!(logins(&sandbox), ["/", "/"], "{iframe}");
        home.run("classes --day +3").succeeds();
    }
}

#[test]
fn json_only_never_tries_the_form() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "json_login": false }));
    home.config_with("", "login = \"json\"");
    home.login("").fails(5, &["login was not found", "404"]);
    assert_eq!(logins(&sandbox), ["/api/login"]);
}

#[test]
fn auto_goes_on_to_the_form_where_json_is_gone_and_remembers_it() {
    for gone in [json!(404), json!(405), json!(410), json!("html")] {
        let (sandbox, home) = start();
        sandbox.config(&json!({ "json_login": false, "json_login_off": gone }));
        log_in_ana(&home);
        assert_eq!(logins(&sandbox), ["/api/login", "/", "/"], "{gone}");
        sandbox.config(&json!({ "json_login": true }));
        sandbox.clear_log();
        log_in_ana(&home);
        assert_eq!(logins(&sandbox), ["/", "/"], "{gone}: remembered");
    }
}

#[test]
fn auto_comes_back_to_json_when_the_form_dies() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "json_login": false }));
    log_in_ana(&home);
    sandbox.config(&json!({ "json_login": true, "form_login": false }));
    sandbox.clear_log();
    log_in_ana(&home);
    assert_eq!(logins(&sandbox), ["/", "/api/login", "/api/login"]);
}

#[test]
fn a_platform_without_a_login_is_unreachable() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "json_login": false, "form_login": false }));
    home.login("").fails(5, &["login was not found"]);
    assert!(home.sessions().is_empty());
}

#[test]
fn the_form_is_not_tried_after_403_429_or_5xx() {
    for status in [403, 429, 500, 503] {
        let (sandbox, home) = start();
        sandbox.fault(
            &json!({ "path": "/api/login", "kind": "status", "status": status, "count": -1 }),
        );
        home.login("").fails(5, &[&status.to_string()]);
        assert_eq!(logins(&sandbox), ["/api/login"], "{status}");
        assert!(home.sessions().is_empty());
    }
}

#[test]
fn a_login_without_cookie_or_token_is_none() {
    for (switch, words) in [
        (json!({ "login_cookie": "missing" }), "no login cookie"),
        (json!({ "login_token": false }), "no refresh token"),
    ] {
        let (sandbox, home) = start();
        sandbox.config(&switch);
        home.login("").fails(5, &[words]);
        assert!(home.sessions().is_empty());
        assert_eq!(
            logins(&sandbox).len(),
            1,
            "{switch}: the background login was not tried"
        );
    }
}

#[test]
fn cookies_in_odd_places_reach_the_box() {
    for cookie in ["host_only", "redirect"] {
        for json_login in [true, false] {
            let (sandbox, home) = start();
            sandbox.config(&json!({ "login_cookie": cookie, "json_login": json_login }));
            log_in_ana(&home);
            let id = sandbox.class(&json!({ "day": crate::support::day(3), "start": "13:10" }));
            let printed = home.run("book --day +3 --id").arg(&id).json();
            assert_eq!(printed["outcome"], "booked", "{cookie} {json_login}");
        }
    }
}

#[test]
fn session_cookies_are_kept_across_runs() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "require_cookies": ["PHPSESSID"] }));
    log_in_ana(&home);
    home.has_no_booking("");
}

#[test]
fn boxes_without_roles_are_found_on_the_home_page() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "whoami_roles": false }));
    let printed = log_in_ana(&home);
    assert_eq!(printed["boxes"][0]["box"], "crossfitdemo");
    assert_eq!(printed["boxes"][0]["id"], 10122);
}

#[test]
fn setrefresh_failing_is_a_warning() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "setrefresh_ok": false }));
    let printed = home
        .login("")
        .stderr_has(&[
            "warning: device session",
            "warning: background session",
            "setrefresh",
        ])
        .json();
    assert_eq!(printed["sessions"][0]["status"], "ok");
    for session in home.sessions() {
        let error = session["last_error"].as_str().unwrap();
        assert!(error.starts_with("setrefresh"), "{error}");
        assert_eq!(session["refresh_count"], 0);
        assert_eq!(session["refreshed_at"], Value::Null);
    }
}

#[test]
fn a_login_answered_with_logged_out() {
    let (sandbox, home) = start();
    sandbox.fault(&json!({ "path": "/api/login", "kind": "logout", "count": -1 }));
    home.login("").fails(5, &["logged out"]);
    assert!(home.sessions().is_empty());
}

#[test]
fn boxes_that_cannot_be_found_do_not_undo_a_login() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "whoami_roles": false }));
    sandbox.fault(&json!({ "path": "/home", "kind": "status", "count": -1 }));
    let words = ["boxes could not be found", "aimharder boxes --detect"];
    home.login("").any_stdout().stderr_has(&words).done();
    assert_eq!(home.sessions().len(), 2);
}
