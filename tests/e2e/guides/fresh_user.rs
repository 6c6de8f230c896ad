//! A user with an empty home follows the README to working crontab lines. Its lines run unchanged, except what would reach
//! outside: `cargo` (a copy of this build), `pass`, `crontab`, `systemctl`, and the lines of the config that lead to the
//! sandbox instead of the platform.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::guides::pages::steps;
use crate::support::{ANA, ANA_PASSWORD, Home, Sandbox};

/// A section of the README.
fn section(chapter: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, text) = readme
        .split_once(&format!("\n## {chapter}\n"))
        .unwrap_or_else(|| panic!("no chapter {chapter}"));
    let (text, _) = text.split_once("\n## ").unwrap();
    text.to_owned()
}

/// Its lines of shell.
fn lines(chapter: &str) -> Vec<String> {
    let steps = steps(&section(chapter)).into_iter();
    steps.map(|step| step.line).collect()
}

/// The one of them that has these words.
fn line(chapter: &str, words: &str) -> String {
    let mut found = lines(chapter);
    found.retain(|line| line.contains(words));
    assert_eq!(found.len(), 1, "{chapter}: {words}: {found:?}");
    found.remove(0)
}

/// The line in the text of a section that has these words.
fn inline(chapter: &str, words: &str) -> String {
    let text = section(chapter);
    let mut code = text.split('`').skip(1).step_by(2);
    code.find(|code| code.contains(words)).unwrap().to_owned()
}

/// The user's terminal: a shell in a clone of the repository.
fn type_in(home: &Home, line: &str) -> String {
    let (tools, bin) = (home.path().join("tools"), home.path().join(".cargo/bin"));
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("HOME", home.path())
        .env(
            "PATH",
            format!("{}:{}:/usr/bin:/bin", tools.display(), bin.display()),
        )
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn stand_ins(home: &Home) {
    let copy = format!(
        "[ \"$*\" = 'install --locked --path .' ] && mkdir -p ~/.cargo/bin && cp {} ~/.cargo/bin/",
        env!("CARGO_BIN_EXE_aimharder")
    );
    let crontab =
        "case $1 in -l) cat ~/crontab ;; -) cat >~/new && mv ~/new ~/crontab ;; *) exit 1 ;; esac";
    home.tool("cargo", &copy);
    home.tool("crontab", crontab);
    home.tool("pass", &format!("echo {ANA_PASSWORD}"));
    home.tool("systemctl", "exit 1");
    // `install.sh --user` refuses root, which is what CI runs as
    home.tool("id", "[ \"$*\" = -u ] && echo 1000");
}

/// The command of a crontab line and its input, as cron reads them: the first bare `%` ends the command, a further one is a line
/// break of the input.
fn command_and_input(text: &str) -> (String, String) {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'%') => {
                parts.last_mut().unwrap().extend(characters.next());
            }
            '%' => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(c),
        }
    }
    let command = parts.remove(0);
    (command, parts.join("\n"))
}

/// Runs every job of the user's crontab once, in order, as cron does: a bare environment, no profile, no terminal.
fn cron(home: &Home) -> Vec<(String, Output)> {
    let text = fs::read_to_string(home.path().join("crontab")).unwrap();
    let mut envs = vec![
        ("SHELL".to_owned(), "/bin/sh".to_owned()),
        ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ("LOGNAME".to_owned(), "ana".to_owned()),
        ("HOME".to_owned(), home.path().display().to_string()),
    ];
    let mut jobs = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            continue;
        }
        if line.starts_with(|c: char| c.is_ascii_digit() || c == '*') {
            let mut rest = line;
            for _ in 0..5 {
                rest = rest.trim_start().split_once(char::is_whitespace).unwrap().1;
            }
            jobs.push((rest.trim_start().to_owned(), run(&envs, rest.trim_start())));
            continue;
        }
        let (name, value) = line.split_once('=').expect("a variable or a job");
        envs.retain(|(known, _)| known != name.trim());
        envs.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    jobs
}

fn run(envs: &[(String, String)], job: &str) -> Output {
    let value = |name: &str| {
        envs.iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    let (command, input) = command_and_input(job);
    let mut child = Command::new(value("SHELL"))
        .args(["-c", &command])
        .current_dir(value("HOME"))
        .env_clear()
        .envs(envs.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a job that does not read its input has not failed
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn cron_splits_at_percent_signs() {
    let table = [
        ("date", ("date", "")),
        ("date +\\%F", ("date +%F", "")),
        ("mail ana%one%two", ("mail ana", "one\ntwo")),
    ];
    for (line, (command, input)) in table {
        assert_eq!(
            command_and_input(line),
            (command.to_owned(), input.to_owned())
        );
    }
}

#[test]
fn from_nothing_to_working_crontab_lines_by_the_readme_alone() {
    let sandbox = Sandbox::start();
    let home = Home::nowhere();
    stand_ins(&home);
    fs::write(home.path().join("crontab"), "# mine\nMAILTO=ana\n").unwrap();

    for line in lines("Install") {
        type_in(&home, &line);
    }
    // the commented config is where the README says; only the address of the platform is changed
    let config = fs::read_to_string(home.config_path()).unwrap();
    home.write_config(&format!("{config}\n{}", sandbox.config));
    type_in(&home, &inline("Sessions", "--password-stdin"));
    // without the opening rule of the section, every occurrence is tried at once
    type_in(&home, &line("Book when booking opens", "--weekly"));
    // today's class may be about to start
    type_in(&home, "aimharder prebook skip today");
    type_in(&home, &line("Run it unattended", "crontab -"));
    let once = fs::read_to_string(home.path().join("crontab")).unwrap();
    type_in(&home, &line("Run it unattended", "crontab -"));
    let twice = fs::read_to_string(home.path().join("crontab")).unwrap();
    assert_eq!(once, twice, "adding the lines again doubles nothing");

    // a quarter of an hour later
    home.age_tokens(20);
    sandbox.clear_log();
    let jobs = cron(&home);
    let [(refresh, kept), (prebook, booked)] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert!(refresh.ends_with(" refresh"), "{refresh}");
    assert!(
        kept.status.success() && kept.stdout.is_empty() && kept.stderr.is_empty(),
        "{kept:?}"
    );
    assert_eq!(
        sandbox.sent("/api/tokenUpdate").len(),
        2,
        "device and background"
    );
    for session in home.sessions() {
        assert!(
            session["token_age_seconds"].as_i64().unwrap() < 600,
            "{session}"
        );
    }

    assert!(prebook.contains("prebook run"), "{prebook}");
    assert!(booked.status.success(), "{booked:?}");
    let printed = String::from_utf8_lossy(&booked.stdout);
    assert!(
        printed.starts_with("booked: 18:30 WOD"),
        "cron mails this: {booked:?}"
    );
    let reservations = sandbox.all_reservations().len();
    assert!(
        reservations >= 3,
        "two weeks of Mondays and Wednesdays: {reservations}"
    );
    let list = type_in(&home, "aimharder prebook list --all --json");
    assert!(list.contains("\"booked\""), "{list}");

    // the next quarter: nothing to do, nothing to say
    for (job, output) in cron(&home) {
        assert!(output.status.success(), "{job}: {output:?}");
        assert!(
            output.stdout.is_empty() && output.stderr.is_empty(),
            "{job}: {output:?}"
        );
    }
    let again = sandbox.all_reservations().len();
    assert_eq!(again, reservations);
    assert_eq!(sandbox.counters()["double_books"], 0);
    assert_eq!(home.sessions()[0]["account"], ANA);
    let crontab = fs::read_to_string(home.path().join("crontab")).unwrap();
    assert!(crontab.starts_with("# mine\nMAILTO=ana\n"), "{crontab}");
}
