//! The sandbox itself, from outside over HTTP: its answers are those of the platform, and its switches do what
//! its help says.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::{ANA, ANA_PASSWORD, Sandbox, day, madrid, real_ms, sandbox_binary, with};

const MAIN: &str = "aimharder.com";
const LOGIN: &str = "login.aimharder.com";
const BOX: &str = "crossfitdemo.aimharder.com";

/// A response, its body without transfer and content coding.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The value of a cookie that the response sets.
    fn cookie(&self, name: &str) -> Option<String> {
        let start = format!("Set-Cookie: {name}=");
        let line = self.head.lines().find_map(|line| line.strip_prefix(&start));
        line.and_then(|rest| rest.split(';').next())
            .map(str::to_owned)
    }

    /// All cookies that the response sets, as a request sends them.
    fn all_cookies(&self) -> String {
        let lines = self.head.lines();
        let lines = lines.filter_map(|line| line.strip_prefix("Set-Cookie: "));
        let pairs: Vec<_> = lines.filter_map(|line| line.split(';').next()).collect();
        pairs.join("; ")
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.body.trim_start_matches('\u{feff}'))
            .unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends one request; a form goes as its body.
fn send(
    sandbox: &Sandbox,
    method: &str,
    host: &str,
    target: &str,
    cookies: &str,
    form: &str,
) -> Answer {
    let kind = if form.starts_with('{') {
        "json"
    } else {
        "x-www-form-urlencoded"
    };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nAccept-Encoding: gzip\r\n\
         Connection: close\r\nContent-Type: application/{kind}\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut answer = Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: String::new(),
    };
    let mut body = bytes[end + 4..].to_vec();
    if answer.header("transfer-encoding").is_some() {
        body = unchunked(&body);
    }
    if answer.header("content-encoding").is_some() {
        let mut plain = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    answer.body = String::from_utf8(body).unwrap();
    answer
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
}

fn get(sandbox: &Sandbox, host: &str, target: &str, cookies: &str) -> Answer {
    send(sandbox, "GET", host, target, cookies, "")
}

fn post(sandbox: &Sandbox, host: &str, target: &str, cookies: &str, form: &str) -> Answer {
    send(sandbox, "POST", host, target, cookies, form)
}

/// Logs Ana in by JSON; her cookie and her first token.
fn log_in(sandbox: &Sandbox) -> (String, String) {
    let body =
        json!({ "username": ANA, "password": ANA_PASSWORD, "fingerprint": "fp1", "iniframe": 0 });
    let answer = post(sandbox, LOGIN, "/api/login", "", &body.to_string());
    let token = answer.json()["data"]["auth"]["refreshToken"].clone();
    let cookie = answer.cookie("amhrdrauth").unwrap();
    (
        format!("amhrdrauth={cookie}"),
        token.as_str().unwrap().to_owned(),
    )
}

fn compact(day: &str) -> String {
    day.replace('-', "")
}

/// Books a class three days ahead.
fn book(sandbox: &Sandbox, cookies: &str, class: &str) -> Value {
    let form = format!("id={class}&day={}", compact(&day(3)));
    post(sandbox, BOX, "/api/book", cookies, &form).json()
}

/// The rows of the day three days ahead that have this class id.
fn rows(sandbox: &Sandbox, cookies: &str, class: &str) -> Vec<Value> {
    let target = format!("/api/bookings?day={}&box=10122&familyId=", compact(&day(3)));
    let mut answer = get(sandbox, BOX, &target, cookies).json();
    let Value::Array(mut rows) = answer["bookings"].take() else {
        panic!("no rows: {answer}");
    };
    let id: u64 = class.parse().unwrap();
    rows.retain(|row| row["id"] == id);
    rows
}

#[test]
fn the_help_shows_the_page_of_the_control_calls_unbroken() {
    let help = Command::new(sandbox_binary()).arg("--help").output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    assert!(help.contains(include_str!("../../examples/sandbox/control.txt").trim()));
}

#[test]
fn json_can_be_sent_as_html_with_a_mark_compressed_and_in_chunks() {
    let sandbox = Sandbox::start();
    let plain = get(&sandbox, MAIN, "/api/whoami", "");
    assert_eq!(
        plain.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    sandbox.config(&json!({ "json_as": ["html", "bom", "gzip", "chunked"] }));
    let coded = get(&sandbox, MAIN, "/api/whoami", "");
    assert_eq!(
        coded.header("content-type"),
        Some("text/html; charset=UTF-8")
    );
    assert_eq!(coded.header("content-encoding"), Some("gzip"));
    assert_eq!(coded.header("transfer-encoding"), Some("chunked"));
    assert_eq!(coded.header("content-length"), None);
    assert!(coded.body.starts_with('\u{feff}'));
    assert_eq!(coded.json(), plain.json());
}

#[test]
fn the_date_of_chosen_answers_can_be_wrong_or_missing() {
    let sandbox = Sandbox::start();
    let date = |fault: Value| {
        let always = json!({ "path": "/api/whoami", "kind": "date" });
        sandbox.fault(&with(&always, fault));
        let answer = get(&sandbox, MAIN, "/api/whoami", "");
        assert_eq!(answer.json(), json!({ "data": [] }));
        answer.header("date").map(str::to_owned)
    };
    let shifted = date(json!({ "date_shift_s": -3600 })).unwrap();
    let shifted = chrono::DateTime::parse_from_rfc2822(&shifted).unwrap();
    let behind = real_ms() - shifted.timestamp_millis();
    assert!((3_600_000..3_660_000).contains(&behind), "{behind}");
    let raw = "Thu, 31 Dec +262142 23:59:59 GMT";
    assert_eq!(date(json!({ "date": raw })).as_deref(), Some(raw));
    assert_eq!(date(json!({ "date": "" })), None);
    assert!(
        get(&sandbox, MAIN, "/api/whoami", "")
            .header("date")
            .is_some()
    );
}

#[test]
fn a_share_of_the_responses_can_be_late() {
    let sandbox = Sandbox::start();
    let took = |share: f64| {
        let delay = json!({ "path": "*", "kind": "delay", "seconds": 0.5, "share": share });
        sandbox.clear_faults();
        sandbox.fault(&delay);
        let began = Instant::now();
        let answer = get(&sandbox, MAIN, "/api/whoami", "");
        assert_eq!(answer.json(), json!({ "data": [] }));
        began.elapsed()
    };
    assert!(took(1.0) >= Duration::from_millis(500));
    took(0.0);
    let faults: Vec<Value> = sandbox.log().iter().map(|e| e["fault"].clone()).collect();
    assert_eq!(faults, [json!("delay"), Value::Null]);
}

#[test]
fn a_box_page_can_be_the_login_page_a_redirect_or_without_a_number() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    for path in ["/schedule?cl", "/"] {
        let page = |shape: &str| {
            sandbox.config(&json!({ "box_page": shape }));
            get(&sandbox, BOX, path, &cookies)
        };
        assert!(page("normal").body.contains("box: 10122"));
        assert!(page("login").body.contains("name=\"pw\""));
        let hop = page("redirect");
        assert_eq!(
            (hop.status, hop.header("location")),
            (302, Some("http://login.aimharder.com/"))
        );
        let blank = page("no_number");
        assert!(blank.body.contains("Calendar") && !blank.body.contains("10122"));
    }
}

#[test]
fn a_row_can_be_listed_twice_or_lack_its_time() {
    let sandbox = Sandbox::start();
    let id = sandbox.trial(json!({ "quirks": ["twice", "no_time"] }));
    let rows = rows(&sandbox, "", &id);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], rows[1]);
    assert_eq!(
        (&rows[0]["time"], &rows[0]["timeid"]),
        (&Value::Null, &json!("1310_60"))
    );
}

#[test]
fn a_class_can_appear_and_become_enabled_after_its_opening() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    let id = sandbox.trial(json!({
        "opens_at_ms": real_ms() - 1000, "appears_after_ms": 600_000, "enabled_after_ms": 900_000,
    }));
    let book = || book(&sandbox, &cookies, &id)["bookState"].clone();
    assert_eq!(rows(&sandbox, &cookies, &id), [] as [Value; 0]);
    assert_eq!(book(), -3);
    sandbox.config(&json!({ "skew_ms": 700_000 }));
    assert_eq!(rows(&sandbox, &cookies, &id)[0]["enabled"], 0);
    assert_eq!(book(), -3);
    sandbox.config(&json!({ "skew_ms": 1_000_000 }));
    assert_eq!(rows(&sandbox, &cookies, &id)[0]["enabled"], 1);
    assert_eq!(book(), 1);
}

#[test]
fn the_limit_of_a_row_is_a_number_unless_a_quirk_changes_it() {
    let sandbox = Sandbox::start();
    let limit = |quirks: Value| {
        let id = sandbox.trial(json!({ "occupied": 8, "waitlist": 3, "quirks": quirks }));
        rows(&sandbox, "", &id)[0]["limit"].clone()
    };
    assert_eq!(limit(json!([])), 12);
    assert_eq!(limit(json!(["limit_slash"])), "8/12");
    assert_eq!(limit(json!(["limit_text"])), "12");
    assert_eq!(limit(json!(["waiting_text"])), "12 (3)");
}

#[test]
fn an_upcoming_booking_has_its_coach_places_and_reservation() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    let id = sandbox.trial(json!({ "occupied": 12, "waitlist": 2 }));
    let idres: u64 = sandbox.reserve(ANA, &id, 0).parse().unwrap();
    let next = || {
        let answer = get(&sandbox, BOX, "/api/nextBookings?box=10122", &cookies);
        answer.json()["nextClasses"][0].clone()
    };
    let row = next();
    let expected = json!({
        "id": row["id"], "day": row["day"], "time": "13:10 - 14:10", "className": "Prueba", "bookState": 0,
        "boxName": "CrossFit Demo", "boxDir": "C/ Mayor 1", "coachName": "Marta", "ocupation": 12, "limit": 12,
        "limitc": 12, "waitlist": 3, "idres": idres,
    });
    assert_eq!(row, expected);
    assert_ne!(row["id"], idres);
    sandbox.config(&json!({ "quirks": ["missing"] }));
    assert_eq!(
        (&next()["coachName"], &next()["idres"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn listings_and_booking_answers_name_the_classes_of_the_box() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    let one = sandbox.trial(json!({ "name": "WOD" }));
    let two = sandbox.trial(json!({ "name": "Yoga", "start": "15:10" }));
    let target = format!("/api/bookings?day={}&box=10122", compact(&day(3)));
    let day_of = get(&sandbox, BOX, &target, "").json();
    assert_eq!(
        day_of["clasesDisp"],
        "Equipos,Gimnàstics Avançat,Halterofilia,Open Box,WOD,Yoga"
    );
    let class_type = |class: &str| rows(&sandbox, "", class)[0]["classId"].clone();
    assert!(class_type(&one).is_u64());
    assert_ne!(class_type(&one), class_type(&two));
    sandbox.patch_class(&two, &json!({ "name": "WOD" }));
    assert_eq!(class_type(&one), class_type(&two));
    for _ in ["booked", "refused"] {
        let answer = book(&sandbox, &cookies, &one);
        let names = "Equipos, Gimnàstics Avançat, Halterofilia, Open Box, WOD";
        assert_eq!(answer["clasesContratadas"], names, "{answer}");
    }
}

#[test]
fn a_client_of_the_form_login_works_on_the_host_of_its_box() {
    let sandbox = Sandbox::start();
    let login = "login=Iniciar+sesi%C3%B3n&loginfingerprint=123456&loginiframe=0&mail=ana%40example.org&pw=correct-horse";
    let answer = post(&sandbox, BOX, "/login", "", login);
    let mut cookies = answer.all_cookies();
    let frame = answer.body.split("src=\"").nth(1).unwrap();
    let frame = frame.split('"').next().unwrap();
    let token = frame.split("token=").nth(1).unwrap();
    let token = token.split('&').next().unwrap().to_owned();
    let page = get(&sandbox, BOX, frame, &cookies);
    assert!(
        page.body
            .contains(&format!("\"refreshToken\", \"{token}\""))
    );
    // this client replaces all its cookies by those of the token update
    let update = format!("token={token}&fingerprint=123456&ciclo=1");
    let answer = post(&sandbox, MAIN, "/api/tokenUpdate", &cookies, &update);
    assert!(answer.json()["newToken"].is_string());
    cookies = answer.all_cookies();
    let whoami = get(&sandbox, BOX, "/api/whoami", &cookies).json();
    assert_eq!(whoami["data"][0]["mail"], ANA);

    let id = sandbox.trial(json!({}));
    let booked = book(&sandbox, &cookies, &id);
    assert_eq!(booked["bookState"], 1);
    assert_eq!(
        rows(&sandbox, &cookies, &id)[0]["idres"].to_string(),
        booked["id"].as_str().unwrap()
    );
    let form = format!("id={}", booked["id"].as_str().unwrap());
    let cancelled = post(&sandbox, BOX, "/api/cancelBook", &cookies, &form).json();
    assert_eq!(cancelled, json!({ "cancelState": 1 }));
    assert_eq!(rows(&sandbox, &cookies, &id)[0]["idres"], Value::Null);
}

#[test]
fn a_token_update_renews_the_login_cookie_unless_a_switch_forbids_it() {
    let sandbox = Sandbox::start();
    let (cookies, token) = log_in(&sandbox);
    let update = |cookies: &str, token: &str| {
        let form = format!("token={token}&fingerprint=fp1&ciclo=1");
        let answer = post(&sandbox, MAIN, "/api/tokenUpdate", cookies, &form);
        let token = answer.json()["newToken"].as_str().unwrap().to_owned();
        (answer.cookie("amhrdrauth"), token)
    };
    let (renewed, token) = update(&cookies, &token);
    assert_eq!(format!("amhrdrauth={}", renewed.unwrap()), cookies);
    sandbox.config(&json!({ "update_cookie": false }));
    let (none, token) = update(&cookies, &token);
    assert_eq!(none, None);
    sandbox.config(&json!({ "rotate_cookie": true }));
    let (changed, _) = update(&cookies, &token);
    assert_ne!(format!("amhrdrauth={}", changed.unwrap()), cookies);
}

#[test]
fn setrefresh_answers_with_a_script_whose_form_is_a_switch_and_fails_with_a_page() {
    let sandbox = Sandbox::start();
    let (cookies, token) = log_in(&sandbox);
    let target = format!("/setrefresh?token={token}&fingerprint=fp1");
    let script = |style: &str| {
        sandbox.config(&json!({ "setrefresh_script": style }));
        get(&sandbox, MAIN, &target, &cookies).body
    };
    let double = format!("setItem(\"refreshToken\", \"{token}\");\n");
    assert!(script("double").contains(&double));
    assert!(script("single").contains(&format!("setItem('refreshToken','{token}');")));
    assert!(script("mixed").contains(&format!("setItem( 'refreshToken' , \"{token}\" );")));
    let varied: BTreeSet<_> = (0..3).map(|_| script("varied")).collect();
    assert_eq!(varied.len(), 3);
    let page = get(&sandbox, MAIN, &target, "");
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with("<!DOCTYPE html>") && !page.body.contains("setItem"));
}

#[test]
fn an_unknown_token_is_refused_and_a_replaced_one_ends_the_session() {
    let mut sandbox = Sandbox::start();
    sandbox.allow_replays();
    let (cookies, token) = log_in(&sandbox);
    let update = |token: &str| {
        let form = format!("token={token}&fingerprint=fp1&ciclo=1");
        post(&sandbox, MAIN, "/api/tokenUpdate", &cookies, &form).json()
    };
    let unknown = "69232|4102444800|00000000000000000000000000000000";
    assert_eq!(update(unknown), json!({ "error": "unknown token" }));
    let target = format!("/setrefresh?token={unknown}&fingerprint=fp1");
    assert!(
        !get(&sandbox, MAIN, &target, &cookies)
            .body
            .contains("setItem")
    );
    assert!(update(&token)["newToken"].is_string());
    assert_eq!(update(&token), json!({ "logout": 1 }));
    assert_eq!(
        get(&sandbox, MAIN, "/api/whoami", &cookies).json(),
        json!({ "data": [] })
    );
}

#[test]
fn the_schedule_page_is_public_and_the_settings_need_a_login() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    assert!(
        get(&sandbox, BOX, "/schedule?cl", "")
            .body
            .contains("box: 10122")
    );
    for host in [MAIN, BOX] {
        assert!(
            get(&sandbox, host, "/settings", &cookies)
                .body
                .contains(ANA)
        );
        assert!(
            get(&sandbox, host, "/settings", "")
                .body
                .contains("name=\"pw\"")
        );
    }
}

#[test]
fn only_boxes_can_require_setrefresh() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    sandbox.config(&json!({ "require_setrefresh": true }));
    let whoami = get(&sandbox, MAIN, "/api/whoami", &cookies).json();
    assert_eq!(whoami["data"][0]["mail"], ANA);
    let home = get(&sandbox, MAIN, "/home", &cookies).body;
    assert!(
        home.contains("https://crossfitdemo.aimharder.com"),
        "{home}"
    );
    let next = get(&sandbox, BOX, "/api/nextBookings?box=10122", &cookies);
    assert_eq!(next.json(), json!({ "logout": 1 }));
}

#[test]
fn load_balancer_cookies_are_missing_from_few_answers_and_from_no_login() {
    let sandbox = Sandbox::start();
    for _ in 0..40 {
        let login = json!({ "username": ANA, "password": ANA_PASSWORD, "fingerprint": "fp1" });
        let answer = post(&sandbox, LOGIN, "/api/login", "", &login.to_string());
        assert!(answer.cookie("AWSALB").is_some() && answer.cookie("AWSALBCORS").is_some());
    }
    let missing = (0..64).filter(|_| {
        get(&sandbox, MAIN, "/api/whoami", "")
            .cookie("AWSALB")
            .is_none()
    });
    assert_eq!(missing.count(), 2);
}

#[test]
fn a_login_lapses_after_an_hour_and_a_half_without_an_update() {
    let sandbox = Sandbox::start();
    let (cookies, token) = log_in(&sandbox);
    let whoami = || get(&sandbox, MAIN, "/api/whoami", &cookies).json()["data"][0]["mail"].clone();
    sandbox.config(&json!({ "skew_ms": 5_390_000 }));
    assert_eq!(whoami(), ANA);
    sandbox.config(&json!({ "skew_ms": 5_410_000 }));
    assert_eq!(whoami(), Value::Null);
    let form = format!("token={token}&fingerprint=fp1&ciclo=1");
    let update = post(&sandbox, MAIN, "/api/tokenUpdate", &cookies, &form);
    assert!(update.json()["newToken"].is_string());
    assert_eq!(whoami(), ANA);
}

#[test]
fn an_account_is_locked_after_eight_wrong_passwords() {
    let sandbox = Sandbox::start();
    let log_in = |password: &str| {
        let login = json!({ "username": ANA, "password": password, "fingerprint": "fp1" });
        let answer = post(&sandbox, LOGIN, "/api/login", "", &login.to_string());
        answer.json()["error"]["message"].to_string()
    };
    for _ in 0..7 {
        assert_eq!(log_in("wrong"), "\"LOGIN_ERROR_LOGIN\"");
    }
    assert!(log_in("wrong").contains("demasiadas veces"));
    assert!(log_in(ANA_PASSWORD).contains("demasiadas veces"));
}

#[test]
fn cancelling_in_the_last_two_hours_costs_the_credit_in_the_default_world() {
    let sandbox = Sandbox::start();
    let (cookies, _) = log_in(&sandbox);
    sandbox.config(&json!({ "login_ttl_s": 0 }));
    let target = format!("/api/bookings?day={}&box=10122", compact(&day(3)));
    let class = get(&sandbox, BOX, &target, "").json()["bookings"][0].clone();
    let idres = sandbox.reserve(ANA, &class["id"].to_string(), 1);
    let start = class["time"].as_str().unwrap();
    let start = madrid(&day(3), &start[..5]).timestamp_millis();
    let cancel = |before_ms: i64, late: &str| {
        sandbox.config(&json!({ "skew_ms": start - before_ms - real_ms() }));
        let form = format!("id={idres}{late}");
        post(&sandbox, BOX, "/api/cancelBook", &cookies, &form).json()["cancelState"].clone()
    };
    assert_eq!(cancel(7_100_000, ""), 2);
    assert_eq!(cancel(7_100_000, "&late=0"), 2);
    assert_eq!(cancel(7_300_000, "&late=0"), 1);
}

#[test]
fn an_older_state_file_keeps_its_timetable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let world = json!({ "filled": ["on"], "boxes": [{ "name": "crossfitdemo", "id": 10122 }] });
    std::fs::write(&path, world.to_string()).unwrap();
    let sandbox = Sandbox::with(&["--state", path.to_str().unwrap()]);
    let target = format!("/api/bookings?day={}&box=10122", compact(&day(3)));
    let classes = get(&sandbox, BOX, &target, "").json()["bookings"].clone();
    assert_ne!(classes[0], Value::Null, "{classes}");
}

#[test]
fn switches_of_browsers_lists_and_late_cancelling() {
    let (sandbox, home) = crate::support::logged_in();
    sandbox.config(&json!({ "require_user_agent": true }));
    home.run("classes --day +3").succeeds();
    home.config_with("", "user_agent = \"curl/8\"");
    home.run("classes --day +3").fails(5, &["403"]);
    sandbox.config(&json!({ "require_user_agent": false, "waitlist_enabled": false }));
    let full =
        json!({ "day": day(3), "start": "13:10", "name": "Llena", "occupied": 12, "waitlist": 2 });
    sandbox.class(&full);
    let book = "book --day +3 --time 13:10 --class llena --waitlist";
    let printed = home.run(book).ends_json(4);
    assert_eq!(printed["class"]["waiting"], Value::Null, "{printed}");
    let late = json!({ "day": day(3), "start": "14:10", "name": "Tarde", "late_after_ms": 1 });
    let late = sandbox.class(&late);
    sandbox.reserve(ANA, &late, 1);
    let printed = home.run("cancel --day +3 --time 14:10 --class tarde");
    let printed = printed.ends_json(4);
    assert_eq!(printed["outcome"], "late_cancellation", "{printed}");
}
