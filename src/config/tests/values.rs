//! Faults of values, each with the right form.

use super::fault;

#[test]
fn wrong_values_name_line_and_key() {
    for (text, expected) in [
        // wrong values
        (
            "account = 'ana'",
            "1: account: that is not a valid e-mail address, for example ana@example.org",
        ),
        (
            "account = ''",
            "1: account: that is not a valid e-mail address",
        ),
        (
            "account = 'a b@c'",
            "1: account: that is not a valid e-mail address",
        ),
        (
            "account = 'a@b@c'",
            "1: account: that is not a valid e-mail address",
        ),
        (
            "box = 'CrossFit'",
            "1: box: \"CrossFit\" is not a valid box name; use a name such as crossfitdemo",
        ),
        ("box = 'a.b'", "1: box: \"a.b\" is not a valid box name"),
        (
            "password_command = []",
            "1: password_command: contains no command",
        ),
        (
            "password_command = ['']",
            "1: password_command: contains no command",
        ),
        (
            "password_command = ' '",
            "1: password_command: contains no command",
        ),
        (
            "password_command = \"a\\u0000\"",
            "1: password_command: contains a NUL character",
        ),
        (
            "[accounts.ben]\ncredential = 'x'",
            "1: accounts.ben: that is not a valid e-mail address",
        ),
        (
            "[accounts.\"b@c\"]\n[accounts.\"B@C\"]",
            "2: accounts.\"B@C\": is the same name again; case is ignored",
        ),
        (
            "[accounts.\"b@c\"]\ncredential = '../x'",
            "2: accounts.\"b@c\".credential: \"../x\" is not a valid credential name",
        ),
        (
            "[boxes.Demo]\nid = 1",
            "1: boxes.Demo: \"Demo\" is not a valid box name",
        ),
        (
            "[boxes.demo]\nid = 0",
            "2: boxes.demo.id: must be 1 or more",
        ),
        (
            "[boxes.demo]\nid = 99999999999999999999",
            "2: boxes.demo.id: must be a whole number",
        ),
        (
            "[boxes.demo]\ntimezone = 'Madrid'",
            "2: boxes.demo.timezone: unknown time zone \"Madrid\"; use an IANA name such as Europe/Madrid",
        ),
        (
            "[boxes.demo]\nopens = '4w'",
            "2: boxes.demo.opens: \"4w\" is not an opening rule; use 4d,",
        ),
        (
            "[boxes.demo]\nopens = '4d?'",
            "2: boxes.demo.opens: \"4d?\" has a question mark",
        ),
        (
            "[boxes.demo]\nlead = '90'",
            "2: boxes.demo.lead: \"90\" has no unit; use 90s or 90m",
        ),
        (
            "[boxes.demo]\nlead = 90",
            "2: boxes.demo.lead: must be a string",
        ),
        (
            "[boxes.demo]\nopens_by_class = '7d'",
            "2: boxes.demo.opens_by_class: must be a table",
        ),
        (
            "[boxes.demo.opens_by_class]\nwod = '4d'\n'open box' = 7",
            "3: boxes.demo.opens_by_class.\"open box\": must be a string",
        ),
        (
            "[boxes.demo.opens_by_class]\nwod = '4w'",
            "2: boxes.demo.opens_by_class.wod: \"4w\" is not an opening rule; use 4d,",
        ),
        (
            "[boxes.demo.opens_by_class]\nwod = '4d'\n'WÓD' = '5d'",
            "3: boxes.demo.opens_by_class.\"WÓD\": is the same name again; case and accents are ignored",
        ),
        (
            "boxes.demo.opens_by_class.' ' = '4d'",
            "1: boxes.demo.opens_by_class: has a class name that is empty",
        ),
        (
            "box = 'x'\nwatch_every = '59s'",
            "2: watch_every: \"59s\" is too short; use 1m or more",
        ),
        ("watch_every = 120", "1: watch_every: must be a string"),
        (
            "[[notify]]\non = [\n'booked',\n'bokked']\ncommand='x'",
            "4: notify.1.on.2: \"bokked\" is not valid; use one of booked, waitlisted,",
        ),
        (
            "box = 'x'\n[[notify]]\non = []",
            "2: notify.1: needs exactly one channel, one of command,",
        ),
        (
            "[[notify]]\ncommand = 'x'\nntfy = 'https://x/y'",
            "3: notify.1.ntfy: cannot be used together with command; write one [[notify]] for each",
        ),
        (
            "notify = [{ command = 'x' }, { webhook = 'https://x/y', discord = 'https://x/y' }]",
            "1: notify.2.webhook: cannot be used together with discord; write one [[notify]] for each",
        ),
        (
            "[[notify]]\ntelegram = { token_command = 'x' }",
            "2: notify.1.telegram: needs chat",
        ),
        (
            "[[notify]]\ntelegram = { chat = '1' }",
            "2: notify.1.telegram: needs token_command",
        ),
        (
            "[[notify]]\ntelegram = { chat = ' ', token_command = 'x' }",
            "2: notify.1.telegram.chat: is empty",
        ),
        (
            "[[notify]]\ncommand = []",
            "2: notify.1.command: contains no command",
        ),
        (
            "[server]\ndomain = 'com'",
            "2: server.domain: \"com\" is not a valid domain; use a name such as aimharder.com",
        ),
        (
            "[server]\ndomain = 'a..b'",
            "2: server.domain: \"a..b\" is not a valid domain",
        ),
        (
            "[server]\ndomain = '127.0.0.1'",
            "2: server.domain: \"127.0.0.1\" is not a valid domain",
        ),
        (
            "[server]\ndomain = 'a.com/x'",
            "2: server.domain: \"a.com/x\" is not a valid domain",
        ),
        (
            "[server]\nlogin = 'oauth'",
            "2: server.login: \"oauth\" is not valid; use one of json, form, auto",
        ),
        (
            "[server]\nscheme = 'ftp'",
            "2: server.scheme: \"ftp\" is not valid; use one of https, http",
        ),
        (
            "[server]\nscheme = 'http'",
            "2: server.scheme: \"http\" needs a loopback connect_to",
        ),
        (
            "[server]\nconnect_to = '10.0.0.1:80'\nscheme = 'http'",
            "3: server.scheme: \"http\" needs a loopback",
        ),
        (
            "[server]\nconnect_to = 'example.org:80'",
            "2: server.connect_to: \"example.org:80\" is not an address with a port",
        ),
        (
            "[server]\nconnect_to = '127.0.0.1'",
            "2: server.connect_to: \"127.0.0.1\" is not an address",
        ),
        (
            "[server]\nconnect_to = '127.0.0.1:0'",
            "2: server.connect_to: \"127.0.0.1:0\" is not an address",
        ),
        (
            "[server]\nconnect_to = 'localhost:+80'",
            "2: server.connect_to: \"localhost:+80\" is not an address",
        ),
        (
            "[server]\nproxy = 'http://p'\nconnect_to = '127.0.0.1:80'",
            "3: server.connect_to: cannot be used together with proxy",
        ),
        (
            "[server]\nca_file = ''",
            "2: server.ca_file: \"\" is not a valid file name",
        ),
        (
            "# a\n[server]\ntimeout = 'fast'",
            "3: server.timeout: \"fast\" is not a valid duration; use 15s",
        ),
        (
            "[server]\ntimeout = '15'",
            "2: server.timeout: \"15\" has no unit; use 15s",
        ),
        (
            "[server]\ntimeout = '0s'",
            "2: server.timeout: \"0s\" is too short",
        ),
        (
            "[server]\nuser_agent = \"a\\nb\"",
            "2: server.user_agent: \"a\\nb\" is not a valid user agent",
        ),
        (
            "[server]\nuser_agent = ''",
            "2: server.user_agent: \"\" is not a valid user agent",
        ),
        // dotted and inline forms
        (
            "server.timeout = 'fast'",
            "1: server.timeout: \"fast\" is not a valid duration",
        ),
        (
            "\nserver = { timeout = 'fast' }",
            "2: server.timeout: \"fast\" is not a valid duration",
        ),
    ] {
        let message = fault(text);
        assert!(
            message.starts_with(expected),
            "{text:?}\n  reported: {message}\n  want: {expected}"
        );
    }
}

#[test]
fn an_address_longer_than_any_is_refused_with_its_line() {
    let message = fault(&format!("\naccount = '{}@b.org'", "a".repeat(300)));
    assert!(
        message.starts_with("2: account: that is not a valid e-mail address"),
        "{message}"
    );
}
