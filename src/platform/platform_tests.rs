//! What is sent, and what a call leaves behind, against a real socket.

use super::call::Response;
use super::test_server::*;
use super::*;
use crate::config::LoginFlow;
use crate::secret::Secret;

#[test]
fn a_request_looks_like_the_pages_own() {
    let (platform, seen) = server(vec![response(
        200,
        "Set-Cookie: AWSALB=new; Path=/\r\n",
        r#"{"bookState":1,"id":5}"#,
    )]);
    let mut jar = jar();
    let read = book(&platform, &mut jar, BOX).unwrap();
    assert_eq!(read.verdict, Verdict::Booked);
    let request = seen.lock().unwrap()[0].clone();
    assert!(
        request.starts_with("POST /api/book HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\nid=1223249&day=20261123&insist=1&familyId="),
        "{request}"
    );
    let expected = [
        "host: demo.aimharder.test",
        "x-requested-with: xmlhttprequest",
        "origin: http://demo.aimharder.test",
        "referer: http://demo.aimharder.test/",
        "user-agent: mozilla/5.0 test",
        "cookie: amhrdrauth=secret",
        "content-type: application/x-www-form-urlencoded",
        "accept-language: es-es,es;q=0.9,en;q=0.8",
    ];
    for line in expected {
        assert!(
            lines(&request).contains(&line.to_owned()),
            "{line} in {request}"
        );
    }
    assert!(format!("{jar:?}").contains("AWSALB"));
}

#[test]
fn a_login_follows_as_get_and_keeps_the_cookie_of_the_hop() {
    let page = format!("<iframe src=\"/setrefresh?token={TOKEN}\"></iframe>");
    let (platform, seen) = server(vec![
        response(
            303,
            "Location: http://aimharder.test/home\r\nSet-Cookie: amhrdrauth=a; HttpOnly\r\n",
            "",
        ),
        response(200, "", &page),
    ]);
    let (jar, token, _) = platform
        .log_in(
            LoginFlow::Form,
            "ana@example.org",
            &Secret::new("p&w ñ"),
            "fp",
        )
        .unwrap();
    assert!(jar.has_login());
    assert!(token.expose().starts_with("69232|"));
    let seen = seen.lock().unwrap();
    let body = "login=Iniciar+sesi%C3%B3n&loginfingerprint=fp&loginiframe=0&mail=ana%40example.org&pw=p%26w+%C3%B1";
    assert!(
        seen[0].starts_with("POST / HTTP") && seen[0].ends_with(body),
        "{}",
        seen[0]
    );
    assert!(
        seen[1].starts_with("GET /home HTTP") && seen[1].ends_with("\r\n\r\n"),
        "{}",
        seen[1]
    );
}

#[test]
fn the_json_login_needs_all_its_signs() {
    let body = format!(
        r#"{{"data":{{"userData":{{"id":7}},"auth":{{"authOK":true,"refreshToken":"{TOKEN}"}}}}}}"#
    );
    let bare = r#"{"data":{"auth":{"authOK":true}}}"#;
    let cookie = "Set-Cookie: amhrdrauth=a; HttpOnly\r\n";
    let (platform, seen) = server(vec![
        response(200, cookie, &body),
        response(200, "", &body),
        response(200, cookie, bare),
    ]);
    let log_in = || {
        platform.log_in(
            LoginFlow::Json,
            "ana@example.org",
            &Secret::new("p\"w"),
            "fp",
        )
    };
    let (_, token, _) = log_in().unwrap();
    assert_eq!(token.expose(), TOKEN);
    assert_eq!(log_in().unwrap_err(), LoginError::Without("login cookie"));
    assert_eq!(log_in().unwrap_err(), LoginError::Without("refresh token"));
    let request = &seen.lock().unwrap()[0];
    let sent: serde_json::Value =
        serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({"username": "ana@example.org", "password": "p\"w", "fingerprint": "fp", "iniframe": 0})
    );
    assert!(
        request.starts_with("POST /api/login HTTP")
            && lines(request).contains(&"content-type: application/json".to_owned())
    );
}

#[test]
fn a_failed_call_leaves_the_cookies_alone() {
    let bad = [
        (200, r#"{"logout":1}"#),
        (200, "{}"),
        (200, "<html>"),
        (401, ""),
        (503, ""),
    ];
    for (status, body) in bad {
        let (platform, _) = server(vec![response(
            status,
            "Set-Cookie: amhrdrauth=; Max-Age=0; Path=/\r\n",
            body,
        )]);
        let mut jar = jar();
        let before = jar.to_json();
        assert!(platform.token_update(&mut jar, &token(), "fp").is_err());
        assert_eq!(jar.to_json(), before, "{status} {body}");
    }
}

#[test]
fn a_probe_reads_the_servers_clock_whatever_the_answer_is() {
    let headers = "Date: Sat, 21 Nov 2026 03:27:00 GMT\r\nAge: 3\r\nSet-Cookie: amhrdrauth=; Max-Age=0; Path=/\r\n";
    let (platform, seen) = server(vec![
        response(404, headers, "gone"),
        response(200, "Set-Cookie: AWSALB=n\r\n", r#"{"a":1}"#),
    ]);
    let mut jar = jar();
    let probe = platform.probe(&mut jar, BOX).unwrap();
    assert_eq!((probe.date, probe.age), (Some(1_795_231_620), Some(3)));
    assert!(probe.sent <= probe.received && jar.has_login());
    assert_eq!(platform.probe(&mut jar, DOMAIN).unwrap().date, None);
    assert!(format!("{jar:?}").contains("AWSALB"));
    assert!(seen.lock().unwrap()[1].starts_with("GET /api/whoami HTTP"));
}

#[test]
fn no_request_goes_outside_the_domain() {
    let (platform, seen) = server(vec![]);
    for host in [
        "evil.test",
        "evilaimharder.test",
        "a.b/@x.aimharder.test",
        "aimharder.test.evil.test",
        "",
        "x:1.aimharder.test",
    ] {
        let refused = book(&platform, &mut jar(), host);
        assert!(matches!(refused, Err(Error::Setup(_))), "{host}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

/// Whatever it answers with: a refusal showed the password that had just been sent, and the cookies.
#[test]
fn a_server_that_echoes_secrets_is_not_quoted() {
    let mut jar = jar();
    let said = r#"{"errorMssg":"no class for brand-new-cookie and {TOKEN}"}"#;
    let cookie = "Set-Cookie: amhrdrauth=brand-new-cookie; HttpOnly\r\n";
    let form = "<form><span id=loginErrors>incorrecto s3cr3t&amp;pw</span></form>";
    let (platform, _) = server(vec![
        response(200, cookie, r#"{"bookState":0}"#),
        response(200, "", &said.replace("{TOKEN}", TOKEN)),
        response(401, "", r#"{"info":"incorrecto s3cr3t&pw"}"#),
        response(200, "", form),
    ]);
    let mut message = || book(&platform, &mut jar, BOX).unwrap().message;
    assert_eq!(message(), None);
    assert_eq!(message().as_deref(), Some("no class for … and …"));
    for flow in [LoginFlow::Json, LoginFlow::Form] {
        let refused = platform.log_in(flow, "ana@example.org", &Secret::new("s3cr3t&pw"), "fp");
        let message = refused.unwrap_err().to_string();
        assert_eq!(message, "login refused: incorrecto …", "{flow:?}");
    }
}

/// Every reader reports a logout, although the rest of the response is a success (promise 6).
#[test]
fn a_logout_beside_a_success_is_a_logout() {
    type Read = fn(&Response) -> std::result::Result<(), LoginError>;
    fn as_login<T>(read: Result<T>) -> std::result::Result<(), LoginError> {
        read.map(drop).map_err(LoginError::from)
    }
    let set_refresh = format!(r#"{{"page":"setItem('refreshToken', '{TOKEN}')"}}"#);
    let new_token = format!(r#"{{"newToken":"{TOKEN}"}}"#);
    let form = format!(r#"{{"page":"<iframe src='/setrefresh?token={TOKEN}'>"}}"#);
    let json = format!(r#"{{"data":{{"auth":{{"authOK":true,"refreshToken":"{TOKEN}"}}}}}}"#);
    let table: [(&str, Read); 13] = [
        (r#"{"bookState":1,"id":"55501"}"#, |a| {
            as_login(recorded::book(a))
        }),
        (r#"{"cancelState":1}"#, |a| as_login(recorded::cancel(a))),
        (r#"{"bookings":[]}"#, |a| as_login(recorded::schedule(a))),
        (r#"{"nextClasses":[]}"#, |a| {
            as_login(recorded::next_bookings(a))
        }),
        (r#"{"data":[{"id":69232}]}"#, |a| {
            as_login(recorded::whoami(a, DOMAIN))
        }),
        (r#"{"elements":[]}"#, |a| as_login(recorded::activity(a))),
        (&new_token, |a| as_login(recorded::token_update(a))),
        (&set_refresh, |a| as_login(recorded::set_refresh(a))),
        (
            r#"{"page":"<a href='https://demo.aimharder.test/'>"}"#,
            |a| as_login(recorded::home(a, DOMAIN)),
        ),
        (r#"{"page":"<script>box: 10122</script>"}"#, |a| {
            as_login(recorded::box_id(a))
        }),
        (r#"{"page":"timeLineContent: 7, userID: 5"}"#, |a| {
            as_login(recorded::publisher(a))
        }),
        (&form, |a| recorded::login_form(a, true).map(drop)),
        (&json, |a| recorded::login_json(a, DOMAIN).map(drop)),
    ];
    for (body, read) in table {
        assert_eq!(read(&answered(body)), Ok(()), "{body}");
        for logout in ["1", "\"1\"", "true", "\"true\""] {
            let body = body.replacen('{', &format!("{{\"logout\":{logout},"), 1);
            assert_eq!(
                read(&answered(&body)),
                Err(Error::LoggedOut.into()),
                "{body}"
            );
        }
    }
}
