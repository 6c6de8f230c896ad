//! The first minutes without config and store, and errors that name their remedy.

use crate::support::{ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, conversation, start};

#[test]
fn five_lines_say_what_to_do_first() {
    let home = Home::nowhere();
    let printed = home.run("").status(2).any_stderr().done();
    assert_eq!(printed.stderr.lines().count(), 5, "{}", printed.stderr);
    assert!(printed.stderr.contains("aimharder login\n"));
    for flag in ["-h", "--help"] {
        let help = home.run(flag).succeeds();
        for command in ["login", "classes ", "book "] {
            let line = printed
                .stderr
                .lines()
                .find(|line| line.contains(&format!("aimharder {command}")));
            let (_, line) = line.unwrap().split_once("aimharder").unwrap();
            assert!(help.stdout.contains(line), "{flag}: {line}");
        }
    }
    let (_sandbox, home) = start();
    home.log_in(ANA, ANA_PASSWORD);
    let printed = home.run("").status(2).any_stderr().done();
    assert_eq!(printed.stderr.lines().count(), 5, "{}", printed.stderr);
    assert!(
        printed.stderr.contains("aimharder status"),
        "{}",
        printed.stderr
    );
}

/// What a terminal shows when these lines are typed, each after a prompt; and the exit code.
fn typed(home: &Home, args: &str, lines: &[&str]) -> (String, Option<i32>) {
    let program = env!("CARGO_BIN_EXE_aimharder");
    let mut lines = lines.iter().peekable();
    let (shown, code) = conversation(home, &format!("'{program}' {args}"), |shown, input| {
        let asks = shown.ends_with("E-mail: ") || shown.ends_with(&format!("Password for {ANA}: "));
        if let Some(line) = lines.next_if(|_| asks) {
            writeln!(input, "{line}").unwrap();
        }
    });
    (shown.replace("\r\n", "\n"), code)
}

#[test]
fn a_mistyped_address_is_asked_for_again() {
    let (sandbox, home) = start();
    let (shown, code) = typed(&home, "login", &["ana", "ana@example.org", ANA_PASSWORD]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains("that is not a valid e-mail address, for example ana@example.org\nE-mail: "),
        "{shown}"
    );
    assert!(
        shown.contains("background session (for cron and timers): "),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("stored in {}", home.store_path().display())),
        "{shown}"
    );
    assert!(
        shown.contains("next: `aimharder classes tomorrow`\n"),
        "{shown}"
    );
    sandbox.clear_log();

    let home = Home::new(&sandbox);
    let (shown, code) = typed(&home, "login", &["ana", "@", "ana@", "never read"]);
    assert_eq!(code, Some(2), "{shown}");
    assert_eq!(shown.matches("E-mail: ").count(), 3, "{shown}");
    assert!(sandbox.log().is_empty());
}

#[test]
fn a_refused_password_is_not_asked_for_again() {
    let (sandbox, home) = start();
    let (shown, code) = typed(&home, "login ana@example.org", &["wrong", ANA_PASSWORD]);
    assert_eq!(code, Some(3), "{shown}");
    assert_eq!(shown.matches("Password for").count(), 1, "{shown}");
    assert_eq!(
        shown.matches("e-mail").count(),
        1,
        "once is enough: {shown}"
    );
    assert_eq!(sandbox.sent("/api/login").len(), 1);
}

#[test]
fn the_next_command_names_account_and_box_where_they_are_needed() {
    let (_sandbox, home) = start();
    home.log_in(ANA, ANA_PASSWORD);
    let next = |lines: &str| {
        home.config(lines);
        let run = home
            .run("login ben@example.org --password-stdin")
            .stdin(BEN_PASSWORD);
        let printed = run.succeeds().stdout;
        let next = printed.lines().find_map(|line| {
            line.strip_prefix("next: ")?
                .strip_prefix('`')?
                .strip_suffix('`')
        });
        next.unwrap().to_owned()
    };
    let bare = "aimharder classes tomorrow";
    assert_eq!(next(""), format!("{bare} --box boxdos --account {BEN}"));
    assert_eq!(
        next("account = \"ben@example.org\""),
        format!("{bare} --box boxdos")
    );
    assert_eq!(
        next("account = \"ben@example.org\"\nbox = \"crossfitdemo\""),
        bare
    );
    let words: Vec<String> = next("")
        .split_whitespace()
        .skip(1)
        .map(str::to_owned)
        .collect();
    home.run(&words.join(" ")).succeeds();
}

#[test]
fn login_refuses_what_it_would_not_heed() {
    let home = Home::nowhere();
    home.run("login ana@example.org --session device")
        .usage(&["--only device"]);
    home.run("login ana@example.org --box crossfitdemo")
        .usage(&["--box cannot be used with `login`"]);
    assert!(!home.store_path().exists());
}

#[test]
fn another_accounts_password_is_not_passed_over_in_silence() {
    let (sandbox, home) = start();
    home.config("account = \"ana@example.org\"\npassword_command = \"echo correct-horse\"");
    let words = "AIMHARDER_PASSWORD are not used: the config's `account` is ana@example.org";
    home.run("login ben@example.org")
        .env("AIMHARDER_PASSWORD", ANA_PASSWORD)
        .fails(
            3,
            &[
                "no password for ben@example.org",
                "password_command and",
                words,
            ],
        );
    home.config("");
    home.log_in(ANA, ANA_PASSWORD);
    sandbox.clear_log();
    home.run("login ben@example.org")
        .env("AIMHARDER_PASSWORD", ANA_PASSWORD)
        .fails(
            3,
            &["AIMHARDER_PASSWORD is not used: several accounts are known here"],
        );
    assert!(sandbox.log().is_empty());
}

#[test]
fn a_failing_password_command_is_named_without_its_arguments() {
    let (_sandbox, home) = start();
    home.config("password_command = [\"/bin/sh\", \"-c\", \"exit 3\", \"hunter2\"]");
    let printed = home
        .run("login ana@example.org")
        .fails(3, &["(sh) failed", "exit status: 3"]);
    assert!(!printed.stderr.contains("hunter2"), "{}", printed.stderr);
    home.config("password_command = \"TOKEN=hunter2 false\"");
    let printed = home.run("login ana@example.org").fails(3, &["(sh) failed"]);
    assert!(!printed.stderr.contains("hunter2"), "{}", printed.stderr);
}

#[test]
fn a_store_that_cannot_be_written_says_where() {
    let home = Home::nowhere();
    // for root too, who may write everywhere else
    home.run("boxes set x --id 1 --store /sys/aimharder.db")
        .fails(
            1,
            &[
                "cannot create the store /sys/aimharder.db",
                "name another place with --store",
            ],
        );
}

/// The password is typed the moment the prompt is to be seen.
#[test]
fn a_password_is_never_shown_however_soon_it_is_typed() {
    let (_sandbox, home) = start();
    for _ in 0..10 {
        let (shown, code) = typed(&home, "login ana@example.org", &[ANA_PASSWORD]);
        assert_eq!(code, Some(0), "{shown}");
        assert!(!shown.contains(ANA_PASSWORD), "{shown}");
    }
}
