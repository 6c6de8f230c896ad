//! The first minutes without config and store, and errors that name their remedy.

use crate::support::{ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, conversation, logged_in, start};

#[test]
fn after_a_login_the_first_steps_name_status() {
    let (_sandbox, home) = logged_in();
    let printed = home.run("").ends(2).stderr;
    assert_eq!(printed.lines().count(), 5, "{printed}");
    assert!(printed.contains("aimharder status"), "{printed}");
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
    let again = "that is not a valid e-mail address, for example ana@example.org\nE-mail: ";
    assert!(shown.contains(again), "{shown}");
    assert!(
        shown.contains("background session (for cron and timers): "),
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
    for (config, next) in [
        (
            "",
            "classes tomorrow --box boxdos --account ben@example.org",
        ),
        (
            "account = \"ben@example.org\"",
            "classes tomorrow --box boxdos",
        ),
        (
            "account = \"ben@example.org\"\nbox = \"crossfitdemo\"",
            "classes tomorrow",
        ),
    ] {
        home.config(config);
        let login = home.run("login ben@example.org --password-stdin");
        let line = format!("\nnext: `aimharder {next}`\n");
        login.stdin(BEN_PASSWORD).prints(&[&line]);
        home.run(next).succeeds();
    }
    // variables name others
    home.config("account = \"ana@example.org\"");
    for (account, gym, next) in [
        (
            BEN,
            "boxdos",
            "classes tomorrow --box crossfitdemo --account ana@example.org",
        ),
        (
            "Ana@Example.org",
            "crossfitdemo",
            "classes tomorrow --box crossfitdemo",
        ),
        ("", "", "classes tomorrow"),
    ] {
        let with_variables = |args: &str| {
            let run = home.run(args).env("AIMHARDER_ACCOUNT", account);
            run.env("AIMHARDER_BOX", gym)
        };
        let login = with_variables("login ana@example.org --password-stdin");
        let line = format!("\nnext: `aimharder {next}`\n");
        login.stdin(ANA_PASSWORD).prints(&[&line]);
        with_variables(next).succeeds();
    }
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
    let login = home.run("login ben@example.org");
    let login = login.env("AIMHARDER_PASSWORD", ANA_PASSWORD);
    let refused = "no password for ben@example.org";
    login
        .clone()
        .fails(3, &[refused, "password_command and", words]);
    home.log_in(BEN, BEN_PASSWORD);
    home.run("status --offline --account ben@example.org")
        .prints(&[
            "the top-level password_command is not used",
            "password_command in a table [accounts.\"ben@example.org\"]",
        ]);
    home.config("");
    home.log_in(ANA, ANA_PASSWORD);
    sandbox.clear_log();
    let words = "AIMHARDER_PASSWORD is not used: several accounts are known here";
    login.fails(3, &[words]);
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

/// The password is typed as soon as the prompt is shown.
#[test]
fn a_password_is_never_shown_however_soon_it_is_typed() {
    let (_sandbox, home) = start();
    for _ in 0..10 {
        let (shown, code) = typed(&home, "login ana@example.org", &[ANA_PASSWORD]);
        assert_eq!(code, Some(0), "{shown}");
        assert!(!shown.contains(ANA_PASSWORD), "{shown}");
    }
}
