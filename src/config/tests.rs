//! The config of cli.md, every row of faults, and what is never quoted.

use super::*;
use proptest::prelude::*;
use std::time::Duration;

const PATH: &str = "/home/ana/.config/aimharder/config.toml";

fn parse(text: &str) -> Result<Config> {
    Config::parse(text, Path::new(PATH))
}

fn fault(text: &str) -> String {
    let error = parse(text).expect_err(text).to_string();
    let rest = error.strip_prefix(PATH).unwrap().to_owned();
    assert!(!rest.contains('\n'), "{rest}");
    rest.trim_start_matches(':').to_owned()
}

const WHOLE: &str = r#"
account = " Ana@Example.org "
box = "crossfitdemo"
password_command = ["pass", "show", "aimharder"]
background_salt = "mine"

[accounts."Ben@example.org"]
password_command = "secret-tool lookup aimharder ben"
credential = "ben-password"

[boxes.crossfitdemo]
id = 10122
timezone = "Europe/Madrid"
opens = "4D@07:00"

[[notify]]
on = ["failed", "booked", "failed"]
command = ["notify-send", "aimharder"]
[[notify]]
discord = "https://discord.example/api/webhooks/1/secret"
[[notify]]
ntfy = "http://ntfy.local/topic"
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
connect_to = "localhost:8080"
ca_file = "ca.pem"
timeout = "500ms"
user_agent = "Mozilla/5.0"
"#;

#[test]
fn the_whole_config() {
    let config = parse(WHOLE).unwrap();
    assert_eq!(config.account.as_deref(), Some("ana@example.org"));
    assert_eq!(config.box_name.as_deref(), Some("crossfitdemo"));
    let words = ["pass", "show", "aimharder"].map(str::to_owned).to_vec();
    assert_eq!(config.password_command, Some(Command::List(words)));
    assert_eq!(config.background_salt, "mine");
    let ben = &config.accounts["ben@example.org"];
    let line = "secret-tool lookup aimharder ben".to_owned();
    assert_eq!(ben.password_command, Some(Command::Shell(line)));
    assert_eq!(ben.credential.as_deref(), Some("ben-password"));
    let place = &config.boxes["crossfitdemo"];
    assert_eq!(
        (place.id, place.timezone),
        (Some(10122), Some(Tz::Europe__Madrid))
    );
    assert_eq!(place.opens.unwrap().to_string(), "4d@07:00");
    assert_eq!(config.notify.len(), 5);
    assert_eq!(config.notify[0].on, [Event::Failed, Event::Booked]);
    assert_eq!(config.notify[1].on, Event::ALL);
    let Channel::Ntfy(url) = &config.notify[2].channel else {
        panic!("{config:?}")
    };
    assert_eq!(url.expose(), "http://ntfy.local/topic");
    assert_eq!(
        config.ping.refresh.as_ref().unwrap().expose(),
        "https://hc.example/uuid"
    );
    assert_eq!(config.ping.prebook, None);
    let server = &config.server;
    assert_eq!(server.domain, "aimharder.test");
    assert_eq!(
        (server.login, server.scheme),
        (LoginFlow::Form, Scheme::Http)
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
        ("connect_to = '[::1]:8080'", "[::1]:8080"),
        ("connect_to = 'localhost:65535'", "127.0.0.1:65535"),
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
fn faults_name_line_and_key() {
    for (text, expected) in [
        // the TOML itself
        (
            "account = \"a@b\"\naccount = \"c@d\"",
            "2: account: duplicate key",
        ),
        ("[server]\n[server]", "2: server: duplicate key"),
        // unknown keys
        (
            "\ncolour = 1",
            "2: colour: unknown key, known are account, box,",
        ),
        ("\"a b\\n\" = 1", "1: \"a b\\n\": unknown key"),
        (
            "box = 'x'\n[server]\n\ntime_out = '5s'",
            "4: [server] time_out: unknown key, known are domain,",
        ),
        ("[server.tls]", "1: [server] tls: unknown key"),
        (
            "[boxes.demo]\nname = 'x'",
            "2: [boxes.demo] name: unknown key, known are id, timezone, opens",
        ),
        (
            "[accounts.\"b@c\"]\npassword = 'x'",
            "2: [accounts.\"b@c\"] password: unknown key",
        ),
        (
            "[[notify]]\ncommand = 'x'\nslack = 'y'",
            "3: [[notify]] slack: unknown key",
        ),
        (
            "[[notify]]\ntelegram = { token = 'x', chat = '1' }",
            "2: [[notify]] telegram.token: unknown key",
        ),
        ("[ping]\nbook = 'x'", "2: [ping] book: unknown key"),
        // wrong types
        ("account = 5", "1: account: must be a string"),
        ("box = true", "1: box: must be a string"),
        (
            "background_salt = []",
            "1: background_salt: must be a string",
        ),
        (
            "password_command = 5",
            "1: password_command: must be a string or a list of strings",
        ),
        (
            "password_command = [\n'a',\n5]",
            "3: password_command: must be a list of strings",
        ),
        ("accounts = 1", "1: accounts: must be a table"),
        (
            "[accounts]\n'b@c' = 1",
            "2: [accounts] \"b@c\": must be a table",
        ),
        ("[boxes]\ndemo = 1", "2: [boxes] demo: must be a table"),
        (
            "[boxes.demo]\nid = '1'",
            "2: [boxes.demo] id: must be a whole number",
        ),
        (
            "[boxes.demo]\nid = 1.5",
            "2: [boxes.demo] id: must be a whole number",
        ),
        (
            "[boxes.demo]\ntimezone = 1",
            "2: [boxes.demo] timezone: must be a string",
        ),
        (
            "[notify]\ncommand = 'x'",
            "1: notify: must be tables, each begun by [[notify]]",
        ),
        (
            "notify = ['x']",
            "1: notify: must be tables, each begun by [[notify]]",
        ),
        (
            "[[notify]]\non = 'booked'",
            "2: [[notify]] on: must be a list of strings",
        ),
        (
            "[[notify]]\ntelegram = 'x'",
            "2: [[notify]] telegram: must be a table",
        ),
        ("ping = 'x'", "1: ping: must be a table"),
        ("[ping]\nrefresh = 1", "2: [ping] refresh: must be a string"),
        ("server = 1", "1: server: must be a table"),
        (
            "[server]\ntimeout = 15",
            "2: [server] timeout: must be a string",
        ),
        // wrong values
        (
            "account = 'ana'",
            "1: account: \"ana\" is no e-mail address, for example ana@example.org",
        ),
        ("account = ''", "1: account: \"\" is no e-mail address"),
        (
            "account = 'a b@c'",
            "1: account: \"a b@c\" is no e-mail address",
        ),
        (
            "account = 'a@b@c'",
            "1: account: \"a@b@c\" is no e-mail address",
        ),
        (
            "box = 'CrossFit'",
            "1: box: \"CrossFit\" is no box name, for example crossfitdemo",
        ),
        ("box = 'a.b'", "1: box: \"a.b\" is no box name"),
        (
            "password_command = []",
            "1: password_command: names no command",
        ),
        (
            "password_command = ['']",
            "1: password_command: names no command",
        ),
        (
            "password_command = ' '",
            "1: password_command: names no command",
        ),
        (
            "password_command = \"a\\u0000\"",
            "1: password_command: holds a NUL character",
        ),
        (
            "[accounts.ben]\ncredential = 'x'",
            "1: [accounts] ben: \"ben\" is no e-mail address",
        ),
        (
            "[accounts.\"b@c\"]\n[accounts.\"B@C\"]",
            "2: [accounts] \"B@C\": the same account twice",
        ),
        (
            "[accounts.\"b@c\"]\ncredential = '../x'",
            "2: [accounts.\"b@c\"] credential: \"../x\" is no credential name",
        ),
        (
            "[boxes.Demo]\nid = 1",
            "1: [boxes] Demo: \"Demo\" is no box name",
        ),
        (
            "[boxes.demo]\nid = 0",
            "2: [boxes.demo] id: must be 1 or more",
        ),
        (
            "[boxes.demo]\nid = 99999999999999999999",
            "2: [boxes.demo] id: is too large a number",
        ),
        (
            "[boxes.demo]\ntimezone = 'Madrid'",
            "2: [boxes.demo] timezone: \"Madrid\" is no time zone, for example Europe/Madrid",
        ),
        (
            "[boxes.demo]\nopens = '4w'",
            "2: [boxes.demo] opens: \"4w\" is no opening rule, for example 4d,",
        ),
        (
            "[boxes.demo]\nopens = '4d?'",
            "2: [boxes.demo] opens: \"4d?\" is how a learned rule is shown",
        ),
        (
            "[[notify]]\non = [\n'booked',\n'bokked']\ncommand='x'",
            "4: [[notify]] on: \"bokked\" is no event, known are booked,",
        ),
        (
            "box = 'x'\n[[notify]]\non = []",
            "2: [[notify]]: needs a channel, one of command,",
        ),
        (
            "[[notify]]\ncommand = 'x'\nntfy = 'https://x/y'",
            "3: [[notify]] ntfy: command and ntfy in one [[notify]]",
        ),
        (
            "[[notify]]\ntelegram = { token_command = 'x' }",
            "2: [[notify]] telegram: needs chat",
        ),
        (
            "[[notify]]\ntelegram = { chat = '1' }",
            "2: [[notify]] telegram: needs token_command",
        ),
        (
            "[[notify]]\ntelegram = { chat = ' ', token_command = 'x' }",
            "2: [[notify]] telegram.chat: names no chat",
        ),
        (
            "[[notify]]\ncommand = []",
            "2: [[notify]] command: names no command",
        ),
        (
            "[server]\ndomain = 'com'",
            "2: [server] domain: \"com\" is no domain, for example aimharder.com",
        ),
        (
            "[server]\ndomain = 'a..b'",
            "2: [server] domain: \"a..b\" is no domain",
        ),
        (
            "[server]\ndomain = '127.0.0.1'",
            "2: [server] domain: \"127.0.0.1\" is no domain",
        ),
        (
            "[server]\ndomain = 'a.com/x'",
            "2: [server] domain: \"a.com/x\" is no domain",
        ),
        (
            "[server]\nlogin = 'oauth'",
            "2: [server] login: \"oauth\" is no login flow, known are json, form, auto",
        ),
        (
            "[server]\nscheme = 'ftp'",
            "2: [server] scheme: \"ftp\" is no scheme, known are https, http",
        ),
        (
            "[server]\nscheme = 'http'",
            "2: [server] scheme: \"http\" needs a loopback connect_to",
        ),
        (
            "[server]\nconnect_to = '10.0.0.1:80'\nscheme = 'http'",
            "3: [server] scheme: \"http\" needs a loopback",
        ),
        (
            "[server]\nconnect_to = 'example.org:80'",
            "2: [server] connect_to: \"example.org:80\" is no address with a port",
        ),
        (
            "[server]\nconnect_to = '127.0.0.1'",
            "2: [server] connect_to: \"127.0.0.1\" is no address",
        ),
        (
            "[server]\nconnect_to = '127.0.0.1:0'",
            "2: [server] connect_to: \"127.0.0.1:0\" is no address",
        ),
        (
            "[server]\nconnect_to = 'localhost:+80'",
            "2: [server] connect_to: \"localhost:+80\" is no address",
        ),
        (
            "[server]\nproxy = 'http://p'\nconnect_to = '127.0.0.1:80'",
            "3: [server] connect_to: does not go together with proxy",
        ),
        (
            "[server]\nca_file = ''",
            "2: [server] ca_file: \"\" is no file name",
        ),
        (
            "# a\n[server]\ntimeout = 'fast'",
            "3: [server] timeout: \"fast\" is no duration, for example 15s",
        ),
        (
            "[server]\ntimeout = '15'",
            "2: [server] timeout: \"15\" has no unit, for example 15s",
        ),
        (
            "[server]\ntimeout = '0s'",
            "2: [server] timeout: \"0s\" leaves no time at all",
        ),
        (
            "[server]\nuser_agent = \"a\\nb\"",
            "2: [server] user_agent: \"a\\nb\" is no user agent",
        ),
        (
            "[server]\nuser_agent = ''",
            "2: [server] user_agent: \"\" is no user agent",
        ),
        // dotted and inline forms
        (
            "server.timeout = 'fast'",
            "1: [server] timeout: \"fast\" is no duration",
        ),
        (
            "\nserver = { timeout = 'fast' }",
            "2: [server] timeout: \"fast\" is no duration",
        ),
    ] {
        let told = fault(text);
        assert!(
            told.starts_with(expected),
            "{text:?}\n  told: {told}\n  want: {expected}"
        );
    }
}

#[test]
fn the_line_is_the_one_in_the_message() {
    let error = parse("\n[server]\ntimeout = \"fast\"")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with(
        "/home/ana/.config/aimharder/config.toml:3: [server] timeout: \"fast\" is no duration, for example 15s"
    ));
}

#[test]
fn secrets_are_not_quoted() {
    for text in [
        "password = 'hunter2'",
        "password = hunter2",
        "account = hunter2",
        "account = 'hunter2",
        "hunter2hunter2 hunter2",
        "box = ['hunter2']",
        "password_command = { a = 'hunter2' }",
        "password_command = \"hunter2\\u0000\"",
        "background_salt = ['hunter2']",
        "[[notify]]\ndiscord = 'hunter2'",
        "[[notify]]\ndiscord = 'ftp://hunter2'",
        "[[notify]]\nwebhook = 'https://[hunter2'",
        "[[notify]]\nntfy = 'https:hunter2:x'",
        "[[notify]]\ntelegram = { token_command = 'echo hunter2' }",
        "[[notify]]\ntelegram = { token_command = ['', 'hunter2'], chat = '1' }",
        "[[notify]]\ntelegram = { token = 'hunter2', chat = '1' }",
        "[ping]\nrefresh = 'hunter2'",
        "[ping]\nprebook = 'mailto:hunter2@x'",
        "[server]\nproxy = 'ftp://hunter2@host'",
        "[server]\nproxy = 'u:hunter2@host:80'",
        "[server]\nproxy = 'socks4://u:hunter2@host:80'",
        "[server]\ntimeout = ['hunter2']",
    ] {
        let told = fault(text);
        let key_itself = text.starts_with("hunter2hunter2");
        assert!(key_itself || !told.contains("hunter2"), "{text:?}: {told}");
        assert!(
            told.starts_with(|c: char| c.is_ascii_digit()),
            "{text:?}: {told}"
        );
    }
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let missing = Config::load(&path).unwrap_err();
    assert!(missing.is_missing());
    let shown = path.display();
    assert!(
        missing
            .to_string()
            .starts_with(&format!("{shown}: cannot read the config: no such file"))
    );

    std::fs::write(&path, "box = 'demo'\n[server]\nca_file = 'ca.pem'\n").unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.server.ca_file, Some(folder.path().join("ca.pem")));
    assert_eq!(config.path, Some(path.clone()));

    std::fs::write(&path, b"box = 'demo'\naccount = '\xff'\n").unwrap();
    let error = Config::load(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("{shown}:2: not UTF-8 text"));
    assert!(!error.is_missing());

    std::fs::write(&path, " ".repeat(1 << 20) + " ").unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{shown}: cannot read the config: over 1 MiB")
    );

    let error = Config::load(folder.path()).unwrap_err();
    assert!(
        !error.is_missing()
            && error
                .to_string()
                .contains(": cannot read the config: is a directory")
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
