//! For a dead session the schedule shows no bookings (protocol.md §1): no command takes that for an account without
//! bookings.

use serde_json::json;

use crate::support::{ANA, day, logged_in, side_by_side};

#[test]
fn no_command_takes_a_dead_session_for_nothing_booked() {
    side_by_side(&["data", "logout"], |dead| {
        for args in [
            "classes --day +3",
            "classes --day +3 --days 3 --json",
            "bookings",
            "bookings --history --json",
            "boxes --detect",
            "book --day +3 --time 13:10",
            "book --day +3 --time 13:10 --dry-run",
            "cancel --day +3 --time 13:10",
            "cancel --day +3 --time 13:10 --dry-run",
            "cancel --reservation 55501",
        ] {
            let (sandbox, home) = logged_in();
            sandbox.config(&json!({ "whoami_dead_shape": dead }));
            let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
            sandbox.reserve(ANA, &id, 1);
            sandbox.kill(ANA);
            if args.contains("--json") {
                let printed = home.run(args).status(3).any_stderr();
                let printed = printed.any_stdout().spawn().json();
                assert_eq!(printed.as_object().unwrap().len(), 1, "{printed}");
            } else {
                home.run(args)
                    .fails(3, &["aimharder login ana@example.org"]);
            }
            assert_eq!(sandbox.reservations(&id).len(), 1);
            assert_eq!(home.sessions().len(), 1, "{args}");
        }
    });
}

#[test]
fn an_empty_day_is_proven_too() {
    let (sandbox, home) = logged_in();
    home.run("classes --day +200")
        .prints(&["no classes published"]);
    sandbox.kill(ANA);
    home.run("classes --day +200")
        .fails(3, &["aimharder login"]);
}

#[test]
fn without_any_session_a_login_is_required() {
    let (_sandbox, home) = crate::support::start();
    for args in [
        "bookings",
        "book --day +3 --time 13:10",
        "cancel --reservation 1",
    ] {
        home.run(args)
            .fails(3, &["no session yet", "aimharder login"]);
    }
}
