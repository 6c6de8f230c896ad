//! Messages about faults of the platform or the network: what failed and what to do, without texts of libraries.

use serde_json::json;

use crate::support::{Home, logged_in, side_by_side, unused_address};

const BOX: &str = "crossfitdemo.aimharder.com";

fn says(home: &Home, line: &str) {
    let printed = home.run("classes --day +3").status(5).any_stderr().done();
    assert_eq!(printed.stderr, format!("error: {line}\n"));
}

#[test]
fn a_faulty_platform() {
    let strange =
        "AimHarder may be unavailable, or its interface may have changed: try again later";
    let table = [
        (
            "foreign",
            format!("{BOX} answered with a web page instead of JSON; {strange}"),
        ),
        (
            "empty",
            format!("{BOX} answered with an empty body; {strange}"),
        ),
        (
            "truncate",
            format!("{BOX} answered with truncated or damaged JSON; {strange}"),
        ),
        (
            "huge",
            format!("{BOX} answered with more than 2 MiB; {strange}"),
        ),
        (
            "drop",
            format!(
                "no complete response from {BOX}: the connection was closed too early; try again later"
            ),
        ),
        (
            "cut",
            format!(
                "no complete response from {BOX}: the connection was closed too early; try again later"
            ),
        ),
        (
            "garbage",
            format!(
                "no complete response from {BOX}: it does not answer with HTTP; another server may be answering in its place: check the network and [server] in the config"
            ),
        ),
        (
            "status",
            "AimHarder is unavailable (HTTP 503); try again later".to_owned(),
        ),
        (
            "retry_after",
            "AimHarder is unavailable (HTTP 429); try again in 90 s".to_owned(),
        ),
    ];
    side_by_side(&table, |(kind, line)| {
        let (sandbox, home) = logged_in();
        sandbox.fault(&json!({ "path": "/api/*", "kind": kind, "seconds": 90, "count": -1 }));
        says(&home, line);
    });
}

#[test]
fn a_long_wait_is_given_in_minutes() {
    let (sandbox, home) = logged_in();
    sandbox.fault(&json!({ "path": "/api/*", "kind": "retry_after", "seconds": 130, "count": -1 }));
    let printed = home.run("classes --day +3 --json").ends(5);
    assert!(printed.stdout.contains("try again in 3 min"), "{printed:?}");
}

#[test]
fn a_faulty_network() {
    let (sandbox, home) = logged_in();
    let (unused, plain) = (unused_address(), sandbox.address());
    let proxy =
        "check that it runs, and `proxy` under [server] in the config or the variable HTTPS_PROXY";
    let table = [
        (format!("connect_to = \"{unused}\""), "connection refused; try again later, or check the network and [server] in the config".to_owned()),
        (format!("connect_to = \"{plain}\""), "it does not answer with TLS; another server may be answering in its place: check the network and [server] in the config".to_owned()),
        (format!("proxy = \"http://ana:hunter2@{unused}\""), format!("the proxy gives no connection (connection refused); {proxy}")),
        (format!("proxy = \"socks5h://{unused}\""), format!("the proxy gives no connection (failed to create underlying connection); {proxy}")),
        (format!("proxy = \"socks5h://{plain}\""), format!("the proxy gives no connection (failed parsing server response); {proxy}")),
        (format!("proxy = \"http://{plain}\""), format!("the proxy gives no connection (unsuccessful); {proxy}")),
    ];
    for (server, words) in table {
        home.write_config(&format!("[server]\n{server}\n"));
        says(&home, &format!("no connection to {BOX}: {words}"));
    }
}
