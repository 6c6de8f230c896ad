//! Faults of values, each with the right form.

use super::{check, fault};

#[test]
fn wrong_values_name_line_and_key() {
    check(
        r#"
        account = 'ana' => 1: account: that is not a valid e-mail address, for example ana@example.org
        account = '' => 1: account: that is not a valid e-mail address
        account = 'a b@c' => 1: account: that is not a valid e-mail address
        account = 'a@b@c' => 1: account: that is not a valid e-mail address
        box = 'CrossFit' => 1: box: "CrossFit" is not a valid box name; use a name such as crossfitdemo
        box = 'a.b' => 1: box: "a.b" is not a valid box name
        password_command = [] => 1: password_command: contains no command
        password_command = [''] => 1: password_command: contains no command
        password_command = ' ' => 1: password_command: contains no command
        password_command = "a\u0000" => 1: password_command: contains a NUL character
        [accounts.ben]↵credential = 'x' => 1: accounts.ben: that is not a valid e-mail address
        [accounts."b@c"]↵[accounts."B@C"] => 2: accounts."B@C": is the same name again; case is ignored
        [accounts."b@c"]↵credential = '../x' => 2: accounts."b@c".credential: "../x" is not a valid credential name
        [boxes.Demo]↵id = 1 => 1: boxes.Demo: "Demo" is not a valid box name
        [boxes.demo]↵id = 0 => 2: boxes.demo.id: must be 1 or more
        [boxes.demo]↵id = 99999999999999999999 => 2: boxes.demo.id: must be a whole number
        [boxes.demo]↵timezone = 'Madrid' => 2: boxes.demo.timezone: unknown time zone "Madrid"; use an IANA name such as Europe/Madrid
        [boxes.demo]↵opens = '4w' => 2: boxes.demo.opens: "4w" is not an opening rule; use 4d,
        [boxes.demo]↵opens = '4d?' => 2: boxes.demo.opens: "4d?" has a question mark
        [boxes.demo]↵lead = '90' => 2: boxes.demo.lead: "90" has no unit; use 90s or 90m
        [boxes.demo]↵lead = 90 => 2: boxes.demo.lead: must be a string
        [boxes.demo]↵opens_by_class = '7d' => 2: boxes.demo.opens_by_class: must be a table
        [boxes.demo.opens_by_class]↵wod = '4d'↵'open box' = 7 => 3: boxes.demo.opens_by_class."open box": must be a string
        [boxes.demo.opens_by_class]↵wod = '4w' => 2: boxes.demo.opens_by_class.wod: "4w" is not an opening rule; use 4d,
        [boxes.demo.opens_by_class]↵wod = '4d'↵'WÓD' = '5d' => 1: boxes.demo.opens_by_class: has the class "
        boxes.demo.opens_by_class.' ' = '4d' => 1: boxes.demo.opens_by_class: has a class name that is empty
        box = 'x'↵watch_every = '59s' => 2: watch_every: "59s" is too short; use 1m or more
        watch_every = 120 => 1: watch_every: must be a string
        [[notify]]↵on = [↵'booked',↵'bokked']↵command='x' => 4: notify.1.on.2: "bokked" is not valid; use one of booked, waitlisted,
        box = 'x'↵[[notify]]↵on = [] => 2: notify.1: needs exactly one channel, one of command,
        [[notify]]↵command = 'x'↵ntfy = 'https://x/y' => 1: notify.1: needs exactly one channel, one of command,
        notify = [{ command = 'x' }, { webhook = 'https://x/y', discord = 'https://x/y' }] => 1: notify: needs exactly one channel
        [[notify]]↵telegram = { token_command = 'x' } => 2: notify.1.telegram: needs chat
        [[notify]]↵telegram = { chat = '1' } => 2: notify.1.telegram: needs token_command
        [[notify]]↵telegram = { chat = ' ', token_command = 'x' } => 2: notify.1.telegram.chat: is empty
        [[notify]]↵command = [] => 2: notify.1.command: contains no command
        [server]↵domain = 'com' => 2: server.domain: "com" is not a valid domain; use a name such as aimharder.com
        [server]↵domain = 'a..b' => 2: server.domain: "a..b" is not a valid domain
        [server]↵domain = '127.0.0.1' => 2: server.domain: "127.0.0.1" is not a valid domain
        [server]↵domain = 'a.com/x' => 2: server.domain: "a.com/x" is not a valid domain
        [server]↵login = 'oauth' => 2: server.login: "oauth" is not valid; use one of json, form, auto
        [server]↵scheme = 'ftp' => 2: server.scheme: "ftp" is not valid; use one of https, http
        [server]↵scheme = 'http' => 2: server.scheme: "http" needs a loopback connect_to
        [server]↵connect_to = '10.0.0.1:80'↵scheme = 'http' => 3: server.scheme: "http" needs a loopback
        [server]↵connect_to = 'example.org:80' => 2: server.connect_to: "example.org:80" is not an address with a port
        [server]↵connect_to = '127.0.0.1' => 2: server.connect_to: "127.0.0.1" is not an address
        [server]↵connect_to = '127.0.0.1:0' => 2: server.connect_to: "127.0.0.1:0" is not an address
        [server]↵connect_to = 'localhost:+80' => 2: server.connect_to: "localhost:+80" is not an address
        [server]↵proxy = 'http://p'↵connect_to = '127.0.0.1:80' => 3: server.connect_to: cannot be used together with proxy
        [server]↵ca_file = '' => 2: server.ca_file: "" is not a valid file name
        [server]↵timeout = '15' => 2: server.timeout: "15" has no unit; use 15s
        [server]↵timeout = '0s' => 2: server.timeout: "0s" is too short
        [server]↵user_agent = "a\nb" => 2: server.user_agent: "a\nb" is not a valid user agent
        [server]↵user_agent = '' => 2: server.user_agent: "" is not a valid user agent
        server.timeout = 'fast' => 1: server.timeout: "fast" is not a valid duration
        ↵server = { timeout = 'fast' } => 2: server.timeout: "fast" is not a valid duration
        "#,
    );
}

#[test]
fn an_address_longer_than_any_is_refused_with_its_line() {
    let message = fault(&format!("\naccount = '{}@b.org'", "a".repeat(300)));
    assert!(
        message.starts_with("2: account: that is not a valid e-mail address"),
        "{message}"
    );
}
