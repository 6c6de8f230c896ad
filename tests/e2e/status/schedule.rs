//! `status`: which crontab lines and timers count, and why others do not.

use serde_json::{Value, json};

use crate::status::well;
use crate::support::{ANA, CRONTAB, Home, Sandbox, cases};

/// A machine without problems and a prebooking, so that both jobs are needed.
fn with_prebooking() -> (Sandbox, Home) {
    let (sandbox, home) = well();
    home.run("prebook add --time 13:10 --opens 1d --day +3")
        .ends(0);
    (sandbox, home)
}

/// The codes and messages of the problems.
fn problems(home: &Home) -> Vec<(String, String)> {
    let report = home.status("--offline").json();
    let problems = report["problems"].as_array().unwrap().iter();
    let text = |problem: &Value, key: &str| problem[key].as_str().unwrap().to_owned();
    problems
        .map(|it| (text(it, "code"), text(it, "message")))
        .collect()
}

#[test]
fn crontab_lines_that_work_are_no_problem() {
    let (_sandbox, home) = with_prebooking();
    let prebook = "13,28,43,58 * * * * ~/.cargo/bin/aimharder prebook run";
    for refresh in [
        "*/15 * * * * \"$HOME\"/.cargo/bin/aimharder refresh",
        "*/20 * * * * ${HOME}/.cargo/bin/aimharder refresh -q >/dev/null 2>&1",
        "PATH=/usr/bin:/nowhere\n0,15,30,45 * * * * .cargo/bin/aimharder refresh",
        "0-59/10 0-23 1-31 1-12 sun-sat ~/.cargo/bin/aimharder refresh &>\"log of aimharder\"",
        "5,35 * * * * ~/.cargo/bin/aimharder refresh\n20,50 * * * * ~/.cargo/bin/aimharder refresh",
        "*/15 * * * mon-fri ~/.cargo/bin/aimharder refresh\n*/15 * * * 6,7 ~/.cargo/bin/aimharder refresh",
        "*/15 * * * * AIMHARDER_ACCOUNT='ana@example.org' ~/.cargo/bin/aimharder refresh > 50\\% # often",
        "*/15 * * * * ~/.cargo/bin/aimharder --store ~/.local/state/aimharder/aimharder.db refresh",
        // not checked, because the shell or another program does more than start this one
        "*/15 * * * * cd $GYM && ./aimharder refresh>>/tmp/log 2>&1|logger -t aim; true",
        "*/15 * * * * (/app/aimharder $FLAGS refresh --al) || echo \"aimharder refresh failed\"",
        "*/15 * * * * docker exec aimharder sh -c '/app/aimharder refresh || true'",
        "*/15 * * * * flock -n /tmp/aimharder timeout 60 aimharder --store /tmp/other.db refresh",
        "AIMHARDER_STORE=/tmp/other.db\n*/15 * * * * flock -n /tmp/x aimharder --store ~/aimharder.db refresh",
        "AIMHARDER_STORE=/tmp/other.db\n*/15 * * * * flock -n /tmp/x env AIMHARDER_STORE=$HOME/s.db aimharder refresh",
        "AIMHARDER_BOX=boxdos\n*/15 * * * * ~/.cargo/bin/aimharder refresh",
        "XDG_STATE_HOME=\"/nowhere\"\n*/15 * * * * env XDG_STATE_HOME=$HOME/.local/state aimharder refresh",
        "*/15 * * * * ~/.cargo/bin/aimharder refresh >> /tmp/r-$(date +'\\%F').log",
        "AIMHARDER_ACCOUNT=ben@example.org\n*/15 * * * * cd /app && ./aimharder refresh --account ana@example.org",
        "@reboot while sleep 600; do aimharder refresh; done",
        "@reboot sh -c 'while sleep 600; do aimharder refresh; done'",
        "0 * * * * for i in 1 2 3 4; do aimharder refresh; sleep 900; done",
    ] {
        home.crontab(&format!("{prebook}\n{refresh}\n"));
        assert_eq!(home.findings(), (vec![], vec![]), "{refresh}");
    }
    // the horizon of a command that is not read
    let refresh = "*/15 * * * * ~/.cargo/bin/aimharder refresh";
    for prebook in [
        "*/15 * * * * cd /app; ./aimharder -q prebook run",
        "*/15 * * * * ~/.cargo/bin/aimharder prebook run --box crossfitdemo",
        "0 * * * * cd /app; ./aimharder prebook run --horizon 61m || true",
        "0 * * * * sh -c 'aimharder prebook run --horizon=61m'",
        "0 * * * * sh -c 'aimharder prebook run $LONG'",
    ] {
        home.crontab(&format!("{refresh}\n{prebook}\n"));
        assert_eq!(problems(&home), [], "{prebook}");
    }
    // lines that mention the program and run nothing do not count
    for other in [
        "test -x /usr/bin/aimharder && tar czf /b/x.tgz /var/lib/aimharder",
        "aimharder status || logger refresh has failed",
        "docker exec aimharder /app/backup",
    ] {
        home.crontab(&format!("{prebook}\n*/15 * * * * {other}\n"));
        assert_eq!(problems(&home)[0].0, "not_scheduled", "{other}");
    }
    let bare = CRONTAB
        .replace("\"$HOME\"/.cargo/bin/", "")
        .replace("/usr/bin", &format!("{}/.cargo/bin", home.path().display()));
    home.crontab(&bare);
    assert_eq!(problems(&home), []);
}

#[test]
fn crontab_lines_that_cannot_work_do_not_count() {
    let (_sandbox, home) = with_prebooking();
    home.write("plain/aimharder", "not a program");
    let refresh = "*/15 * * * * ~/.cargo/bin/aimharder refresh\n";
    let prebook = "*/15 * * * * ~/.cargo/bin/aimharder prebook run\n";
    // ` | ` separates the lines of a crontab
    let of_refresh = "
        */15 * * * * /nowhere/aimharder refresh => schedule_broken: /nowhere/aimharder does not exist
        */15 * * * * ~/plain/aimharder refresh => schedule_broken: plain/aimharder is not executable
        */15 * * * * aimharder refresh => schedule_broken: not on the PATH of that line (/usr/bin:/bin)
        PATH=$HOME/.cargo/bin | */15 * * * * aimharder refresh => schedule_broken: not on the PATH
        0 3 * * * ~/.cargo/bin/aimharder refresh => scheduled_rarely: 0 3 * * *
        */30 * * * * ~/.cargo/bin/aimharder refresh => scheduled_rarely: expire
        */15 8-20 * * * ~/.cargo/bin/aimharder refresh => scheduled_rarely: expire
        */15 * * * mon-fri ~/.cargo/bin/aimharder refresh => scheduled_rarely: expire
        */15 * 1 * * ~/.cargo/bin/aimharder refresh => scheduled_rarely: expire
        @daily cd /app && ./aimharder refresh => scheduled_rarely: expire
        @reboot ~/.cargo/bin/aimharder refresh => scheduled_rarely: expire
        @reboot sleep 60 && aimharder refresh => scheduled_rarely: expire
        @daily cd /opt/for && ./aimharder refresh => scheduled_rarely: expire
        0 0 1 * * cd /app && ./aimharder refresh => scheduled_rarely: expire
        */15 * * * * root ~/.cargo/bin/aimharder refresh => schedule_broken: cannot name a user (root)
        */15 * * * * ~/.cargo/bin/aimharder refresh >> /tmp/r-$(date +'%F').log => not_scheduled: nothing runs
        */15 * * * * ~/.cargo/bin/aimharder refresh >> /tmp/r-$(date +%F).log => not_scheduled: nothing runs
        */15 * * * * cd '/app && ./aimharder refresh => not_scheduled: nothing runs
        AIMHARDER_ACCOUNT=ben@example.org | */15 * * * * cd /app && ./aimharder refresh => not_scheduled: nothing runs
        x/15 * * * * ~/.cargo/bin/aimharder refresh => not_scheduled: nothing runs `aimharder refresh`
        */15 * * * * ~/.cargo/bin/aimharder refresh --store /tmp/other.db => not_scheduled: nothing runs
        */15 * * * * ~/.cargo/bin/aimharder refresh --config=/tmp/other.toml => not_scheduled: nothing runs
        */15 * * * * ~/.cargo/bin/aimharder refresh --system => not_scheduled: nothing runs
        AIMHARDER_STORE=/tmp/other.db | */15 * * * * ~/.cargo/bin/aimharder refresh => not_scheduled: nothing runs
        AIMHARDER_STORE=/tmp/other.db | */15 * * * * cd /app && ./aimharder refresh => not_scheduled: nothing runs
        */15 * * * * AIMHARDER_STORE=/tmp/other.db flock -n /tmp/x aimharder refresh => not_scheduled: nothing runs
        */15 * * * * echo ~/.cargo/bin/aimharder prebook list => not_scheduled: nothing runs
        */15 * * * * ~/.cargo/bin/aimharder refresh --help => not_scheduled: nothing runs
        */15 * * * * ~/.cargo/bin/aimharder refrsh => not_scheduled: nothing runs
        */15 * * * * ~/.cargo/bin/aimharder refresh --frce => schedule_broken: unexpected argument found (--frce)
        */15 * * * * ~/.cargo/bin/aimharder refresh --jobs hunter2 => schedule_broken: one of the arguments (--jobs)
        */15 * * * * ~/.cargo/bin/aimharder refresh hunter2 => schedule_broken: unexpected argument found
    ";
    for (lines, problem) in cases(of_refresh) {
        home.crontab(&format!("{prebook}{}\n", lines.replace(" | ", "\n")));
        let (code, message) = problem.split_once(": ").unwrap();
        let found = problems(&home);
        assert_eq!(found.len(), 1, "{lines}: {found:?}");
        assert_eq!(found[0].0, code, "{lines}: {found:?}");
        assert!(found[0].1.contains(message), "{lines}: {found:?}");
        assert!(!found[0].1.contains("hunter2"), "{lines}: {found:?}");
    }
    let of_prebook = "
        5 5 * * * ~/.cargo/bin/aimharder prebook run => scheduled_rarely
        */20 * * * * ~/.cargo/bin/aimharder prebook run => scheduled_rarely
        */15 * * * * ~/.cargo/bin/aimharder prebook run --horizon 10m => scheduled_rarely
        0 3 * * * cd ~/gym && ./aimharder prebook run => scheduled_rarely
        0 * * * * cd $HOME/gym && ./aimharder prebook run --horizon=30m || true => scheduled_rarely
        @reboot sleep 60 && aimharder prebook run $LONG => scheduled_rarely
        */15 * * * * ~/.cargo/bin/aimharder prebook run --dry-run => not_scheduled
        */15 * * * * ~/.cargo/bin/aimharder prebook run --box boxdos => not_scheduled
        */15 * * * * AIMHARDER_BOX=boxdos ~/.cargo/bin/aimharder prebook run => not_scheduled
        */15 * * * * ~/.cargo/bin/aimharder prebook list => not_scheduled
        */15 * * * * ~/.cargo/bin/aimharder prebook => not_scheduled
        */15 * * * * ~/.cargo/bin/aimharder prebook run --horizon soon => schedule_broken
    ";
    for (line, code) in cases(of_prebook) {
        home.crontab(&format!("{refresh}{line}\n"));
        let found = problems(&home);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert_eq!(found[0].0, code, "{line}: {found:?}");
    }
    home.crontab(&format!(
        "{refresh}0 * * * * ~/.cargo/bin/aimharder prebook run --horizon=61m\n"
    ));
    assert_eq!(problems(&home), []);
}

/// Without a config, a scheduled run has none either.
#[test]
fn a_run_without_a_config_counts() {
    let (_sandbox, home) = well();
    std::fs::remove_file(home.config_path()).unwrap();
    let added = home
        .run("prebook add --time 13:10 --opens 1d --day +3")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .warns(&["password_command"]);
    assert!(!added.stderr.contains("nothing runs"), "{added:?}");
    let elsewhere = || {
        let run = home.status("--offline").env("XDG_CONFIG_HOME", "/nowhere");
        run.json()["problems"].clone()
    };
    assert_eq!(elsewhere(), json!([]));
    home.crontab("");
    let remedy = elsewhere()[0]["remedy"].to_string();
    assert!(remedy.contains(" refresh`"), "{remedy}");
}

/// cron does not know the variables of the shell.
#[test]
fn a_store_that_only_the_shell_names_is_not_served() {
    let (_sandbox, home) = with_prebooking();
    let moved = home.path().join("state");
    std::fs::create_dir_all(&moved).unwrap();
    std::fs::rename(
        home.path().join(".local/state/aimharder"),
        moved.join("aimharder"),
    )
    .unwrap();
    let run = |args: &str| home.status(args).env("XDG_STATE_HOME", moved.as_os_str());
    let report = run("--offline").json();
    let (problems, hints) = (&report["problems"], &report["hints"]);
    assert_eq!(problems[0]["code"], "not_scheduled", "{report}");
    let line = format!(
        "refresh --store {}/aimharder/aimharder.db`",
        moved.display()
    );
    let remedy = problems[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains(&line), "{remedy}");
    assert_eq!(hints[0]["code"], "crontab_of_other_store", "{report}");
    assert_eq!(report["schedule"]["entries"][0]["serves"], false);
    home.crontab(&format!("XDG_STATE_HOME={}\n{CRONTAB}", moved.display()));
    let report = run("--offline").json();
    assert_eq!(report["well"], true, "{report}");
    assert_eq!(report["schedule"]["entries"][0]["serves"], true);
}

/// What `systemctl show` of systemd 252 prints of a timer and its service.
fn shown(unit: &str, calendar: &str, exec: &str, environment: &str) -> String {
    let service = format!("{unit}.service");
    let service = match service.replace('\\', "\\\\") {
        escaped if escaped != service => format!("\"{escaped}\""),
        _ => service,
    };
    format!(
        "Triggers={service}\n\
         TimersMonotonic={{ OnStartupUSec=1min ; next_elapse=1min }}\n\
         TimersCalendar={{ OnCalendar={calendar} ; next_elapse=Sat 2099-11-21 06:45:00 UTC }}\n\
         NextElapseUSecRealtime=Sat 2099-11-21 06:45:00 UTC\n\
         Id={unit}.timer\nLoadState=loaded\nActiveState=active\n\n\
         Environment={environment}\n\
         ExecStart={{ path={exec} ; argv[]={exec} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }}\n\
         Id={unit}.service\nLoadState=loaded\nActiveState=inactive\n\n"
    )
}

/// Makes one manager print these units, and the other fail.
fn systemctl(home: &Home, manager: &str, shown: &str) {
    home.crontab("");
    let path = home.write("shown.txt", shown);
    let is_user = if manager == "user" { "=" } else { "!=" };
    let script = format!(
        "[ \"$1\" {is_user} --user ] || exit 1\ncat '{}'",
        path.display()
    );
    home.tool("systemctl", &script);
}

#[test]
fn timers_of_the_user_and_of_the_system() {
    let (_sandbox, home) = with_prebooking();
    let program = home
        .path()
        .join(".cargo/bin/aimharder")
        .display()
        .to_string();
    let folders = format!(
        "XDG_STATE_HOME={0}/.local/state XDG_CONFIG_HOME={0}/.config",
        home.path().display()
    );
    let refresh = |calendar: &str, exec: &str| shown("aimharder-refresh", calendar, exec, &folders);
    let prebook = shown(
        "aimharder-prebook@ana\\x40example.org",
        "*-*-* *:13/15:00",
        &format!("{program} prebook run --horizon 16m"),
        &format!("AIMHARDER_ACCOUNT={ANA} {folders}"),
    );
    let usual = refresh("*-*-* *:00/15:00", &format!("{program} refresh"));
    systemctl(&home, "user", &(usual.clone() + &prebook));
    assert_eq!(problems(&home), []);
    let report = home.status("--offline").json();
    let entries = &report["schedule"]["entries"];
    assert_eq!(entries[0]["account"], ANA);
    assert_eq!(entries[1]["by"], "user_timer");
    assert_eq!(entries[1]["next_at"], "2099-11-21T06:45:00+00:00");
    let quarterly = "*-*-* *:00/15:00";
    let usual_but = |from: &str, to: &str| usual.replace(from, to);
    let since_last_run = |span: &str| {
        let shown = usual_but("OnStartupUSec=1min", &format!("OnUnitActiveUSec={span}"));
        shown.replace("TimersCalendar", "Other")
    };
    let running = |command: &str| refresh(quarterly, command);
    let own = |arguments: &str| running(&format!("{program} {arguments}"));
    let at = |calendar: &str| refresh(calendar, &format!("{program} refresh"));
    let missing = "Id=aimharder-refresh.timer\nLoadState=not-found\nActiveState=inactive\n\n";
    let alone = usual.split("\n\n").next().unwrap().to_owned() + "\n\n";
    for (timer, code) in [
        (running("/nowhere/aimharder refresh"), "schedule_broken"),
        (at("*-*-* 06,18:00:00"), "scheduled_rarely"),
        (at("Mon..Fri *-*-* *:00/15:00"), "scheduled_rarely"),
        (at("Mon..Sun *-*-* *:00/15:00"), ""),
        (own("refresh --store /tmp/other.db"), "not_scheduled"),
        (
            usual_but("ActiveState=active", "ActiveState=failed"),
            "timer_inactive",
        ),
        (missing.to_owned(), "not_scheduled"),
        (alone, "schedule_broken"),
        (since_last_run("15min"), ""),
        (since_last_run("19min 30s"), ""),
        (since_last_run("1d"), "scheduled_rarely"),
        // the times of a week are not in their order
        (
            at("Sat *-*-* 06:00:00").replace("OnStartupUSec=1min", "OnUnitActiveUSec=15min"),
            "",
        ),
        (usual_but("TimersCalendar", "Other"), "scheduled_rarely"),
        (own("status"), "not_scheduled"),
        (own("prebook run"), "not_scheduled"),
        (own("prebook run --dry-run"), "not_scheduled"),
        (own("refresh --al"), "schedule_broken"),
        // not checked
        (running("/usr/bin/flock /tmp/x aimharder refresh --al"), ""),
        (
            running(&format!(
                "/bin/sh -c {program} refresh >> /tmp/log 2>&1 || true"
            )),
            "",
        ),
        (
            running("/usr/bin/docker exec gym sh -c cd /app && ./aimharder refresh"),
            "",
        ),
        (running("/usr/local/bin/gym /etc/aimharder"), ""),
        (
            refresh("*-*-* 06:00:00", "/bin/sh -c aim refresh"),
            "scheduled_rarely",
        ),
    ] {
        systemctl(&home, "user", &(timer.clone() + &prebook));
        let codes: Vec<_> = problems(&home).into_iter().map(|it| it.0).collect();
        let expected = if code.is_empty() { vec![] } else { vec![code] };
        assert_eq!(codes, expected, "{timer}");
        if code == "scheduled_rarely" {
            let remedy = home.status("--offline").json()["problems"][0]["remedy"].clone();
            assert_eq!(remedy, "use OnCalendar=*:0/15", "{timer}");
        }
    }
    // the horizon of a wrapper is unknown
    let hourly = |exec: &str| shown("aimharder-prebook", "*-*-* *:00:00", exec, &folders);
    systemctl(
        &home,
        "user",
        &(usual.clone() + &hourly("/usr/local/bin/gym")),
    );
    assert_eq!(problems(&home), []);
    systemctl(
        &home,
        "user",
        &(usual.clone() + &hourly(&format!("{program} prebook run"))),
    );
    assert_eq!(problems(&home)[0].0, "scheduled_rarely");
    // one service that runs both jobs
    let both = format!("/bin/sh -c {program} refresh ; {program} prebook run --horizon 16m");
    systemctl(&home, "user", &refresh(quarterly, &both));
    assert_eq!(problems(&home), []);
    // the system's service has its own store
    let system = usual.replace(
        "Id=aimharder-refresh.service",
        "StateDirectory=aimharder\nConfigurationDirectory=aimharder\nId=aimharder-refresh.service",
    );
    let system = system.replace(&folders, "RUST_BACKTRACE=0");
    let wrapped = running("/bin/sh -c aimharder refresh").replace(&folders, "RUST_BACKTRACE=0");
    for units in [wrapped, system] {
        systemctl(&home, "system", &units);
        let (problems, hints) = home.findings();
        assert_eq!(problems, ["not_scheduled", "not_scheduled"], "{units}");
        assert_eq!(hints, ["timer_of_other_store"], "{units}");
    }
    let entries = home.status("--offline").json();
    let entry = &entries["schedule"]["entries"][0];
    assert_eq!(
        (&entry["by"], &entry["serves"]),
        (&json!("system_timer"), &json!(false))
    );
}

/// What a tool that fails would list is unknown.
#[test]
fn a_tool_that_fails_is_named() {
    let (_sandbox, home) = with_prebooking();
    let message = |expected: &str| {
        let found = problems(&home);
        assert_eq!(
            (found.len(), &*found[0].0),
            (2, "not_scheduled"),
            "{found:?}"
        );
        assert_eq!(found[0].1, expected);
    };
    // as it does without a crontab
    home.crontab("");
    home.tool("crontab", "echo 'no crontab for ana' >&2; exit 1");
    message("nothing runs `aimharder refresh`: no crontab line, no active timer");
    home.tool("systemctl", "[ \"$1\" != --user ]");
    message("nothing known runs `aimharder refresh` (`systemctl --user` failed)");
    home.run("prebook add --time 13:10 --opens 1d --day +4")
        .warns(&["nothing known runs `prebook run` (`systemctl --user` failed): add `"]);
    // a tool that is missing has nothing to show
    home.run("prebook add --time 13:10 --opens 1d --day +4")
        .any_stdout()
        .env("PATH", "/nowhere")
        .stderr_has(&["nothing runs `prebook run`: install cron and add `"])
        .done();
    home.tool("systemctl", "exit 1");
    home.tool("crontab", "exec sleep 60");
    message(
        "nothing known runs `aimharder refresh` (`crontab -l` and `systemctl --user` and `systemctl` failed)",
    );
    assert_eq!(home.findings().1, ["tool_silent"]);
}
