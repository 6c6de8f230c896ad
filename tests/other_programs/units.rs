//! The systemd units and the crontab: hardened, scheduled as promised, and calling commands that exist. Where
//! systemd is installed, its own tools verify and score them; CI must have it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // helpers of tests may, as tests do

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aimharder::cli::Cli;
use clap::Parser;

fn units(ending: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let mut found = Vec::new();
    for folder in ["user", "system"] {
        let files = fs::read_dir(root.join(folder)).unwrap();
        found.extend(
            files
                .map(|file| file.unwrap().path())
                .filter(|path| path.to_string_lossy().ends_with(ending)),
        );
    }
    found.sort();
    assert_eq!(
        found.len(),
        8,
        "refresh and prebook, plain and template, user and system"
    );
    found
}

fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    text.lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .collect()
}

#[test]
fn every_service_is_hardened_and_calls_a_command_that_exists() {
    for path in units(".service") {
        let text = fs::read_to_string(&path).unwrap();
        for line in [
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "PrivateDevices=yes",
            "PrivateUsers=yes",
            "ProtectSystem=strict",
            "MemoryDenyWriteExecute=yes",
            "RestrictNamespaces=yes",
            "SystemCallFilter=@system-service",
            "UMask=0077",
            "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
            "Environment=RUST_BACKTRACE=0",
            "Type=oneshot",
        ] {
            assert!(
                text.lines().any(|l| l == line),
                "{}: no line {line}",
                path.display()
            );
        }
        let starts = values(&text, "ExecStart");
        let [command] = starts.as_slice() else {
            panic!("{}: one ExecStart", path.display())
        };
        let words: Vec<&str> = command.split_whitespace().collect();
        assert!(words[0].ends_with("/aimharder"), "{command}");
        Cli::try_parse_from(&words)
            .unwrap_or_else(|e| panic!("{}: {command}: {e}", path.display()));
    }
}

#[test]
fn timers_come_every_quarter_of_an_hour() {
    for path in units(".timer") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.display();
        if path.to_string_lossy().contains("refresh") {
            assert_eq!(values(&text, "OnCalendar"), ["*:0/15"], "{name}");
            assert_eq!(values(&text, "RandomizedDelaySec"), ["2min"], "{name}");
            assert_eq!(values(&text, "Persistent"), ["yes"], "{name}");
        } else {
            assert_eq!(values(&text, "OnCalendar"), ["*:13/15"], "{name}");
            assert_eq!(values(&text, "AccuracySec"), ["1s"], "{name}");
            assert_eq!(values(&text, "Persistent"), ["no"], "{name}");
            assert!(
                values(&text, "RandomizedDelaySec").is_empty(),
                "{name}: no jitter"
            );
        }
    }
}

#[test]
fn crontab_lines_parse() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/crontab")).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit() || c == '*'))
        .collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (when, command) = words.split_at(5);
        // cron's PATH does not have the folder that `cargo install` writes to
        assert_eq!(command[0], "\"$HOME\"/.cargo/bin/aimharder", "{line}");
        assert!(when[1..].iter().all(|field| *field == "*"), "{line}");
        Cli::try_parse_from(command).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
}

/// Hiding folders and giving capabilities up both need a user namespace in a user unit. `ProtectClock=` and its like
/// count too: they drop capabilities. Left out, such a line ends the unit with 218/CAPABILITIES or 226/NAMESPACE.
#[test]
fn the_drop_in_without_user_namespaces_takes_back_all_that_needs_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let drop_in = fs::read_to_string(root.join("examples/no-user-namespaces.conf")).unwrap();
    let unit = fs::read_to_string(root.join("user/aimharder-refresh.service")).unwrap();
    let settings = unit.lines().filter_map(|line| line.split_once('='));
    for (key, _) in settings.filter(|(key, _)| !key.starts_with('#')) {
        let needs = [
            "Private",
            "Protect",
            "Bind",
            "ProcSubset",
            "CapabilityBoundingSet",
        ];
        if needs.iter().any(|begin| key.starts_with(begin)) {
            assert_eq!(values(&drop_in, key).len(), 1, "{key}");
        }
    }
    assert_eq!(values(&drop_in, "CapabilityBoundingSet"), ["~"]);
}

const FAILURE: &str = "aimharder-failure@.service";

/// A copy whose ExecStart is there, for tools that look.
fn copies() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in units(".service").into_iter().chain(units(".timer")) {
        let scope = folder
            .path()
            .join(path.parent().unwrap().file_name().unwrap());
        fs::create_dir_all(&scope).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let text: Vec<String> = text
            .lines()
            .map(|line| match line.strip_prefix("ExecStart=") {
                Some(command) => {
                    let arguments = command
                        .split_once(' ')
                        .map_or("", |(_, arguments)| arguments);
                    format!("ExecStart={} {arguments}", env!("CARGO_BIN_EXE_aimharder"))
                }
                None => line.to_owned(),
            })
            .collect();
        fs::write(
            scope.join(path.file_name().unwrap()),
            text.join("\n") + "\n",
        )
        .unwrap();
    }
    folder
}

#[test]
fn systemd_verifies_and_scores_them() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must have systemd-analyze"
        );
        eprintln!(
            "NOT CHECKED: systemd-analyze is not installed, the units were only read as text"
        );
        return;
    }
    let folder = copies();
    let runtime = tempfile::tempdir().unwrap();
    for scope in ["user", "system"] {
        let mut files: Vec<PathBuf> = fs::read_dir(folder.path().join(scope))
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        let analyze = |arguments: &[&str], files: &[PathBuf]| {
            let output = Command::new("systemd-analyze")
                .arg(format!("--{scope}"))
                .args(arguments)
                .args(files)
                .env("XDG_RUNTIME_DIR", runtime.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{scope} {arguments:?}: {said}");
            // a misspelt key is no failure to systemd; lines about units of others are theirs
            let unknown = said
                .lines()
                .find(|line| line.contains("aimharder") && line.contains("ignoring"));
            assert_eq!(unknown, None, "{scope} {arguments:?}");
        };
        // templates are verified as an instance of theirs
        for file in &files {
            let name = file.to_string_lossy().replace("@.", "@ana.");
            if name != file.to_string_lossy() {
                fs::copy(file, &name).unwrap();
            }
        }
        let plain: Vec<PathBuf> = files
            .iter()
            .filter(|f| !f.to_string_lossy().contains('@'))
            .cloned()
            .collect();
        analyze(&["verify", "--man=no", "--recursive-errors=no"], &files);
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/examples");
        let failure = folder.path().join(scope).join(FAILURE);
        fs::copy(examples.join(FAILURE), &failure).unwrap();
        let instance = failure.with_file_name(FAILURE.replace("@.", "@a.service."));
        fs::copy(&failure, &instance).unwrap();
        analyze(&["verify", "--man=no"], &[instance]);
        for example in fs::read_dir(&examples).unwrap() {
            let example = example.unwrap();
            if example.path().extension().is_none_or(|end| end != "conf") {
                continue;
            }
            for file in plain
                .iter()
                .filter(|f| f.extension().is_some_and(|e| e == "service"))
            {
                let below = PathBuf::from(format!("{}.d", file.display()));
                fs::create_dir_all(&below).unwrap();
                fs::copy(example.path(), below.join(example.file_name())).unwrap();
                analyze(
                    &["verify", "--man=no", "--recursive-errors=no"],
                    std::slice::from_ref(file),
                );
                fs::remove_dir_all(&below).unwrap();
            }
        }
        let services: Vec<PathBuf> = files
            .iter()
            .filter(|f| f.extension().is_some_and(|e| e == "service"))
            .cloned()
            .collect();
        for service in services {
            analyze(
                &["security", "--no-pager", "--offline=true", "--threshold=15"],
                &[service],
            );
        }
    }
}
