//! The unit that mails when another fails: an example, which a user copies.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{temporary_folder, write_script};

const FAILURE: &str = "aimharder-failure@.service";

fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let mut lines = text.lines();
    lines
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .unwrap()
}

/// The drop-in and the unit it calls are a pair; the unit's one line of shell, run with stand-ins, mails the state.
#[test]
fn the_failure_unit_mails_what_systemd_says() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/examples");
    let drop_in = fs::read_to_string(examples.join("on-failure.conf")).unwrap();
    assert_eq!(value(&drop_in, "OnFailure"), FAILURE.replace("@.", "@%n."));

    let unit = fs::read_to_string(examples.join(FAILURE)).unwrap();
    let script = value(&unit, "ExecStart")
        .split('\'')
        .nth(1)
        .unwrap()
        .replace("$$", "$")
        .replace("%H", "here");
    let tools = temporary_folder();
    let tool = |name: &str, script: &str| write_script(&tools.path().join(name), script);
    tool("systemctl", "echo \"state: $*\"; exit 3");
    tool("mail", "echo \"$*\"; cat");
    for (scope, flag) in [("/run/user/1000", "--user "), ("", "")] {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &script, "sh", "aimharder-refresh@ana.service"])
            .env_clear();
        shell.env("PATH", format!("{}:/usr/bin:/bin", tools.path().display()));
        shell.env("MAILTO", "ana").env("XDG_RUNTIME_DIR", scope);
        let output = shell.output().unwrap();
        assert!(output.status.success());
        let expected = format!(
            "-s aimharder-refresh@ana.service failed on here ana\n\
             state: {flag}status --full --lines=20 --no-pager aimharder-refresh@ana.service\n"
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}
