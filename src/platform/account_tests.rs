//! Who am I, and where do I train (protocol.md §4): whoami in its shapes, `/home` and its links.

use super::*;
use crate::platform::test_server::answered;

const DOMAIN: &str = "aimharder.com";

fn whoami(body: &str) -> Result<Vec<KnownBox>> {
    read_whoami(&answered(body), DOMAIN)
}

fn demo() -> KnownBox {
    KnownBox {
        name: "crossfitdemo".to_owned(),
        host: Some("crossfitdemo.aimharder.com".to_owned()),
        id: Some(10122),
        title: Some("CrossFit Demo".to_owned()),
        ..KnownBox::default()
    }
}

#[test]
fn whoami_lists_each_box_once() {
    let role = r#"{"role":"client","boid":10122,"gym":"CrossFit Demo","centre_url":"crossfitdemo.aimharder.com"}"#;
    let poor = r#"{"role":"coach","centre_url":"https://crossfitdemo.aimharder.com/"}"#;
    let text = r#"{"boid":"10122","gym":" CrossFit <i>Demo</i>","centre_url":"crossfitdemo.aimharder.es"}"#;
    let person = |roles: &str| {
        format!(r#"{{"data":[{{"id":69232,"name":"Ana","mail":"a@b.c","roles":[{roles}]}}]}}"#)
    };
    for roles in [
        role.to_owned(),
        format!("{poor},{role}"),
        format!("{role},{poor}"),
        text.to_owned(),
    ] {
        assert_eq!(whoami(&person(&roles)), Ok(vec![demo()]), "{roles}");
    }
    assert_eq!(
        whoami(&format!(r#"{{"data":{{"id":"1","roles":[{role}]}}}}"#)),
        Ok(vec![demo()])
    );
    assert_eq!(
        whoami(&format!(
            r#"{{"data":{{"userData":{{"id":1,"roles":[{role}]}}}}}}"#
        )),
        Ok(vec![demo()])
    );
    assert_eq!(
        whoami(&person(
            r#"{"boid":1,"gym":"No address"},7,{"centre_url":"www.aimharder.com"}"#
        )),
        Ok(vec![])
    );
    assert_eq!(whoami(r#"{"data":[{"id":69232}]}"#), Ok(vec![]));
}

#[test]
fn whoami_proves_a_login_or_its_end() {
    for dead in [
        r#"{"data":[]}"#,
        r#"{"logout":1}"#,
        r#"{"logout":"1","data":[{"id":1}]}"#,
    ] {
        for status in [200, 401] {
            let response = Response::new("h", status, dead.as_bytes());
            let read = read_whoami(&response, DOMAIN);
            assert_eq!(read, Err(Error::LoggedOut), "{status} {dead}");
        }
    }
    for odd in [
        "{}",
        r#"{"data":null}"#,
        r#"{"data":[{}]}"#,
        r#"{"data":[null]}"#,
        r#"{"data":"x"}"#,
        r#"{"data":[],"error":{"code":7,"message":"try later"}}"#,
        r#"{"data":[],"error":"maintenance"}"#,
        "<html>",
        "[]",
    ] {
        assert!(matches!(whoami(odd), Err(Error::Strange(_))), "{odd}");
    }
}

#[test]
fn home_links_name_boxes() {
    let page = r##"<a href="https://www.aimharder.com">A</a><a href="https://login.aimharder.com/x">L</a><a href="/home">H</a>
        <a href="https://crossfitdemo.aimharder.com">D</a><a href='//CrossFitDemo.aimharder.com/schedule'>D</a>
        <a href="http://other-box.aimharder.com/">O</a><a href="https://evil.org/x.aimharder.com">E</a><a href="https://facebook.com">F</a>
        <a href="#">-</a><a href="mailto:a@b.aimharder.com">M</a><link href="https://static.aimharder.com/a.css">"##;
    let boxes = read_home(&answered(page), DOMAIN).unwrap();
    let names: Vec<_> = boxes
        .iter()
        .map(|b| (b.name.as_str(), b.host.as_deref().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            ("crossfitdemo", "crossfitdemo.aimharder.com"),
            ("other-box", "other-box.aimharder.com")
        ]
    );
    assert_eq!(read_home(&answered("<html></html>"), DOMAIN), Ok(vec![]));
    assert_eq!(
        read_home(
            &answered("<form><span id=loginErrors></span><input type=\"password\" name=pw></form>"),
            DOMAIN
        ),
        Err(Error::LoggedOut)
    );
    assert_eq!(
        read_home(&answered(r#"{"logout":1}"#), DOMAIN),
        Err(Error::LoggedOut)
    );
}

#[test]
fn the_schedule_page_has_the_number_of_the_box() {
    let good = [
        "box: 10122",
        "var c = {a: 1, box:10122, b: 2};",
        r#"{"box":"10122"}"#,
        "var box = 10122;",
        "'box' : '10122'",
        "lightbox: 7, box : 10122",
        "inbox=3; box=10122",
        "box.show(); box: 10122",
    ];
    for script in good {
        let page =
            format!("<style>.x{{box: 5}}</style><script src=a></script><script>{script}</script>");
        assert_eq!(read_box_id(&answered(&page)), Ok(10122), "{script}");
    }
    for none in [
        "",
        "box: 1",
        "<script>box</script>",
        "<script>box: 0, box: x, box: 99999999999999999999</script>",
    ] {
        assert!(
            matches!(read_box_id(&answered(none)), Err(Error::Strange(_))),
            "{none}"
        );
    }
}
