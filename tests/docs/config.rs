//! The commented config: it changes nothing as it is, every line of it can be used, and no setting is missing.

use aimharder::config::{Channel, Config, Event, Server};
use strum::VariantArray as _;

use crate::{path, text};

/// The commented config with every setting in force, except the lines that begin with one of these.
fn in_force(but: &[&str]) -> String {
    let text = text("examples/config.toml");
    let lines = text.lines().map(|line| {
        let setting = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| "[\"".contains(c) || c.is_ascii_lowercase()));
        setting.unwrap_or(line)
    });
    let kept = lines.filter(|line| !but.iter().any(|start| line.starts_with(start)));
    kept.collect::<Vec<_>>().join("\n")
}

fn config(text: &str) -> Result<Config, String> {
    Config::parse(text, &path("examples/config.toml")).map_err(|e| e.to_string())
}

#[test]
fn the_example_config_changes_nothing_as_it_is() {
    let file = path("examples/config.toml");
    let mut loaded = Config::load(&file).unwrap();
    assert_eq!(loaded.path.take(), Some(file));
    assert_eq!(loaded, Config::default());
}

#[test]
fn every_setting_of_the_example_config_can_be_used() {
    let by_address = config(&in_force(&["proxy"])).unwrap();
    let by_proxy = config(&in_force(&["connect_to"])).unwrap();
    let both = config(&in_force(&[])).unwrap_err();
    assert!(
        both.contains("cannot be used together with proxy"),
        "{both}"
    );

    assert!(by_proxy.server.proxy.is_some());
    assert_eq!(
        by_address.background_salt,
        Config::default().background_salt
    );
    let default = Server {
        connect_to: by_address.server.connect_to,
        ca_file: by_address.server.ca_file.clone(),
        ..Server::default()
    };
    assert_eq!(
        by_address.server, default,
        "a default is shown that is none"
    );
    assert_eq!(by_address.notify[0].on, Event::VARIANTS);
    let channels = by_address.notify.iter().map(|notify| match notify.channel {
        Channel::Command(_) => 1,
        Channel::Discord(_) => 2,
        Channel::Ntfy(_) => 3,
        Channel::Telegram { .. } => 4,
        Channel::Webhook(_) => 5,
    });
    assert_eq!(channels.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn the_example_config_has_every_setting_there_is() {
    let whole = in_force(&[]);
    let sections = [
        "nope = 1",
        "[accounts.\"a@example.org\"]\nnope = 1",
        "[boxes.demo]\nnope = 1",
        "[[notify]]\nnope = 1",
        "[[notify]]\ntelegram = { nope = 1 }",
        "[ping]\nnope = 1",
        "[server]\nnope = 1",
        "[store]\nnope = 1",
    ];
    for section in sections {
        let printed = config(section).unwrap_err();
        let (_, known) = printed.split_once("unknown key; known keys are ").unwrap();
        for key in known.split(", ") {
            let ways = [
                "\nKEY = ",
                "\n[KEY",
                ".KEY]",
                "\n[[KEY]]",
                "{ KEY = ",
                ", KEY = ",
            ];
            let shown = ways
                .iter()
                .any(|way| whole.contains(&way.replace("KEY", key)));
            assert!(shown, "{key} is not in the example config");
        }
    }
}
