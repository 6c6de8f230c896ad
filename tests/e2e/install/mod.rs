//! `systemd/install.sh`, run in temporary homes and folders: what it installs, that a second call changes nothing, and what
//! it leaves when it removes. No unit is started: `systemctl` is a stand-in that records its calls.

mod failure;
mod home;
mod removing;
mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};

use home::Home;

use crate::support::{set_mode, temporary_folder};

const UNITS: &str = ".config/systemd/user";

/// The files in a user's home, except the man pages, whose number grows with the commands.
const PLACED: [&str; 14] = [
    ".cargo/bin/aimharder",
    ".config/aimharder/config.toml",
    ".config/fish/completions/aimharder.fish",
    ".config/systemd/user/aimharder-prebook.service",
    ".config/systemd/user/aimharder-prebook.timer",
    ".config/systemd/user/aimharder-prebook@.service",
    ".config/systemd/user/aimharder-prebook@.timer",
    ".config/systemd/user/aimharder-refresh.service",
    ".config/systemd/user/aimharder-refresh.timer",
    ".config/systemd/user/aimharder-refresh@.service",
    ".config/systemd/user/aimharder-refresh@.timer",
    ".local/share/aimharder/installed",
    ".local/share/bash-completion/completions/aimharder",
    ".local/share/zsh/site-functions/_aimharder",
];

#[test]
fn for_a_user_everything_has_its_place_and_mode() {
    let home = Home::new(1);
    home.with_all_pages();
    let printed = home.installed("--user");
    let files = home.files("");
    for name in PLACED {
        assert!(files.contains_key(name), "{name}: {files:?}");
    }
    let pages = files
        .keys()
        .filter(|name| name.starts_with(".cargo/share/man/man1/aimharder"));
    assert!(pages.count() >= 10, "{files:?}");
    let example = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/config.toml"));
    let config = fs::read(home.path(".config/aimharder/config.toml"));
    assert_eq!(config.unwrap(), example.unwrap());
    assert_eq!(home.mode(".config/aimharder/config.toml"), 0o600);
    assert_eq!(home.mode(".local/state/aimharder"), 0o700);
    assert_eq!(home.mode(".cargo/bin/aimharder"), 0o755);
    assert!(printed.contains("  aimharder login\n"), "{printed}");
    assert!(
        printed.contains("examples/crontab) | crontab -"),
        "no systemd here: {printed}"
    );
}

/// The programs in the crontab lines whose addition is suggested.
fn cron_calls(printed: &str, home: &Home) -> Vec<String> {
    let (_, adds) = printed.split_once("(crontab -l; ").unwrap();
    let (adds, _) = adds.split_once(") | crontab -").unwrap();
    let shown = std::process::Command::new("sh").args(["-c", adds]).output();
    let lines = String::from_utf8(shown.unwrap().stdout).unwrap();
    let jobs = lines.lines().filter(|line| line.starts_with(['*', '1']));
    let calls: Vec<_> = jobs
        .map(|job| {
            let call = job.split('"').collect::<Vec<_>>();
            let folder = home.path("").display().to_string();
            // cron takes `\%` for `%`, the shell the variable
            format!("{}{}", call[1], call[2].split(' ').next().unwrap())
                .replace("$HOME", folder.trim_end_matches('/'))
                .replace("\\%", "%")
        })
        .collect();
    assert_eq!(calls.len(), 2, "{lines}");
    calls
}

#[test]
fn the_units_call_the_program_where_it_is() {
    let elsewhere = temporary_folder();
    let cases = [
        (Home::new(1), "--user", ".cargo/bin/aimharder"),
        (
            Home::new(1),
            "--user --prefix .local",
            ".local/bin/aimharder",
        ),
        (
            Home::new(1).with("CARGO_HOME", &elsewhere.path().join("100%")),
            "--user",
            "100%/bin/aimharder",
        ),
    ];
    for (home, args, program) in cases {
        let printed = home.installed(args);
        for called in cron_calls(&printed, &home) {
            assert!(Path::new(&called).ends_with(program), "{called}");
            assert!(Path::new(&called).is_file(), "{called}");
        }
        let starts = home.values(UNITS, "ExecStart");
        assert_eq!(starts.len(), 4);
        for start in starts {
            let start = start.replace("%%", "%");
            let called = Path::new(start.split(' ').next().unwrap());
            assert!(called.ends_with(program), "{start}");
            assert!(called.is_file(), "{start}");
        }
        for bound in home.values(UNITS, "BindReadOnlyPaths") {
            assert!(bound.replace("%%", "%").contains(program), "{bound}");
        }
    }
}

#[test]
fn the_units_look_where_the_users_variables_point() {
    let home = Home::new(1);
    let (state, config) = (home.path("my/states"), home.path("my/settings"));
    let home = home
        .with("XDG_STATE_HOME", &state)
        .with("XDG_CONFIG_HOME", &config);
    home.installed("--user");
    let folders = format!(
        "XDG_STATE_HOME={} XDG_CONFIG_HOME={}",
        state.display(),
        config.display()
    );
    let printed = home.values("my/settings/systemd/user", "Environment");
    assert_eq!(
        printed.iter().filter(|value| **value == folders).count(),
        4,
        "{printed:?}"
    );
    for bound in home.values("my/settings/systemd/user", "BindPaths") {
        assert_eq!(bound, state.join("aimharder").display().to_string());
    }
    assert_eq!(home.mode("my/states/aimharder"), 0o700);
}

#[test]
fn again_changes_nothing_and_a_config_is_never_touched() {
    let home = Home::new(1);
    home.installed("--user");
    let config = home.path(".config/aimharder/config.toml");
    fs::write(config, "box = \"crossfitdemo\"\n").unwrap();
    set_mode(&home.path(".local/state/aimharder"), 0o750);
    let mut before = home.files("");
    let printed = home.installed("--user");
    let mut after = home.files("");
    let list = ".local/share/aimharder/installed"; // written anew
    assert!(before.remove(list).is_some() && after.remove(list).is_some());
    assert_eq!(before, after);
    assert!(
        !printed.contains("placed") && !printed.contains("removed"),
        "{printed}"
    );
    assert!(printed.contains("kept"), "{printed}");
    assert_eq!(home.mode(".local/state/aimharder"), 0o750);
}

#[test]
fn timers_are_started_only_when_asked() {
    let home = Home::new(0);
    let printed = home.installed("--user");
    let enable = "--user enable --now aimharder-refresh.timer aimharder-prebook.timer";
    assert_eq!(home.calls(), ["--user daemon-reload"]);
    assert!(
        printed.contains(enable) && printed.contains("enable-linger"),
        "{printed}"
    );
    home.installed("--user --enable");
    assert!(
        home.calls().iter().any(|call| call == enable),
        "{:?}",
        home.calls()
    );
}

#[test]
fn without_systemd_all_is_placed_and_enabling_is_refused() {
    let home = Home::new(1);
    let printed = home.install(&format!("--user --enable --binary {}", home.binary()));
    printed.is(1, &["systemd does not run"]);
    assert!(home.path(UNITS).join("aimharder-refresh.timer").exists());
    assert!(home.calls().is_empty(), "{:?}", home.calls());
}

#[test]
fn for_the_machine_below_another_folder() {
    for (prefix, lib) in [("", "etc"), ("--prefix /usr", "usr/lib")] {
        let home = Home::new(0);
        let below = home.path("root");
        let home = home.with("DESTDIR", &below);
        home.installed(&format!("--system --enable {prefix}"));
        let bin = if prefix.is_empty() {
            "usr/local"
        } else {
            "usr"
        };
        assert_eq!(home.mode(&format!("root/{bin}/bin/aimharder")), 0o755);
        assert_eq!(home.mode("root/etc/aimharder/config.toml"), 0o640);
        assert_eq!(home.mode("root/var/lib/aimharder"), 0o700);
        assert!(
            home.path(&format!("root/{lib}/sysusers.d/aimharder.conf"))
                .exists()
        );
        let starts = home.values(&format!("root/{lib}/systemd/system"), "ExecStart");
        assert_eq!(starts.len(), 4);
        for start in starts {
            assert!(
                start.starts_with(&format!("/{bin}/bin/aimharder ")),
                "{start}"
            );
        }
        assert!(home.calls().is_empty(), "the running system is left alone");
        let printed = home.install(&format!("--system --uninstall {prefix}"));
        printed.is(0, &[]);
        let left: Vec<String> = home.files("root").into_keys().collect();
        assert_eq!(left, ["etc/aimharder/config.toml"]);
    }
}

#[test]
fn wrong_calls_place_nothing() {
    let cases = [
        ("--sideways", 2, "unknown argument --sideways"),
        ("--user --prefix", 2, "--prefix needs a value"),
        ("--user --binary nowhere", 1, "--binary"),
        ("--user --binary tools", 1, "no program to install"),
    ];
    for (args, code, words) in cases {
        let home = Home::new(1);
        let printed = home.install(args);
        printed.is(code, &[words]);
        assert!(home.files("").is_empty(), "{args}: {:?}", home.files(""));
    }
    let home = Home::new(1);
    let odd = home.path("two words");
    let home = home.with("XDG_STATE_HOME", &odd);
    let printed = home.install(&format!("--user --binary {}", home.binary()));
    printed.is(1, &["unusual characters"]);
    assert!(home.files("").is_empty(), "{:?}", home.files(""));
}

/// As README has it: from the repository, by a relative name; a CDPATH changes what `cd` finds and prints.
#[test]
fn called_from_the_repository_whatever_cdpath_says() {
    let home = Home::new(1);
    let printed = std::process::Command::new("systemd/install.sh")
        .args(["--user", "--binary", &home.binary()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", "/usr/bin:/bin")
        .env("CDPATH", ".:/")
        .env("DESTDIR", home.path("below"))
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
}

#[test]
fn for_a_user_is_refused_to_root_alone() {
    let home = Home::new(1).with("SUDO_USER", Path::new("ben"));
    home.tool("id", "echo 0");
    let printed = home.install(&format!("--user --binary {}", home.binary()));
    printed.is(2, &["not for root"]);
    assert!(home.files("").is_empty(), "{:?}", home.files(""));
    // as `sudo -u ana` calls it
    home.tool("id", "echo 1000");
    home.installed("--user");
}

/// The folders that the lines before "Next:" name, each with its number of files.
fn folders(printed: &str, verb: &str) -> Vec<(PathBuf, usize)> {
    let (done, _) = printed.split_once("Next:").unwrap_or((printed, ""));
    let lines = done.lines().filter_map(|line| line.strip_prefix(verb));
    lines
        .map(|line| match line.split_once(" files in ") {
            Some((number, folder)) => (folder.into(), number.parse().unwrap()),
            None => (Path::new(line).parent().unwrap().into(), 1),
        })
        .collect()
}

#[test]
fn what_is_placed_takes_one_line_for_each_folder() {
    let home = Home::new(1);
    let printed = home.installed("--user");
    let placed = folders(&printed, "placed ");
    let mut expected = std::collections::BTreeMap::new();
    for name in home.files("").keys() {
        if name != ".local/share/aimharder/installed" {
            let folder = home.path(name).parent().unwrap().to_owned();
            *expected.entry(folder).or_insert(0) += 1;
        }
    }
    assert_eq!(placed.len(), expected.len(), "{printed}");
    assert_eq!(
        placed
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
        expected
    );
    let removed = home.install("--user --uninstall").text;
    assert!(
        removed.contains(&format!(
            "removed 8 files in {}\n",
            home.path(UNITS).display()
        )),
        "{removed}"
    );
}

#[test]
fn the_paths_it_prints_are_below_destdir() {
    let home = Home::new(1);
    let below = home.path("root");
    let home = home.with("DESTDIR", &below);
    let printed = home.installed("--system");
    let begin = format!(" {}/", below.display());
    for line in printed.lines() {
        assert!(line.contains(&begin), "{line}");
    }
    assert!(
        printed.contains("placed ") && printed.contains("made "),
        "{printed}"
    );
    let again = home.installed("--system");
    assert_eq!(
        again,
        format!("kept {}/etc/aimharder/config.toml\n", below.display())
    );
    let printed = home.install("--system --uninstall");
    let paths = printed.text.lines().filter(|line| line.contains('/'));
    for line in paths.clone() {
        assert!(line.contains(&begin), "{line}");
    }
    assert!(paths.count() > 5, "{}", printed.text);
    let printed = home.install("--system --uninstall").text;
    assert!(printed.contains(&below.display().to_string()), "{printed}");
}

#[test]
fn it_needs_three_folders_of_the_repository() {
    // a name that a shell must quote
    const COPY: &str = "Ana's copy";
    let home = Home::new(1);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(home.path(COPY)).unwrap();
    for folder in ["systemd", "examples", "completions"] {
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .arg(repository.join(folder))
            .arg(home.path(COPY))
            .status();
        assert!(copied.unwrap().success());
    }
    let printed = home.install_from(&home.path(COPY), "--user");
    printed.is(1, &["no program to install: name one by --binary"]);
    let with_program = format!("--user --binary {}", home.binary());
    let printed = home.install_from(&home.path(COPY), &with_program);
    printed.is(0, &[]);
    assert!(!printed.text.contains("No such file"), "{}", printed.text);
    let files = home.files("");
    for name in PLACED {
        assert!(files.contains_key(name), "{name}: {files:?}");
    }
    for called in cron_calls(&printed.text, &home) {
        assert!(Path::new(&called).is_file(), "{called}");
    }
    // a clone without symbolic links
    let link = home
        .path(COPY)
        .join("systemd/user/aimharder-refresh@.timer");
    fs::remove_file(&link).unwrap();
    fs::write(&link, "aimharder-refresh.timer").unwrap();
    let printed = home.install_from(&home.path(COPY), &with_program);
    printed.is(1, &["aimharder-refresh@.timer is not a unit", "cp -rL"]);
}
