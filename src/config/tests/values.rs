//! Faults of values, each with the right form.

use super::fault;

#[test]
fn wrong_values_name_line_and_key() {
    for (text, expected) in [
        // wrong values
        (
            "account = 'ana'",
            "1: account: that is no e-mail address, for example ana@example.org",
        ),
        ("account = ''", "1: account: that is no e-mail address"),
        ("account = 'a b@c'", "1: account: that is no e-mail address"),
        ("account = 'a@b@c'", "1: account: that is no e-mail address"),
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
            "1: [accounts] ben: that is no e-mail address",
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
            "2: [boxes.demo] opens: \"4w\" is not an opening rule; use 4d,",
        ),
        (
            "[boxes.demo]\nopens = '4d?'",
            "2: [boxes.demo] opens: \"4d?\" has a question mark",
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
            "3: [server] timeout: \"fast\" is not a valid duration; use 15s",
        ),
        (
            "[server]\ntimeout = '15'",
            "2: [server] timeout: \"15\" has no unit; use 15s",
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
            "1: [server] timeout: \"fast\" is not a valid duration",
        ),
        (
            "\nserver = { timeout = 'fast' }",
            "2: [server] timeout: \"fast\" is not a valid duration",
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
fn an_address_longer_than_any_is_refused_with_its_line() {
    let told = fault(&format!("\naccount = '{}@b.org'", "a".repeat(300)));
    assert!(
        told.starts_with("2: account: that is no e-mail address"),
        "{told}"
    );
}
