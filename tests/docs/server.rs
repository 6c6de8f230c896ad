//! The `systemd-run` line for commands that need a key which only systemd supplies. It cannot be run here, so it is compared with
//! the units, whose settings it must have.

use crate::lines::parses;
use crate::text;

/// The words of the `systemd-run` line in a text, without continuations and comment marks.
fn words(page: &str) -> Vec<String> {
    let (_, after) = page.split_once("systemd-run --pipe").unwrap();
    let lines = after
        .lines()
        .map(|line| line.trim_start_matches('#').trim());
    let mut words = Vec::new();
    for line in lines {
        let part = line.trim_end_matches('\\');
        words.extend(part.split_whitespace().map(str::to_owned));
        if part == line {
            break;
        }
    }
    words
}

#[test]
fn a_command_by_hand_runs_as_the_units_do() {
    let page = words(&text("src/docs/security.md"));
    assert_eq!(page, words(&text("systemd/examples/credential.conf")));

    let unit = text("systemd/system/aimharder-refresh.service");
    let (program, command) = page
        .iter()
        .position(|word| word.ends_with("/aimharder"))
        .map(|at| (page[at].clone(), page[at..].to_vec()))
        .unwrap();
    assert!(unit.contains(&format!("ExecStart={program} ")), "{program}");
    parses(&command);

    let given = page.windows(2).filter(|pair| pair[0] == "-p");
    let (credentials, others): (Vec<_>, Vec<_>) = given
        .map(|pair| pair[1].as_str())
        .partition(|setting| setting.starts_with("LoadCredential"));
    assert_eq!(others.len(), 5, "{others:?}");
    for setting in others {
        assert!(unit.lines().any(|line| line == setting), "{setting}");
    }
    let [credential] = credentials.as_slice() else {
        panic!("{credentials:?}");
    };
    let name = credential.split(['=', ':']).nth(1).unwrap();
    assert!(
        text("src/store_key.rs").contains(&format!("\"{name}\"")),
        "{name}"
    );
    let elsewhere = format!("{credential}\n");
    assert!(text("systemd/examples/credential.conf").contains(&elsewhere));
}
