//! Nothing personal survives, wherever it is, and what shows a change of the platform does.

use proptest::prelude::*;
use reqwest::header::{HeaderName, HeaderValue};

use super::*;
use crate::platform::test_server::DOMAIN;

/// E-mail addresses, names, tokens, fingerprints, cookies, and numbers of people.
fn personal() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{4,9}\\.[a-z]{3,8}@example\\.org",
        "(Marta|Núria|Begoña|Xoán|O'Brien|Jurgita)( [A-Z][a-z]{4,8}ez)?",
        "marta|garcia|MARTA",
        "[1-9][0-9]{4,6}\\|17[0-9]{8}\\|[0-9a-f]{32}",
        "[a-z0-9]{50}",
        "bg-[0-9a-f]{40}",
        "[0-9a-f]{26}",
        "[6-9][0-9]{8}",
        "[1-9][0-9]{4,6}",
    ]
}

fn field() -> impl Strategy<Value = String> {
    let known: Vec<&str> = HARMLESS
        .split(' ')
        .chain(fields::CLASS.split(' '))
        .collect();
    prop_oneof![
        proptest::sample::select(known).prop_map(str::to_owned),
        "[a-z]{2,8}",
        "[a-z]{2,6}_[a-z]{2,6}",
        "[a-z]{2,6}[A-Z][a-z]{2,6}",
    ]
}

fn is_hidden(shown: &str, secret: &str) -> Result<(), TestCaseError> {
    let parts = secret.split(['|', '@', ' ']).filter(|part| part.len() >= 5);
    for part in parts.chain([secret]) {
        prop_assert!(!shown.contains(part), "{part:?} in {shown}");
    }
    Ok(())
}

fn with_header(name: &str, value: &str) -> String {
    let mut map = HeaderMap::new();
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    map.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    let from = Url::parse("https://demo.aimharder.test/home").unwrap();
    headers(&map, &from, DOMAIN).to_string()
}

proptest! {
    #[test]
    fn nothing_personal_survives_in_json(secret in personal(), name in field(), other in field()) {
        for value in [
            json!({ &name: secret }),
            json!({ &name: [secret] }),
            json!({ &other: { &name: { &other: [1, { &name: secret }] } } }),
            json!({ &name: format!("con {secret}") }),
            json!({ &name: format!("{secret}<br>") }),
            json!({ &secret: 1, &name: secret }),
            json!({ &secret: { &name: 1 } }),
            json!([secret]),
            json!({ &name: secret.parse::<u64>().map_or(Value::Null, Value::from) }),
        ] {
            is_hidden(&json(&value).to_string(), &secret)?;
            is_hidden(&body(value.to_string().as_bytes(), DOMAIN).to_string(), &secret)?;
            is_hidden(&request_json(&value.to_string()).to_string().replace(&format!("\"{secret}\":"), ""), &secret)?;
            let damaged = value.to_string().replace('}', "");
            is_hidden(&body(damaged.as_bytes(), DOMAIN).to_string(), &secret)?;
        }
    }

    #[test]
    fn nothing_personal_survives_in_pages(secret in personal(), name in field()) {
        for html in [
            format!("<p>{secret}</p>"),
            format!("<title>{secret}</title><textarea>{secret}</textarea>"),
            format!("<span id=\"loginErrors\">{secret}</span>"),
            format!("<input name=\"{secret}\" type=\"{secret}\" value=\"{secret}\" id={name}>"),
            format!("<a href=\"https://{secret}/x\" title='{secret}'>{secret}"),
            format!("<a href=\"https://demo.aimharder.test/{secret}?{secret}={secret}#{secret}\">"),
            format!("<a href=\"mailto:{secret}\"><a href=\"{secret}\">"),
            format!("<iframe src=\"/setrefresh?token={secret}&fingerprint={secret}&user={secret}\">"),
            format!("<script>localStorage.setItem(\"refreshToken\", \"{secret}\"); var box = '{secret}'</script>"),
            format!("<!-- {secret} --><!DOCTYPE {secret}><{secret}></{secret}>"),
            format!("{secret}<p>"),
            secret.clone(),
        ] {
            is_hidden(&body(html.as_bytes(), DOMAIN).to_string(), &secret)?;
        }
    }

    #[test]
    fn nothing_personal_survives_in_headers(secret in personal()) {
        let names = ["age", "content-type", "date", "location", "retry-after", "set-cookie", "x-user"];
        for name in names {
            for value in [
                secret.clone(),
                format!("{secret}, 21 Nov 2026 03:27:00 GMT"),
                format!("text/html; charset={secret}"),
                format!("https://demo.aimharder.test/{secret}?token={secret}"),
                format!("https://{secret}/home"),
                format!("amhrdrauth={secret}; {secret}={secret}"),
                format!("{secret}={secret}; Path=/{secret}; Domain={secret}.aimharder.test; Expires={secret}"),
                format!("PHPSESSID={secret}; Max-Age={secret}x; SameSite={secret}; {secret}"),
            ] {
                is_hidden(&with_header(name, &value), &secret)?;
            }
        }
    }

    #[test]
    fn nothing_personal_survives_in_requests(secret in personal(), name in field()) {
        let mut address = Url::parse("https://demo.aimharder.test/api/book").unwrap();
        address.path_segments_mut().unwrap().push(&secret);
        address.query_pairs_mut().append_pair(&name, &secret).append_pair(&secret, &name);
        address.set_fragment(Some(&secret));
        let _ = address.set_username(&secret);
        is_hidden(&url(&address, DOMAIN), &secret)?;
        for name in ["token", "fingerprint", "mail", "pw", "id", "familyId", &name] {
            is_hidden(&form(&[(name, &secret)]).to_string(), &secret)?;
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "(\\PC|[<>{}\":,=]){0,80}") {
        let _ = body(&bytes, DOMAIN);
        let _ = body(format!("<{text}").as_bytes(), DOMAIN);
        let _ = body(format!("{{{text}").as_bytes(), DOMAIN);
        let _ = set_cookie(&text, DOMAIN);
    }
}

#[test]
fn what_shows_a_change_of_the_platform_survives() {
    let schedule = json!({"day": "23 de Noviembre de 2026", "newField": 1, "Marta": 2, "bookings": [{
        "id": 1_223_249, "time": "18:30 - 19:30", "timeid": "1830_60", "className": "WOD", "coachName": "Marta",
        "enabled": 1, "bookState": null, "idres": "55501", "limit": "12 (3)", "waitlist": -1, "color": "43, 177, 67"}]});
    assert_eq!(
        json(&schedule),
        json!({"day": "<day 2026-11-23>", "newField": 1, "<field 2>": 2, "bookings": [{
            "id": "<number 7>", "time": "18:30 - 19:30", "timeid": "1830_60", "className": "<text 3>",
            "coachName": "<text 5>", "enabled": 1, "bookState": null, "idres": "<digits 5>", "limit": "12 (3)",
            "waitlist": -1, "color": "<text 11>"}]})
    );
    for (time, shown) in [
        ("18:30 - 19:30@example.org", "<email 25>"),
        ("18:30 - 19:30\u{fffd}@\u{fffd}", "<email 16>"),
        ("18:30 +34 600123456", "<text 19>"),
    ] {
        assert_eq!(json(&json!({ "time": time })), json!({ "time": shown }));
    }
    assert_eq!(
        json(
            &json!({"bookState": -12, "errorMssgLang": "ERROR_ANTELACION_CLIENTE", "errorMssg": "No <b>puedes"})
        ),
        json!({"bookState": -12, "errorMssgLang": "ERROR_ANTELACION_CLIENTE", "errorMssg": "<html 12>"})
    );
    let refused = json!({"error": {"code": 401, "message": "LOGIN_ERROR_LOGIN"}});
    assert_eq!(json(&refused), refused);
    assert_eq!(json(&json!({"logout": "1"})), json!({"logout": "1"}));

    let login = "<form method=post><span id='loginErrors'> </span><input name=mail><input type=password name=\"pw\"></form>";
    let expected = "<form method=\"post\"><span id=\"loginErrors\"><input name=\"mail\"><input name=\"pw\" type=\"password\">";
    assert_eq!(body(login.as_bytes(), DOMAIN), json!(expected));
    let page = "<iframe src='/setrefresh?token=1'></iframe><script>var box: 10122</script><a href=https://demo.aimharder.test/>x";
    let expected = "<iframe src=\"https://<host>/setrefresh?token=<text>\"><code box>\
                    <a href=\"https://<box>.aimharder.test/\"><text>";
    assert_eq!(body(page.as_bytes(), DOMAIN), json!(expected));

    let address = "https://demo.aimharder.test/api/bookings?day=20261123&box=10122&familyId=70002&_=1790000000000";
    assert_eq!(
        url(&Url::parse(address).unwrap(), DOMAIN),
        "https://<box>.aimharder.test/api/bookings?day=20261123&box=10122&familyId=<text>&_=<text>"
    );
    for (name, value, shown) in [
        (
            "content-type",
            "text/html; charset=UTF-8",
            "text/html; charset=UTF-8",
        ),
        (
            "date",
            "Sat, 21 Nov 2026 03:27:00 GMT",
            "21 Nov 2026 03:27:00 GMT",
        ),
        ("content-type", "text/nginx", "<text 10>"),
        ("retry-after", "120", "120"),
        ("set-cookie", "x=y; z=a", "<cookie>=<text>; <attribute>"),
        (
            "set-cookie",
            "AWSALB=abc; Expires=Wed, 01 Jan 2027 00:00:00 GMT; Path=/; Domain=.aimharder.test; Secure; HttpOnly",
            "AWSALB=<text>; expires=01 Jan 2027 00:00:00 GMT; path=/; domain=aimharder.test; secure; httponly",
        ),
        ("location", "/login", "https://<box>.aimharder.test/login"),
    ] {
        assert_eq!(with_header(name, value), json!([[name, shown]]).to_string());
    }
}
