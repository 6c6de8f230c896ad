//! What `--uninstall` and newer versions remove, and what they leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::home::Home;

/// The list of the first versions had no checksums.
#[test]
fn what_an_older_version_placed_goes_unless_it_was_changed() {
    let home = Home::new(1);
    home.installed("--user");
    let list = home.path(".local/share/aimharder/installed");
    let listed = fs::read_to_string(&list).unwrap();
    let has_checksum = |line: &str| line.ends_with('/') || line.find("  /") == Some(64);
    assert!(listed.lines().all(has_checksum), "{listed}");
    let [old, changed] = ["aimharder-old.timer", "aimharder-mine.timer"]
        .map(|name| home.path(".config/systemd/user").join(name));
    fs::write(&old, "").unwrap();
    fs::write(&changed, "mine").unwrap();
    let (zeros, others) = ("0".repeat(64), changed.display());
    let entries = format!("{}\n{zeros}  {others}\n", old.display());
    fs::write(&list, listed + &entries).unwrap();
    let printed = home.installed("--user");
    assert!(!old.exists());
    assert!(printed.contains(&format!("left {others}: ")), "{printed}");
    home.install("--user --uninstall");
    assert_eq!(fs::read_to_string(&changed).unwrap(), "mine");
}

#[test]
fn what_stopped_half_way_can_be_removed() {
    let home = Home::new(1);
    // a file where a folder is needed
    fs::create_dir(home.path(".config")).unwrap();
    fs::write(home.path(".config/fish"), "").unwrap();
    let printed = home.install(&format!("--user --binary {}", home.binary()));
    printed.is(1, &[]);
    assert!(home.path(".cargo/bin/aimharder").exists());
    let printed = home.install("--user --uninstall");
    printed.is(0, &[]);
    let left: Vec<String> = home.files("").into_keys().collect();
    assert_eq!(left, [".config/fish"]);
}

#[test]
fn a_crontab_that_still_runs_the_program_is_reported() {
    let home = Home::new(1);
    home.installed("--user");
    let report = "your crontab still runs aimharder";
    home.tool("crontab", "echo '# */15 * * * * aimharder refresh'");
    let printed = home.install("--user --uninstall");
    assert!(!printed.text.contains(report), "{}", printed.text);
    home.installed("--user");
    home.tool(
        "crontab",
        "echo '*/15 * * * * \"$HOME\"/.cargo/bin/aimharder refresh'",
    );
    home.install("--user --uninstall").is(0, &[report]);
}

#[test]
fn removing_takes_what_was_placed_and_leaves_config_and_state() {
    let home = Home::new(0);
    home.installed("--user --enable");
    let mine = home.path(".config/systemd/user/aimharder-refresh.service.d/override.conf");
    fs::create_dir(mine.parent().unwrap()).unwrap();
    fs::write(&mine, "").unwrap();
    let wants = home.path(".config/systemd/user/timers.target.wants");
    fs::create_dir(&wants).unwrap();
    fs::write(wants.join("aimharder-refresh.timer"), "").unwrap();
    fs::write(wants.join("other.timer"), "").unwrap();
    fs::write(home.path(".local/state/aimharder/aimharder.db"), "").unwrap();

    let printed = home.install("--user --uninstall");
    let left: Vec<String> = home.files("").into_keys().collect();
    let expected = [
        ".config/aimharder/config.toml",
        ".config/systemd/user/aimharder-refresh.service.d/override.conf",
        ".config/systemd/user/timers.target.wants/other.timer",
        ".local/state/aimharder/aimharder.db",
    ];
    assert_eq!(left, expected);
    printed.is(
        0,
        &[
            "left ",
            "config.toml",
            "local/state/aimharder",
            "logout --background",
        ],
    );
    let again = home.install("--user --uninstall");
    again.is(0, &["nothing to remove"]);
    let stopped = "--user stop aimharder-refresh* aimharder-prebook*".to_owned();
    assert!(home.calls().contains(&stopped), "{:?}", home.calls());
}

#[test]
fn folders_that_it_made_go_when_nothing_is_left_in_them() {
    let home = Home::new(1);
    let mine = [".config/fish/completions", ".local/share/zsh"];
    for folder in mine {
        fs::create_dir_all(home.path(folder)).unwrap();
    }
    home.installed("--user");
    home.installed("--user"); // the second time all of them are there already
    let kept = home.path(".local/share/bash-completion/completions/other");
    fs::write(&kept, "").unwrap();
    let printed = home.install("--user --uninstall");
    printed.is(0, &[]);
    for gone in [
        ".cargo",
        ".config/systemd",
        ".local/state",
        ".local/share/aimharder",
        ".local/share/zsh/site-functions",
    ] {
        assert!(!home.path(gone).exists(), "{gone}: {}", printed.text);
    }
    for folder in mine {
        assert!(home.path(folder).is_dir(), "{folder}: {}", printed.text);
    }
    let left: Vec<String> = home.files("").into_keys().collect();
    let expected = [
        ".config/aimharder/config.toml",
        ".local/share/bash-completion/completions/other",
    ];
    assert_eq!(left, expected);
}

#[test]
fn what_was_there_before_is_used_and_left() {
    let home = Home::new(1);
    let program = home.path(".cargo/bin/aimharder");
    let script = home.path(".local/share/zsh/site-functions/_aimharder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/_aimharder");
    for (from, to) in [(PathBuf::from(home.binary()), &program), (here, &script)] {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        // by another process, see `write_script`
        let copied = Command::new("cp").args([&from, to]).status();
        assert!(copied.unwrap().success());
    }
    for _ in 0..2 {
        let printed = home.installed("--user");
        for mine in [&program, &script] {
            let line = format!("found {}\n", mine.display());
            assert!(printed.contains(&line), "{printed}");
        }
    }
    let printed = home.install("--user --uninstall");
    printed.is(0, &["left ", ".cargo/bin"]);
    assert!(program.exists() && script.exists());
}

#[test]
fn files_that_were_changed_since_are_left_and_named() {
    let home = Home::new(1);
    home.installed("--user");
    let changed = [
        ".cargo/bin/aimharder",
        ".config/systemd/user/aimharder-refresh.timer",
        ".local/share/zsh/site-functions/_aimharder",
    ];
    fs::write(home.path(changed[0]), "a newer one").unwrap();
    fs::write(home.path(changed[1]), "[Timer]\nOnCalendar=hourly\n").unwrap();
    fs::remove_file(home.path(changed[2])).unwrap();
    std::os::unix::fs::symlink("/dev/null", home.path(changed[2])).unwrap();
    fs::remove_file(home.path(".config/systemd/user/aimharder-prebook.timer")).unwrap();
    let printed = home.install("--user --uninstall");
    printed.is(0, &[]);
    let mut left: Vec<String> = home.files("").into_keys().collect();
    left.retain(|name| name != ".config/aimharder/config.toml");
    assert_eq!(left, changed, "{}", printed.text);
    for name in changed {
        let line = format!("left {}: it was changed since", home.path(name).display());
        assert_eq!(printed.text.matches(&line).count(), 1, "{}", printed.text);
    }
    let of_program = format!("left {}", home.path(changed[0]).display());
    let lines = printed.text.matches(&of_program).count();
    assert_eq!(lines, 1, "{}", printed.text);
}
