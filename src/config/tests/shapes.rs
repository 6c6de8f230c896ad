//! Faults of the TOML, unknown keys, wrong types, and what is never quoted.

use super::{check, fault};

#[test]
fn faults_name_line_and_key() {
    check(
        r#"
        account = "a@b"↵account = "c@d" => 2: account: duplicate key
        [server]↵[server] => 2: server: duplicate key
        box = 'x'↵account = ana => 2: string values must be quoted
        [server]↵timeout = 'fast => 2: invalid literal string
        [boxes.x]↵timezone = Europe/Madrid => 2: string values must be quoted
        [boxes.x]↵opens = 4d@07:00 => 2:
        ↵colour = 1 => 2: colour: unknown key; known keys are account, box,
        "a\nb" = 1 => 1: "a\nb": unknown key
        box = 'x'↵[server]↵↵time_out = '5s' => 4: server.time_out: unknown key; known keys are domain,
        [server.tls] => 1: server.tls: unknown key
        [boxes.demo]↵name = 'x' => 2: boxes.demo.name: unknown key; known keys are id, timezone, opens
        [accounts."b@c"]↵password = 'x' => 2: accounts."b@c".password: unknown key
        [server]↵password_command = 'x' => 2: server.password_command: unknown key, which belongs above the first [table];
        [[notify]]↵command = 'x'↵slack = 'y' => 3: notify.1.slack: unknown key
        [[notify]]↵telegram = { token = 'x', chat = '1' } => 2: notify.1.telegram.token: unknown key
        [ping]↵book = 'x' => 2: ping.book: unknown key
        account = 5 => 1: account: must be a string
        box = true => 1: box: must be a string
        background_salt = [] => 1: background_salt: must be a string
        password_command = 5 => 1: password_command: must be a string or a list of strings
        password_command = [↵'a',↵5] => 1: password_command: must be a string or a list of strings
        accounts = 1 => 1: accounts: must be a table
        [accounts]↵'b@c' = 1 => 2: accounts."b@c": must be a table
        [boxes]↵demo = 1 => 2: boxes.demo: must be a table
        [boxes.demo]↵id = '1' => 2: boxes.demo.id: must be a whole number
        [boxes.demo]↵id = 1.5 => 2: boxes.demo.id: must be a whole number
        [boxes.demo]↵timezone = 1 => 2: boxes.demo.timezone: must be a string
        [notify]↵command = 'x' => 1: notify: must be a list of tables, each of which begins with [[notify]]
        notify = ['x'] => 1: notify.1: must be a table that begins with [[notify]]
        [[notify]]↵on = 'booked' => 2: notify.1.on: must be a list
        [[notify]]↵telegram = 'x' => 2: notify.1.telegram: must be a table
        ping = 'x' => 1: ping: must be a table
        [ping]↵refresh = 1 => 2: ping.refresh: must be a string
        server = 1 => 1: server: must be a table
        [server]↵timeout = 15 => 2: server.timeout: must be a string
        "#,
    );
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
