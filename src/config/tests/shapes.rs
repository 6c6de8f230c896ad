//! Faults of the TOML, unknown keys, wrong types, and what is never quoted.

use super::fault;

#[test]
fn faults_name_line_and_key() {
    for (text, expected) in [
        // the TOML itself
        (
            "account = \"a@b\"\naccount = \"c@d\"",
            "2: account: duplicate key",
        ),
        ("[server]\n[server]", "2: server: duplicate key"),
        (
            "box = 'x'\naccount = ana",
            "2: account: string values must be quoted",
        ),
        (
            "[server]\ntimeout = 'fast",
            "2: timeout: invalid literal string",
        ),
        (
            "[boxes.x]\ntimezone = Europe/Madrid",
            "2: timezone: string values must be quoted",
        ),
        ("[boxes.x]\nopens = 4d@07:00", "2: opens: "),
        ("[boxes.x]\nlead = 90m", "2: lead: "),
        ("[[notify]]\nntfy = https://x/y", "2: ntfy: "),
        // unknown keys
        (
            "\ncolour = 1",
            "2: colour: unknown key; known keys are account, box,",
        ),
        ("\"a\\nb\" = 1", "1: \"a\\nb\": unknown key"),
        (
            "box = 'x'\n[server]\n\ntime_out = '5s'",
            "4: server.time_out: unknown key; known keys are domain,",
        ),
        ("[server.tls]", "1: server.tls: unknown key"),
        (
            "[boxes.demo]\nname = 'x'",
            "2: boxes.demo.name: unknown key; known keys are id, timezone, opens",
        ),
        (
            "[accounts.\"b@c\"]\npassword = 'x'",
            "2: accounts.\"b@c\".password: unknown key",
        ),
        (
            "[[notify]]\ncommand = 'x'\nslack = 'y'",
            "3: notify.1.slack: unknown key",
        ),
        (
            "[[notify]]\ntelegram = { token = 'x', chat = '1' }",
            "2: notify.1.telegram.token: unknown key",
        ),
        ("[ping]\nbook = 'x'", "2: ping.book: unknown key"),
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
            "1: password_command: must be a string or a list of strings",
        ),
        ("accounts = 1", "1: accounts: must be a table"),
        (
            "[accounts]\n'b@c' = 1",
            "2: accounts.\"b@c\": must be a table",
        ),
        ("[boxes]\ndemo = 1", "2: boxes.demo: must be a table"),
        (
            "[boxes.demo]\nid = '1'",
            "2: boxes.demo.id: must be a whole number",
        ),
        (
            "[boxes.demo]\nid = 1.5",
            "2: boxes.demo.id: must be a whole number",
        ),
        (
            "[boxes.demo]\ntimezone = 1",
            "2: boxes.demo.timezone: must be a string",
        ),
        (
            "[notify]\ncommand = 'x'",
            "1: notify: must be a list of tables, each of which begins with [[notify]]",
        ),
        (
            "notify = ['x']",
            "1: notify.1: must be a table that begins with [[notify]]",
        ),
        (
            "[[notify]]\non = 'booked'",
            "2: notify.1.on: must be a list",
        ),
        (
            "[[notify]]\ntelegram = 'x'",
            "2: notify.1.telegram: must be a table",
        ),
        ("ping = 'x'", "1: ping: must be a table"),
        ("[ping]\nrefresh = 1", "2: ping.refresh: must be a string"),
        ("server = 1", "1: server: must be a table"),
        (
            "[server]\ntimeout = 15",
            "2: server.timeout: must be a string",
        ),
    ] {
        let message = fault(text);
        assert!(
            message.starts_with(expected),
            "{text:?}\n  reported: {message}\n  want: {expected}"
        );
    }
}

/// The keys are those that serde lists when it refuses an unknown one.
#[test]
fn a_syntax_error_names_every_known_key() {
    for table in [
        "",
        "[accounts.'b@c']",
        "[boxes.demo]",
        "[store]",
        "[[notify]]",
        "[notify.telegram]",
        "[ping]",
        "[server]",
    ] {
        let unknown = match table {
            "[notify.telegram]" => "[[notify]]\ntelegram = { colour = 1 }".to_owned(),
            _ => format!("{table}\ncolour = 1"),
        };
        let message = fault(&unknown);
        let (_, known) = message.split_once("known keys are ").unwrap();
        for key in known.split(", ") {
            let message = fault(&format!("{table}\n{key} = 4x"));
            assert!(message.starts_with(&format!("2: {key}: ")), "{message}");
        }
    }
}

#[test]
fn secrets_are_not_quoted() {
    for text in [
        "password = 'hunter2'",
        "password = hunter2",
        "account = hunter2",
        "account = 'hunter2",
        "password_command = ['a',\nhunter2==]",
        "hunter2= =",
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
        let message = fault(text);
        let key_itself = text.starts_with("hunter2hunter2");
        assert!(
            key_itself || !message.contains("hunter2"),
            "{text:?}: {message}"
        );
        assert!(
            message.starts_with(|c: char| c.is_ascii_digit()),
            "{text:?}: {message}"
        );
    }
}
