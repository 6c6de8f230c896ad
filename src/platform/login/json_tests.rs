//! Recorded and invented responses to a JSON login are accepted, refused, or neither.

use super::super::WRONG;
use super::*;

const DOMAIN: &str = "aimharder.com";
const TOKEN: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

fn read_body(status: u16, body: &str) -> Result<(Option<Secret>, Vec<KnownBox>), LoginError> {
    read(&Response::new("h", status, body.as_bytes()), DOMAIN)
}

fn refusal(message: &str) -> LoginError {
    LoginError::Refused {
        message: message.to_owned(),
        locked: false,
    }
}

#[test]
fn reads_the_success_that_was_recorded() {
    let body = format!(
        r#"{{"data": {{"userData": {{"id": 69232, "name": "Ana", "mail": "ana@example.org",
           "roles": [{{"role": "client", "boid": 10122, "gym": "CrossFit Demo", "centre_url": "crossfitdemo.aimharder.com"}}]}},
          "auth": {{"authOK": true, "refreshToken": "{TOKEN}"}}}}, "info": null}}"#
    );
    let (token, boxes) = read_body(200, &body).unwrap();
    assert_eq!(token.unwrap().expose(), TOKEN);
    assert_eq!(
        (boxes[0].name.as_str(), boxes[0].id),
        ("crossfitdemo", Some(10122))
    );
    for dress in ["1", "\"1\"", "\"true\""] {
        let body = body.replace("\"authOK\": true", &format!("\"authOK\": {dress}"));
        assert!(read_body(200, &body).is_ok(), "{dress}");
    }
    let bare = read_body(200, r#"{"data":{"auth":{"authOK":true}},"error":null}"#).unwrap();
    assert_eq!(bare, (None, vec![]));
}

#[test]
fn refusals_in_their_three_shapes() {
    let wrong = || refusal(WRONG);
    let table = [
        (
            401,
            r#"{"error":{"code":401,"message":"LOGIN_ERROR_LOGIN"}}"#,
            wrong(),
        ),
        (
            200,
            r#"{"error":{"code":401,"message":"LOGIN_ERROR_LOGIN"}}"#,
            wrong(),
        ),
        (
            400,
            r#"{"error":{"code":"401","message":"LOGIN_ERROR_LOGIN"}}"#,
            wrong(),
        ),
        (
            200,
            r#"{"error":"LOGIN_ERROR_LOGIN","data":{"auth":{"authOK":true}}}"#,
            wrong(),
        ),
        (200, r#"{"error":true}"#, wrong()),
        (
            200,
            r#"{"data":{"auth":{"authOK":false}},"info":"Correo <b>incorrecto</b>"}"#,
            refusal("Correo incorrecto"),
        ),
        (
            200,
            r#"{"data":null,"info":"Correo incorrecto"}"#,
            refusal("Correo incorrecto"),
        ),
        (
            200,
            r#"{"data":[],"info":{"message":"LOGIN_ERROR_LOGIN"}}"#,
            wrong(),
        ),
        (
            200,
            r#"{"error":{"code":401,"message":"LOGIN_ERROR_OTHER"}}"#,
            refusal("the platform answered LOGIN_ERROR_OTHER"),
        ),
    ];
    for (status, body, error) in table {
        assert_eq!(read_body(status, body), Err(error), "{status} {body}");
    }
}

#[test]
fn a_locked_account_is_distinguished() {
    let locked = [
        r#"{"error":{"code":401,"message":"Te has equivocado demasiadas veces"}}"#,
        r#"{"data":{"auth":{"authOK":false}},"info":"Too many attempts"}"#,
        r#"{"error":"LOGIN_ERROR_LOCKED"}"#,
    ];
    for body in locked {
        assert!(
            matches!(
                read_body(200, body),
                Err(LoginError::Refused { locked: true, .. })
            ),
            "{body}"
        );
    }
}

#[test]
fn no_judgement_is_no_refusal() {
    let strange = |text: &str| LoginError::Failed(Error::Strange(text.to_owned()));
    let silent = || strange("h did not say whether the login is accepted");
    let busy = |status| {
        LoginError::Failed(Error::Busy {
            status,
            retry_after: None,
        })
    };
    let not_there =
        |status| LoginError::NotThere(format!("h has no json login (answered {status})"));
    let table = [
        (
            200,
            r#"{"error":{"code":400,"message":"LOGIN_ERROR_MALFORMED_BODY"}}"#,
            strange("h could not read the login request"),
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"LOGIN_ERROR_MALFORMED_BODY"}}"#,
            strange("h could not read the login request"),
        ),
        (200, "{}", silent()),
        (401, "{}", silent()),
        (401, r#"{"data":{"auth":{"authOK":true}}}"#, silent()),
        (
            200,
            r#"{"data":{"auth":{"authOK":false}},"info":null}"#,
            silent(),
        ),
        (200, r#"{"data":{"auth":{}},"info":null}"#, silent()),
        (401, r#"{"error":{"code":503,"message":"x"}}"#, busy(503)),
        (200, r#"{"data":null,"info":null}"#, silent()),
        (200, r#"{"error":"false"}"#, silent()),
        (400, r#"{"info":"x"}"#, silent()),
        (302, r#"{"data":{"auth":{"authOK":true}}}"#, silent()),
        (200, r#"{"error":{"code":503,"message":"x"}}"#, busy(503)),
        (200, r#"{"error":{"code":429}}"#, busy(429)),
        (200, r#"{"error":{"code":403}}"#, Error::Blocked.into()),
        (
            403,
            r#"{"error":{"code":401,"message":"LOGIN_ERROR_LOGIN"}}"#,
            Error::Blocked.into(),
        ),
        (429, "", busy(429)),
        (500, r#"{"error":"LOGIN_ERROR_LOGIN"}"#, busy(500)),
        (200, r#"{"logout":1}"#, Error::LoggedOut.into()),
        (404, r#"{"error":"not found"}"#, not_there(404)),
        (405, "", not_there(405)),
        (410, "<html>", not_there(410)),
        (200, "<html>marketing</html>", not_there(200)),
        (200, "", not_there(200)),
        (200, "[]", not_there(200)),
        (
            401,
            "<html>",
            LoginError::NotThere("h answered the json login with 401".to_owned()),
        ),
    ];
    for (status, body, error) in table {
        assert_eq!(read_body(status, body), Err(error), "{status} {body}");
    }
}
