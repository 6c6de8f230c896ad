//! Help texts, short and long, of every command.

use crate::shot;
use crate::support::Home;
use insta::assert_snapshot;

const COMMANDS: [&str; 32] = [
    "",
    "login",
    "logout",
    "sessions",
    "sessions list",
    "sessions set",
    "sessions prune",
    "refresh",
    "boxes",
    "boxes set",
    "boxes remove",
    "classes",
    "bookings",
    "book",
    "cancel",
    "prebook",
    "prebook add",
    "prebook list",
    "prebook rules",
    "prebook remove",
    "prebook skip",
    "prebook run",
    "probe",
    "notify",
    "notify test",
    "status",
    "config",
    "config check",
    "config show",
    "store",
    "completions",
    "man",
];
const STORE: [&str; 5] = [
    "store key",
    "store encrypt",
    "store decrypt",
    "store rekey",
    "store backup",
];

#[test]
fn every_command_has_its_help() {
    let home = Home::nowhere();
    for command in COMMANDS.iter().chain(&STORE) {
        let name = format!("help {command}").trim_end().replace(' ', "_");
        let short = shot(home.run(command).arg("-h"));
        let long = shot(home.run(command).arg("--help"));
        assert_snapshot!(name, format!("== -h\n{short}\n== --help\n{long}"));
    }
}

#[test]
fn the_version_and_the_first_lines_of_scripts_and_pages() {
    let home = Home::nowhere();
    assert_snapshot!(shot(home.run("--version")), @"
    exit: 0
    --- stdout
    aimharder 0.1.0
    ");
    assert_snapshot!(shot(home.run("")), @"
    exit: 2
    --- stderr
    error: no command given. First steps:
      1. log in:            aimharder login
      2. see the classes:   aimharder classes tomorrow
      3. book one:          aimharder book tomorrow 18:30 wod
      4. all commands:      aimharder --help
    ");
    for (shell, lines) in [("bash", 3), ("zsh", 3), ("fish", 3)] {
        let text = shot(home.run(&format!("completions {shell}")));
        let first: Vec<&str> = text.lines().take(lines).collect();
        assert_snapshot!(format!("completions_{shell}"), first.join("\n"));
    }
    let page = shot(home.run("man"));
    let first: Vec<&str> = page.lines().take(12).collect();
    assert_snapshot!(first.join("\n"), @r#"
    exit: 0
    --- stdout
    .ie \n(.g .ds Aq \(aq
    .el .ds Aq '
    .TH AIMHARDER 1 "" "aimharder 0.1.0" "User Commands"
    .SH NAME
    aimharder \- Book gym classes on the AimHarder platform from a shell, crontab or systemd timers
    .SH SYNOPSIS
    aimharder [OPTIONS] [COMMAND]
    .SH DESCRIPTION
    Book gym classes on the AimHarder platform from a shell, crontab or systemd timers
    .SH OPTIONS
    "#);
}
