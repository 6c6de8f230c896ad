//! The sources of passwords, their order, and the accounts to which they belong.

use std::fs;
use std::process::Stdio;

use crate::support::{ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, Run, start};

/// Whether a login with what is set up here works.
fn log_in(home: &Home, account: &str) -> Run {
    home.run("login --only device").arg(account)
}

#[test]
fn the_first_line_of_a_command_is_the_password() {
    for lines in [
        r#"password_command = ["printf", "%s\\nsecond", "correct-horse"]"#,
        r#"password_command = "printf '%s\\r\\n' correct-horse; echo more""#,
        r#"password_command = "test \"$AIMHARDER_ACCOUNT\" = ana@example.org && echo correct-horse""#,
        // it does not see the variable
        r#"password_command = "test -z \"$AIMHARDER_PASSWORD\" && echo correct-horse""#,
        // the account's own command before the top-level one
        "account = \"ana@example.org\"\npassword_command = \"echo wrong\"\n\
         [accounts.\"Ana@Example.org\"]\npassword_command = \"echo correct-horse\"",
    ] {
        let (_sandbox, home) = start();
        home.config(lines);
        log_in(&home, ANA)
            .env("AIMHARDER_PASSWORD", "secret")
            .succeeds();
    }
}

#[test]
fn a_command_that_fails_says_so_and_sends_nothing() {
    let (sandbox, home) = start();
    for (line, words) in [
        ("password_command = \"exit 7\"", "failed"),
        (
            "password_command = [\"no-such-program-here\"]",
            "cannot run the password command",
        ),
        ("password_command = \"true\"", "is empty"),
        (
            "password_command = \"printf '\\\\377\\\\n'\"",
            "not valid UTF-8",
        ),
        (
            "password_command = \"head -c 5000 /dev/zero | tr '\\\\0' a\"",
            "line is too long",
        ),
    ] {
        home.config(line);
        log_in(&home, ANA).fails(3, &[words, ANA]);
    }
    assert!(sandbox.log().is_empty());
}

#[test]
fn a_line_break_after_the_password_is_removed() {
    let (_sandbox, home) = start();
    for value in ["correct-horse\n", "correct-horse\r\n", "correct-horse"] {
        let login = log_in(&home, ANA).env("AIMHARDER_PASSWORD", value);
        login.succeeds();
        for rest in ["", "\r\nsecond line"] {
            let login = log_in(&home, ANA).arg("--password-stdin");
            login.stdin(&format!("{value}{rest}")).succeeds();
        }
    }
}

#[test]
fn a_byte_order_mark_before_the_password_is_named() {
    let (sandbox, home) = start();
    let login = home.run("login --password-stdin").arg(ANA);
    let login = login.stdin("\u{feff}correct-horse\n");
    login.fails(3, &["byte order mark", ANA]);
    assert!(sandbox.log().is_empty());
}

#[test]
fn the_order_of_sources() {
    let (_sandbox, home) = start();
    let credential = home.write("creds/aimharder-password", "correct-horse\n");
    let folder = credential.parent().unwrap();
    let with = |password: &str| {
        log_in(&home, ANA)
            .env("AIMHARDER_PASSWORD", password)
            .any_stdout()
    };
    with(ANA_PASSWORD).done();
    with("wrong").env("CREDENTIALS_DIRECTORY", folder).done();
    fs::write(&credential, "wrong").unwrap();
    home.config("password_command = \"echo correct-horse\"");
    with("wrong").env("CREDENTIALS_DIRECTORY", folder).done();
    home.config("password_command = \"echo wrong\"");
    with("wrong")
        .arg("--password-stdin")
        .stdin(ANA_PASSWORD)
        .done();
}

#[test]
fn an_accounts_own_credential() {
    let (_sandbox, home) = start();
    let folder = home.write("creds/ben-password", BEN_PASSWORD);
    home.config("account = \"ana@example.org\"\n[accounts.\"ben@example.org\"]\ncredential = \"ben-password\"");
    let run = log_in(&home, BEN).env("CREDENTIALS_DIRECTORY", folder.parent().unwrap());
    run.succeeds();
    fs::remove_file(&folder).unwrap();
    log_in(&home, BEN)
        .env("CREDENTIALS_DIRECTORY", folder.parent().unwrap())
        .fails(3, &["cannot read the credential"]);
}

#[test]
fn a_file_where_we_happen_to_stand_is_no_credential() {
    let (sandbox, home) = start();
    home.config("[accounts.\"ben@example.org\"]\ncredential = \"ben-password\"");
    let planted = home.write("planted/aimharder-password", "another user's");
    home.write("planted/ben-password", "another user's");
    for account in [ANA, BEN] {
        // nor is an empty variable a source
        let login = log_in(&home, account).env("AIMHARDER_PASSWORD", "");
        let mut there = login.command();
        let there = there.current_dir(planted.parent().unwrap());
        let printed = there.stdin(Stdio::null()).output().unwrap();
        assert_eq!(printed.status.code(), Some(3), "{printed:?}");
    }
    assert!(sandbox.log().is_empty(), "no password was sent");
}

#[test]
fn one_accounts_password_is_never_sent_for_another() {
    let (sandbox, home) = start();
    home.config("account = \"ana@example.org\"\npassword_command = \"echo correct-horse\"");
    let credential = home.write("creds/aimharder-password", ANA_PASSWORD);
    let folder = credential.parent().unwrap();
    log_in(&home, BEN)
        .env("CREDENTIALS_DIRECTORY", folder)
        .env("AIMHARDER_PASSWORD", ANA_PASSWORD)
        .fails(3, &["no password for ben@example.org"]);
    assert!(sandbox.sent("/api/login").is_empty());
    // nor where two accounts have sessions and the config names none
    home.config("");
    home.log_in(ANA, ANA_PASSWORD);
    sandbox.clear_log();
    log_in(&home, BEN)
        .env("AIMHARDER_PASSWORD", ANA_PASSWORD)
        .fails(3, &["no password"]);
    assert!(sandbox.sent("/api/login").is_empty());
}

#[test]
fn the_account_of_a_login_without_address() {
    let (_sandbox, home) = start();
    home.run("login").fails(
        2,
        &[
            "which account?",
            "aimharder login ana@example.org --password-stdin < ",
        ],
    );
    home.config("account = \"ana@example.org\"");
    home.run("login --password-stdin")
        .stdin(ANA_PASSWORD)
        .succeeds();
    home.config("");
    home.run("login --password-stdin")
        .stdin(ANA_PASSWORD)
        .succeeds();
    home.run("login ana@example.org --account ben@example.org")
        .fails(2, &["ana@example.org", "ben@example.org"]);
}
