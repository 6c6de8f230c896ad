//! What is printed and cannot be: a reader that has gone away, a disk that is full.

use std::process::Stdio;

use crate::support::logged_in;

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let (_sandbox, home) = logged_in();
    for args in [
        "classes --days 7",
        "classes --days 7 --json",
        "sessions",
        "bookings --json",
        "--help",
        "login --help",
        "--version",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.run(args).command();
        let output = command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{args}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args}");
    }
}

#[test]
fn a_full_disk_is_not_a_quiet_end() {
    let (_sandbox, home) = logged_in();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    for args in [
        "sessions",
        "--help",
        "book --help",
        "help book",
        "--version",
    ] {
        let mut command = home.run(args).command();
        let output = command
            .stdout(full.try_clone().unwrap())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{args}");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "error: the result cannot be written: no space left on device\n",
            "{args}"
        );
    }
}
