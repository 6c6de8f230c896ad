//! What `--user --enable` does where systemd cannot set up the sandbox of the units.

use super::home::{Home, Printed};

const CONTAINER: &str = ".config/systemd/user/aimharder-.service.d/container.conf";
const NO_NAMESPACES: &str = ".config/systemd/user/aimharder-.service.d/no-user-namespaces.conf";

fn enable(home: &Home) -> Printed {
    home.install(&format!("--user --enable --binary {}", home.binary()))
}

/// The number of refreshes that were started.
fn refreshes(home: &Home) -> usize {
    let start = "--user start aimharder-refresh.service";
    home.calls().iter().filter(|call| *call == start).count()
}

#[test]
fn a_refresh_that_starts_needs_no_drop_in() {
    for code in ["0", "3", "5"] {
        let home = Home::new(0);
        home.refresh_ends_with(&format!("echo {code}"));
        let printed = enable(&home);
        printed.is(0, &[]);
        assert_eq!(refreshes(&home), 1);
        let calls = home.calls();
        let at = |call: &str| calls.iter().position(|c| c.contains(call)).unwrap();
        assert!(
            at("enable --now") < at("start aimharder-refresh"),
            "{calls:?}"
        );
        assert!(!home.path(CONTAINER).exists() && !home.path(NO_NAMESPACES).exists());
        // without a login it ends with 0 or 3, which does not mean that the set-up failed
        let named = printed.text.contains("aimharder-refresh ended with");
        assert_eq!(named, code == "5", "{}", printed.text);
    }
}

#[test]
fn in_a_container_the_kernel_log_is_not_hidden() {
    let home = Home::new(0);
    home.refresh_ends_with("case $drop_ins in *container*) echo 3 ;; *) echo 226 ;; esac");
    let printed = enable(&home);
    let placed = format!("placed {}\n", home.path(CONTAINER).display());
    printed.is(0, &["ended with 226", &placed]);
    assert!(home.path(CONTAINER).exists() && !home.path(NO_NAMESPACES).exists());
    assert_eq!(refreshes(&home), 2);
    let calls = home.calls();
    let last = calls
        .iter()
        .rposition(|call| call == "--user daemon-reload");
    let start = calls
        .iter()
        .rposition(|call| call.contains("start aimharder-refresh"));
    assert!(last < start, "{calls:?}");
    // it stays, and goes with the rest
    let again = home.installed("--user");
    assert!(home.path(CONTAINER).exists(), "{again}");
    assert_eq!(home.install("--user --uninstall").code, Some(0));
    assert!(!home.path(CONTAINER).parent().unwrap().exists());
}

#[test]
fn where_that_is_not_enough_the_sandbox_goes() {
    for (first, tried) in [("226", 3), ("217", 2)] {
        let home = Home::new(0);
        home.refresh_ends_with(&format!(
            "case $drop_ins in *no-user*) echo 0 ;; *) echo {first} ;; esac"
        ));
        let printed = enable(&home);
        let placed = format!("placed {}\n", home.path(NO_NAMESPACES).display());
        printed.is(0, &[&placed]);
        assert!(home.path(NO_NAMESPACES).exists());
        assert_eq!(refreshes(&home), tried);
    }
}

#[test]
fn drop_ins_that_do_not_help_are_removed() {
    let home = Home::new(0);
    home.refresh_ends_with("echo 226");
    let printed = enable(&home);
    printed.is(
        1,
        &["aimharder-refresh ended with 226: journalctl", "Next:"],
    );
    assert!(!home.path(CONTAINER).exists() && !home.path(NO_NAMESPACES).exists());
}
