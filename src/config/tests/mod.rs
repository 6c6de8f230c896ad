//! The config of scripting.md, every row of faults, and what is never quoted.

mod shapes;
mod values;

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::error::Failure;

const PATH: &str = "/home/ana/.config/aimharder/config.toml";

fn parse(text: &str) -> Result<Config, Failure> {
    Config::parse(text, Path::new(PATH))
}

fn fault(text: &str) -> String {
    let error = parse(text).map(|_| text).unwrap_err().to_string();
    let rest = error.strip_prefix(PATH).unwrap().to_owned();
    assert!(!rest.contains('\n'), "{rest}");
    rest.trim_start_matches(':').to_owned()
}

/// Each row has a config, with `↵` for a line break, and the beginning of its error.
fn check(rows: &str) {
    for row in rows.trim().lines() {
        let (text, expected) = row.split_once(" => ").unwrap();
        let message = fault(&text.trim().replace('↵', "\n"));
        assert!(
            message.starts_with(expected),
            "{row}\n  reported: {message}"
        );
    }
}

const WHOLE: &str = r#"
account = " Ana@Example.org "
box = "crossfitdemo"
password_command = ["pass", "show", "aimharder"]
background_salt = "mine"
watch_every = "90s"

[accounts."Ben@example.org"]
password_command = "secret-tool lookup aimharder ben"
credential = "ben-password"

[boxes.crossfitdemo]
id = 10122
timezone = "Europe/Madrid"
opens = "4D@07:00"
lead = "90m"
[boxes.crossfitdemo.opens_by_class]
" Open Box" = "7d"

[[notify]]
on = ["failed", "booked", "failed"]
command = ["notify-send", "aimharder"]
[[notify]]
discord = "https://discord.example/api/webhooks/1/secret"
[[notify]]
ntfy = "https://ntfy.local/topic"
[[notify]]
telegram = { token_command = ["pass", "bot"], chat = "123" }
[[notify]]
webhook = "https://hooks.example/x"

[ping]
refresh = "https://hc.example/uuid"

[server]
domain = "AimHarder.test"
login = "form"
scheme = "http"
connect_to = "127.0.0.1:8080"
ca_file = "ca.pem"
timeout = "500ms"
user_agent = "Mozilla/5.0"
"#;

#[test]
fn the_whole_config() {
    let config = parse(WHOLE).unwrap();
    assert_eq!(config.account, "ana@example.org".parse().ok());
    assert_eq!(config.box_name.as_deref(), Some("crossfitdemo"));
    let command = |words: &[&str]| Some(Command(words.iter().map(ToString::to_string).collect()));
    assert_eq!(
        config.password_command,
        command(&["pass", "show", "aimharder"])
    );
    assert_eq!(config.background_salt, "mine");
    let ben = &config.accounts[&"ben@example.org".parse().unwrap()];
    let line = "secret-tool lookup aimharder ben";
    assert_eq!(ben.password_command, command(&["sh", "-c", line]));
    assert_eq!(ben.credential.as_deref(), Some("ben-password"));
    let place = &config.boxes["crossfitdemo"];
    assert_eq!(
        (place.id, place.timezone),
        (Some(10122), Some(Tz::Europe__Madrid))
    );
    assert_eq!(place.opens.unwrap().to_string(), "4d@07:00");
    assert_eq!(place.lead, Some(Duration::from_secs(90 * 60)));
    let by_class: Vec<_> = place.opens_by_class.iter().collect();
    assert_eq!(by_class, [(&"Open Box".to_owned(), &"7d".parse().unwrap())]);
    assert_eq!(config.watch_every, Duration::from_secs(90));
    assert_eq!(config.notify.len(), 5);
    assert_eq!(config.notify[0].on, [Event::Failed, Event::Booked]);
    assert_eq!(config.notify[1].on, Event::VARIANTS);
    let Channel::Ntfy(url) = &config.notify[2].channel else {
        panic!("{config:?}")
    };
    assert_eq!(url.expose(), "https://ntfy.local/topic");
    assert_eq!(
        config.ping.refresh.as_ref().unwrap().expose(),
        "https://hc.example/uuid"
    );
    assert_eq!(config.ping.prebook, None);
    let server = &config.server;
    assert_eq!(server.domain, "aimharder.test");
    assert_eq!(
        (server.login, server.scheme),
        (Some(LoginFlow::Form), Scheme::Http)
    );
    assert_eq!(server.connect_to, Some("127.0.0.1:8080".parse().unwrap()));
    assert_eq!(
        server.ca_file.as_deref(),
        Some(Path::new("/home/ana/.config/aimharder/ca.pem"))
    );
    assert_eq!(server.timeout, Duration::from_millis(500));
    assert_eq!(server.user_agent, "Mozilla/5.0");
    assert_eq!(config.path.as_deref(), Some(Path::new(PATH)));
    let shown = format!("{config:?}");
    for secret in [
        "webhooks",
        "topic",
        "hooks.example",
        "uuid",
        "bot",
        "secret-tool",
        "show",
    ] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

#[test]
fn an_empty_file_is_the_default() {
    let expected = Config {
        path: Some(PathBuf::from(PATH)),
        ..Config::default()
    };
    assert_eq!(parse("").unwrap(), expected);
    assert_eq!(parse("# nothing\r\n").unwrap(), expected);
    assert_eq!(expected.server.domain, "aimharder.com");
    assert_eq!(expected.server.timeout, Duration::from_secs(15));
    assert_eq!(expected.background_salt, "aimharder-background-v1");
}

#[test]
fn addresses_and_proxies() {
    for (line, expected) in [
        ("connect_to = '127.0.0.1:80'", "127.0.0.1:80"),
        ("connect_to = 'localhost:65535'", "127.0.0.1:65535"),
        ("connect_to = '[::1]:8080'", "[::1]:8080"),
        ("connect_to = '10.0.0.1:1'", "10.0.0.1:1"),
    ] {
        let config = parse(&format!("[server]\n{line}")).unwrap();
        assert_eq!(
            config.server.connect_to,
            Some(expected.parse().unwrap()),
            "{line}"
        );
    }
    for proxy in [
        "http://u:pw@p:3128",
        "https://p",
        "socks5://p:1",
        "socks5h://[::1]:1080",
    ] {
        let config = parse(&format!("[server]\nproxy = '{proxy}'")).unwrap();
        assert!(
            config.server.proxy.unwrap().expose().starts_with(proxy),
            "{proxy}"
        );
    }
    let config =
        parse("[server]\nscheme = 'http'\nconnect_to = '[::1]:80'\nca_file = '/etc/ca.pem'")
            .unwrap();
    assert_eq!(config.server.ca_file, Some(PathBuf::from("/etc/ca.pem")));
}

#[test]
fn the_line_is_the_one_in_the_message() {
    let error = parse("\n[server]\ntimeout = \"fast\"")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with(
        "/home/ana/.config/aimharder/config.toml:3: server.timeout: \"fast\" is not a valid duration; use 15s"
    ));
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let missing = Config::load(&path).unwrap_err();
    let shown = path.display();
    assert!(
        missing
            .to_string()
            .starts_with(&format!("{shown}: cannot read the config: no such file"))
    );

    std::fs::write(&path, "box = 'demo'\n[server]\nca_file = 'ca.pem'\n").unwrap();
    let ca_file = folder.path().join("ca.pem");
    assert_eq!(
        Config::load(&path).unwrap_err().to_string(),
        format!(
            "{shown}:3: server.ca_file: cannot read {}: no such file or directory",
            ca_file.display()
        )
    );
    std::fs::create_dir(&ca_file).unwrap();
    assert!(
        Config::load(&path)
            .unwrap_err()
            .to_string()
            .ends_with(": not a file")
    );
    std::fs::remove_dir(&ca_file).unwrap();
    std::fs::write(&ca_file, "no certificate").unwrap();
    assert_eq!(
        Config::load(&path).unwrap_err().to_string(),
        format!(
            "{shown}:3: server.ca_file: {} contains no certificate in PEM form",
            ca_file.display()
        )
    );
    std::fs::write(&ca_file, "mine\n-----BEGIN CERTIFICATE-----\n").unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.server.ca_file, Some(folder.path().join("ca.pem")));
    assert_eq!(config.path, Some(path.clone()));

    std::fs::write(&path, b"box = 'demo'\naccount = '\xff'\n").unwrap();
    let error = Config::load(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("{shown}:2: not UTF-8 text"));

    let error = Config::load(folder.path()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains(": cannot read the config: is a directory"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn never_panics_and_tells_in_one_line(text in "(?s).{0,80}|(\\[server\\]|\\[\\[notify\\]\\]|on|=|'|\"|\n|box| |1|\\[|\\]|\\.|\\{|\\}){0,20}") {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
        }
    }
}

#[test]
fn accounts_that_differ_in_an_accent_are_two() {
    let text = "[accounts.\"jose@example.org\"]\n[accounts.\"josé@example.org\"]";
    assert_eq!(parse(text).unwrap().accounts.len(), 2);
}
