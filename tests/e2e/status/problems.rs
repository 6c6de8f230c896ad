//! `status`: each problem alone, with its remedy and its exit code.

use std::fs;

use serde_json::Value;

use crate::status::{SOURCE, well};
use crate::store::encryption::{OTHER, encrypted};
use crate::support::{Home, logged_in, set_mode};

/// A single problem: how it is caused, its code, the exit code of `--check`, and words of its message and remedy.
struct Wrong {
    spoil: fn(&Home),
    code: &'static str,
    exit: i32,
    words: &'static [&'static str],
}

const TOKEN_LATE: &str = "UPDATE sessions SET token_updated_at = token_updated_at - 3600000 * 2";

pub(crate) fn problem(home: &Home, standing: &str, runs: i64) {
    home.sql(&format!(
        "UPDATE sessions SET problem = {standing}, outage_runs = {runs} WHERE kind = 'background'"
    ));
    home.sql("UPDATE sessions SET last_error = 'no response' WHERE kind = 'background'");
}

pub(crate) fn mode(home: &Home, path: &str, mode: u32) {
    set_mode(&home.path().join(path), mode);
}

#[test]
fn each_problem_alone() {
    let table = [
        Wrong {
            spoil: |home| {
                home.config("");
                home.sql("UPDATE sessions SET status = 'expired' WHERE kind = 'background'");
            },
            code: "session_expired",
            exit: 3,
            words: &[
                "the background session of ana@example.org has expired",
                "aimharder login ana@example.org --only background",
            ],
        },
        Wrong {
            spoil: |home| {
                home.sql("UPDATE sessions SET status = 'expired' WHERE kind = 'background'");
            },
            code: "session_expired",
            exit: 3,
            words: &[
                "the next refresh logs it in again",
                "run `aimharder refresh`",
            ],
        },
        Wrong {
            spoil: |home| {
                home.sql(TOKEN_LATE);
            },
            code: "token_stale",
            exit: 3,
            words: &[
                "the token of the background session",
                "is 2 h old",
                "run `aimharder refresh`",
            ],
        },
        Wrong {
            spoil: |home| {
                home.sql("UPDATE sessions SET token_expires_at = 1600000000000 WHERE kind = 'background'");
            },
            code: "token_expired",
            exit: 3,
            words: &["has expired", "aimharder login"],
        },
        Wrong {
            spoil: |home| problem(home, "NULL", 3),
            code: "outage",
            exit: 5,
            words: &["could not reach AimHarder", "3 times in a row"],
        },
        Wrong {
            spoil: |home| problem(home, "'refused'", 0),
            code: "refresh_failing",
            exit: 4,
            words: &["is not refreshed: no response", "refresh --force"],
        },
        Wrong {
            spoil: |home| home.crontab("# */15 * * * * aimharder refresh"),
            code: "not_scheduled",
            exit: 6,
            words: &[
                "nothing runs `aimharder refresh`",
                "*/15 * * * * /",
                "crontab -e",
                // no units are installed here
                "systemd/install.sh --user --enable",
            ],
        },
        Wrong {
            spoil: |home| {
                home.crontab(
                    "*/15 * * * * ~/.cargo/bin/aimharder refresh --account ben@example.org",
                );
            },
            code: "not_scheduled",
            exit: 6,
            words: &["nothing runs `aimharder refresh`"],
        },
        Wrong {
            spoil: |home| {
                home.crontab("");
                home.tool(
                    "systemctl",
                    "[ \"$1\" = --user ] || exit 1\n\
                     printf 'Id=aimharder-refresh.timer\\nLoadState=loaded\\nActiveState=inactive\\n'",
                );
            },
            code: "timer_inactive",
            exit: 6,
            words: &[
                "installed but not active",
                "systemctl --user enable --now aimharder-refresh.timer",
            ],
        },
        Wrong {
            spoil: |home| {
                home.config(&format!(
                    "{SOURCE}\n[store]\nkey_command = \"printf %064d 7\""
                ));
                home.run("store encrypt").succeeds();
                assert_eq!(home.findings().0, [""; 0]);
                home.config(SOURCE);
            },
            code: "store_key_missing",
            exit: 2,
            words: &["is encrypted and no source of its key", "key_command"],
        },
        Wrong {
            spoil: |home| {
                encrypt_with_file(home);
                fs::remove_file(home.path().join("key")).unwrap();
            },
            code: "store_key_missing",
            exit: 2,
            words: &[
                "the key of the store",
                "is not available",
                "make it available",
            ],
        },
        Wrong {
            spoil: |home| {
                encrypt_with_file(home);
                home.write("key", &format!("{OTHER}\n"));
            },
            code: "store_key_wrong",
            exit: 1,
            words: &["the key does not match", "key_command", "--forget-logins"],
        },
        Wrong {
            spoil: |home| home.config("account = \"eva@example.org\""),
            code: "no_login",
            exit: 3,
            words: &[
                "no session for eva@example.org",
                "run `aimharder login eva@example.org`",
            ],
        },
        Wrong {
            spoil: |home| home.config(&format!("{SOURCE}\nbox = \"crosfitdemo\"")),
            code: "unknown_box",
            exit: 6,
            words: &[
                "the box \"crosfitdemo\" of the config is not known (known: crossfitdemo)",
                "run `aimharder boxes --detect`",
            ],
        },
        Wrong {
            spoil: |home| mode(home, ".config/aimharder/config.toml", 0o646),
            code: "config_writable",
            exit: 2,
            words: &["is writable by others (mode 646)", "chmod 600"],
        },
        Wrong {
            spoil: |home| {
                let folder = home.store_path().parent().unwrap().to_owned();
                fs::remove_dir_all(&folder).unwrap();
                fs::write(folder, "").unwrap();
            },
            code: "store_unusable",
            exit: 1,
            words: &["not a directory"],
        },
        Wrong {
            spoil: |home| mode(home, ".local/state/aimharder", 0o757),
            code: "store_unusable",
            exit: 1,
            words: &["others can write to it (mode 757)", "chmod 700"],
        },
        Wrong {
            spoil: |home| mode(home, ".local/state/aimharder/aimharder.db", 0o644),
            code: "store_unusable",
            exit: 1,
            words: &["can be read by others", "chmod 600"],
        },
        Wrong {
            spoil: |home| home.write_config("acount = 1"),
            code: "config_unusable",
            exit: 2,
            words: &["config.toml:1", "acount"],
        },
    ];
    crate::support::side_by_side(&table, |wrong| {
        let (_sandbox, home) = well();
        (wrong.spoil)(&home);
        let (problems, _) = home_findings(&home, wrong.exit);
        assert!(
            problems.iter().all(|code| code == wrong.code) && !problems.is_empty(),
            "{}: {problems:?}",
            wrong.code
        );
        let printed = home.status("--check").ends(wrong.exit);
        assert!(printed.stdout.starts_with("problem: "), "{printed:?}");
        for words in wrong.words {
            assert!(
                printed.stdout.contains(words),
                "{words:?} is missing: {}",
                printed.stdout
            );
        }
        // the messages of a key command may precede it
        assert!(
            printed.stderr.contains("error: ") && printed.stderr.ends_with(", see above\n"),
            "{printed:?}"
        );
        // without --check only a config or store that cannot be used is a failure
        let plain = if wrong.code.ends_with("unusable") {
            wrong.exit
        } else {
            0
        };
        home.status("--offline").ends(plain);
    });
}

/// The codes of the problems and the JSON of `status --check`, which must end with this exit code.
pub(crate) fn home_findings(home: &Home, exit: i32) -> (Vec<String>, Value) {
    let printed = home.status("--check").ends_json(exit);
    let problems = printed["problems"].as_array().unwrap().iter();
    let codes = problems.map(|p| p["code"].as_str().unwrap().to_owned());
    (codes.collect(), printed)
}

/// Encrypts the store with a key in a file.
pub(crate) fn encrypt_with_file(home: &Home) {
    encrypted(home);
    assert_eq!(home.findings().0, [""; 0]);
    home.status("--offline").prints(&["OK, encrypted,"]);
}

#[test]
fn remedies_carry_the_flags_of_the_call_in_json_too() {
    let (_sandbox, home) = logged_in();
    home.sql("DELETE FROM sessions WHERE kind = 'device'");
    home.sql("UPDATE sessions SET status = 'expired'");
    let store = home.write("my \"gym\".db", "");
    std::fs::copy(home.store_path(), &store).unwrap();
    let printed = home.run("status --offline --store").arg(&store).json();
    let problems = printed["problems"].as_array().unwrap();
    let remedies: Vec<&str> = problems
        .iter()
        .filter_map(|it| it["remedy"].as_str())
        .collect();
    let login = format!(
        "`aimharder login ana@example.org --only background --store '{}'`",
        store.display()
    );
    assert!(
        remedies.iter().any(|it| it.contains(&login)),
        "{remedies:?}"
    );
}
