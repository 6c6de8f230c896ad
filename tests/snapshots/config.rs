//! `config check` and `config show`.

use insta::assert_snapshot;

use crate::support::Home;
use crate::{shot, shot_json};

const CONFIG: &str = r#"
account = " Ana@Example.org "
password_command = ["sh", "-c", "echo hunter2"]
background_salt = "hunter2"

[accounts."Ben@example.org"]
credential = "ben-password"

[boxes.crossfitdemo]
id = 10122
opens = "4D@07:00"
lead = "90m"
[boxes.crossfitdemo.opens_by_class]
"Open Box" = "7d"

[[notify]]
discord = "https://discord.example.org/hunter2"
[[notify]]
on = ["failed", "booked"]
telegram = { token_command = "echo hunter2", chat = "123" }

[server]
proxy = "http://ana:hunter2@127.0.0.1:3128"
timeout = "5s"
"#;

/// Columns without their padding, which depends on the length of the home's path.
fn squeezed(text: &str) -> String {
    let padding = regex::Regex::new("(?m)(\\S)  +").unwrap();
    padding.replace_all(text, "$1  ").into_owned()
}

#[test]
fn values_have_their_sources() {
    let home = Home::nowhere();
    home.write_config(CONFIG);
    let show = || {
        home.run("config show --box boxdos")
            .env("AIMHARDER_ACCOUNT", "ben@example.org")
    };
    assert_snapshot!(squeezed(&shot(show())), @r#"
    exit: 0
    --- stdout
    KEY  VALUE  SOURCE
    config  [HOME]/.config/aimharder/config.toml  default
    store  [HOME]/.local/state/aimharder/aimharder.db  default
    account  ben@example.org  environment variable AIMHARDER_ACCOUNT
    background_salt  …  [HOME]/.config/aimharder/config.toml:4
    box  boxdos  flag --box
    password_command  echo …  [HOME]/.config/aimharder/config.toml:3
    watch_every  2m  default
    accounts."ben@example.org".credential  ben-password  [HOME]/.config/aimharder/config.toml:7
    boxes.crossfitdemo.id  10122  [HOME]/.config/aimharder/config.toml:10
    boxes.crossfitdemo.lead  90m  [HOME]/.config/aimharder/config.toml:12
    boxes.crossfitdemo.opens  4d@07:00  [HOME]/.config/aimharder/config.toml:11
    boxes.crossfitdemo.opens_by_class."Open Box"  7d  [HOME]/.config/aimharder/config.toml:14
    notify.1.discord  …  [HOME]/.config/aimharder/config.toml:17
    notify.1.on  booked, waitlisted, failed, postponed, login_required, unreachable, recovered  default
    notify.2.on  failed, booked  [HOME]/.config/aimharder/config.toml:19
    notify.2.telegram.chat  123  [HOME]/.config/aimharder/config.toml:20
    notify.2.telegram.token_command  echo …  [HOME]/.config/aimharder/config.toml:20
    ping.prebook  -  default
    ping.refresh  -  default
    server.ca_file  -  default
    server.connect_to  -  default
    server.domain  aimharder.com  default
    server.login  auto  default
    server.proxy  …  [HOME]/.config/aimharder/config.toml:23
    server.scheme  https  default
    server.timeout  5s  [HOME]/.config/aimharder/config.toml:24
    server.user_agent  Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0  default
    store.key_command  -  default
    "#);
    assert_snapshot!(shot_json(show()), @r#"
    exit: 0
    --- stdout
    {
      "values":[{"key":"config","value":"[HOME]/.config/aimharder/config.toml","source":"default"},
        {"key":"store","value":"[HOME]/.local/state/aimharder/aimharder.db","source":"default"},
        {"key":"account","value":"ben@example.org","source":"environment variable AIMHARDER_ACCOUNT"},
        {"key":"background_salt","value":"…","source":"[HOME]/.config/aimharder/config.toml:4"},
        {"key":"box","value":"boxdos","source":"flag --box"},
        {"key":"password_command","value":"echo …","source":"[HOME]/.config/aimharder/config.toml:3"},
        {"key":"watch_every","value":"2m","source":"default"},
        {"key":"accounts.\"ben@example.org\".credential","value":"ben-password","source":"[HOME]/.config/aimharder/config.toml:7"},
        {"key":"boxes.crossfitdemo.id","value":10122,"source":"[HOME]/.config/aimharder/config.toml:10"},
        {"key":"boxes.crossfitdemo.lead","value":"90m","source":"[HOME]/.config/aimharder/config.toml:12"},
        {"key":"boxes.crossfitdemo.opens","value":"4d@07:00","source":"[HOME]/.config/aimharder/config.toml:11"},
        {"key":"boxes.crossfitdemo.opens_by_class.\"Open Box\"","value":"7d","source":"[HOME]/.config/aimharder/config.toml:14"},
        {"key":"notify.1.discord","value":"…","source":"[HOME]/.config/aimharder/config.toml:17"},
        {"key":"notify.1.on","value":["booked","waitlisted","failed","postponed","login_required","unreachable","recovered"],"source":"default"},
        {"key":"notify.2.on","value":["failed","booked"],"source":"[HOME]/.config/aimharder/config.toml:19"},
        {"key":"notify.2.telegram.chat","value":"123","source":"[HOME]/.config/aimharder/config.toml:20"},
        {"key":"notify.2.telegram.token_command","value":"echo …","source":"[HOME]/.config/aimharder/config.toml:20"},
        {"key":"ping.prebook","value":null,"source":"default"},
        {"key":"ping.refresh","value":null,"source":"default"},
        {"key":"server.ca_file","value":null,"source":"default"},
        {"key":"server.connect_to","value":null,"source":"default"},
        {"key":"server.domain","value":"aimharder.com","source":"default"},
        {"key":"server.login","value":"auto","source":"default"},
        {"key":"server.proxy","value":"…","source":"[HOME]/.config/aimharder/config.toml:23"},
        {"key":"server.scheme","value":"https","source":"default"},
        {"key":"server.timeout","value":"5s","source":"[HOME]/.config/aimharder/config.toml:24"},
        {"key":"server.user_agent","value":"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0","source":"default"},
        {"key":"store.key_command","value":null,"source":"default"}
      ]
    }
    "#);
}

#[test]
fn defaults_need_no_file() {
    let home = Home::nowhere();
    let run = || {
        home.run("config show")
            .env("https_proxy", "http://ana:hunter2@127.0.0.1:1")
    };
    assert_snapshot!(squeezed(&shot(run())), @"
    exit: 0
    --- stdout
    KEY  VALUE  SOURCE
    config  [HOME]/.config/aimharder/config.toml  default
    store  [HOME]/.local/state/aimharder/aimharder.db  default
    account  -  default
    background_salt  aimharder-background-v1  default
    box  -  default
    password_command  -  default
    watch_every  2m  default
    ping.prebook  -  default
    ping.refresh  -  default
    server.ca_file  -  default
    server.connect_to  -  default
    server.domain  aimharder.com  default
    server.login  auto  default
    server.proxy  …  environment variable https_proxy
    server.scheme  https  default
    server.timeout  15s  default
    server.user_agent  Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0  default
    store.key_command  -  default
    ");
    assert_snapshot!(shot(home.run("config check")), @"
    exit: 0
    --- stdout
    no config file: the defaults apply
    ");
    assert_snapshot!(shot_json(home.run("config check")), @r#"
    exit: 0
    --- stdout
    {
      "ok":true
    }
    "#);
}

#[test]
fn a_config_is_checked_with_the_files_that_it_names() {
    let home = Home::nowhere();
    home.write_config(CONFIG);
    assert_snapshot!(shot(home.run("config check")), @"
    exit: 0
    --- stdout
    [HOME]/.config/aimharder/config.toml: OK
    --- stderr
    warning: no session for ana@example.org; run `aimharder login ana@example.org`
    ");
    assert_snapshot!(shot_json(home.run("config check")), @r#"
    exit: 0
    --- stdout
    {
      "ok":true
    }
    --- stderr
    warning: no session for ana@example.org; run `aimharder login ana@example.org`
    "#);
    let with = |text: &str| {
        home.write_config(text);
        shot(home.run("config check"))
    };
    assert_snapshot!(with("[server]\nca_file = \"ca.pem\"\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: server.ca_file: cannot read [HOME]/.config/aimharder/ca.pem: no such file or directory
    ");
    assert_snapshot!(with("password_command = [\"no-such-tool\", \"hunter2\"]\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: password_command: "no-such-tool" is not on the PATH
    "#);
    assert_snapshot!(with("[[notify]]\n\ncommand = [\"/etc/passwd\"]\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:3: notify.1.command: "/etc/passwd" is not an executable file
    "#);
    assert_snapshot!(with("[store]\nkey_command = \"no-such-tool is not looked for\"\n"), @"
    exit: 0
    --- stdout
    [HOME]/.config/aimharder/config.toml: OK
    ");
    assert_snapshot!(with("colour = 1\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: colour: unknown key; known keys are account, box, password_command, background_salt, accounts, watch_every, boxes, notify, ping, server, store
    ");
    assert_snapshot!(shot_json(home.run("config check")), @r#"
    exit: 2
    --- stdout
    {
      "error":{"kind":"usage",
        "message":"[HOME]/.config/aimharder/config.toml:1: colour: unknown key; known keys are account, box, password_command, background_salt, accounts, watch_every, boxes, notify, ping, server, store"}
    }
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: colour: unknown key; known keys are account, box, password_command, background_salt, accounts, watch_every, boxes, notify, ping, server, store
    "#);
    assert_snapshot!(shot(home.run("config show")), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: colour: unknown key; known keys are account, box, password_command, background_salt, accounts, watch_every, boxes, notify, ping, server, store
    ");
    let named = home.run("config check --config nowhere.toml");
    assert_snapshot!(shot(named), @"
    exit: 2
    --- stderr
    error: nowhere.toml: cannot read the config: no such file or directory
    ");
    assert_snapshot!(shot(home.run("config")), @"
    exit: 2
    --- stderr
    error: 'aimharder config' requires a subcommand but one was not provided (check, show); see `aimharder config --help`
    ");
}
