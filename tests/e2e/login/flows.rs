//! `login`: the JSON flow, the form flow, and responses that are not a login.

use crate::login::{log_in_ana, logins};
use crate::support::start;
use serde_json::{Value, json};

#[test]
fn the_form_flow_is_used_when_asked_for() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "json_login": false, "require_setrefresh": true }));
    home.config_with("", "login = \"form\"");
    for iframe in ["relative", "absolute", "encoded", "absolute_encoded"] {
        sandbox.config(&json!({ "iframe": iframe }));
        sandbox.clear_log();
        let printed = log_in_ana(&home);
        assert_eq!(printed["boxes"][0]["id"], 10122, "{iframe}: by whoami");
        assert_eq!(logins(&sandbox), ["/", "/"], "{iframe}");
        home.run("classes --day +3").succeeds();
    }
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
        // and comes back to JSON when the form is gone
        sandbox.config(&json!({ "form_login": false }));
        sandbox.clear_log();
        log_in_ana(&home);
        assert_eq!(logins(&sandbox), ["/", "/api/login", "/api/login"]);
    }
}

/// Nothing is stored, the background login is not tried, and a refusal is not tried again on the other flow.
#[test]
fn an_answer_that_is_no_login_ends_it() {
    let fault = |kind: &str, status: u16| json!({ "path": "/api/login", "kind": kind, "status": status, "count": -1 });
    let (json, both) = (&["/api/login"][..], &["/api/login", "/"][..]);
    for (login, switch, fault, words, sent) in [
        (
            "auto",
            json!({ "json_login": false, "form_login": false }),
            None,
            "no json login (answered 404), and",
            both,
        ),
        (
            "json",
            json!({ "json_login": false }),
            None,
            "no json login (answered 404)",
            json,
        ),
        (
            "auto",
            json!({ "login_cookie": "missing" }),
            None,
            "no login cookie",
            json,
        ),
        (
            "auto",
            json!({ "login_token": false }),
            None,
            "no refresh token",
            json,
        ),
        (
            "auto",
            json!({}),
            Some(fault("logout", 200)),
            "logged out",
            json,
        ),
        ("auto", json!({}), Some(fault("status", 403)), "403", json),
        ("auto", json!({}), Some(fault("status", 429)), "429", json),
        ("auto", json!({}), Some(fault("status", 500)), "500", json),
        ("auto", json!({}), Some(fault("status", 503)), "503", json),
    ] {
        let (sandbox, home) = start();
        sandbox.config(&switch);
        home.config_with("", &format!("login = \"{login}\""));
        if let Some(fault) = &fault {
            sandbox.fault(fault);
        }
        home.login("").fails(5, &[words]);
        assert_eq!(logins(&sandbox), sent, "{switch} {fault:?}");
        assert!(home.sessions().is_empty());
    }
}

#[test]
fn cookies_in_odd_places_are_kept_and_reach_the_box() {
    for cookie in ["host_only", "redirect"] {
        for json_login in [true, false] {
            let (sandbox, home) = start();
            sandbox.config(&json!({ "login_cookie": cookie, "json_login": json_login }));
            sandbox.config(&json!({ "require_cookies": ["PHPSESSID"] }));
            log_in_ana(&home);
            let id = sandbox.class(&json!({ "day": crate::support::day(3), "start": "13:10" }));
            let printed = home.run("book --day +3 --id").arg(&id).json();
            assert_eq!(printed["outcome"], "booked", "{cookie} {json_login}");
        }
    }
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
    sandbox.config(&json!({ "setrefresh_ok": true }));
    home.run("refresh")
        .stderr_has(&["setrefresh of the device session of", "works again"])
        .done();
    for session in home.sessions() {
        assert_eq!(session["last_error"], Value::Null);
        assert_eq!(session["refresh_count"], 1);
    }
    home.run("refresh").report(0).is(&[("fresh", 2)]).silent();
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
