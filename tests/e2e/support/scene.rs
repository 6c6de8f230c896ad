//! A scenario of prebookings: a sandbox, a home in which Ana is logged in, and an opening in a few seconds. The clocks of
//! server and machine can differ from the real one.
//!
//! ```text
//! let scene = Scenario::new().opens_in(3);
//! let class = scene.class(&json!({}));
//! let id = scene.add("--waitlist");
//! scene.fired(0).is(&[("booked", 1)]);
//! scene.ends(id, "booked", &[&class]);
//! ```

use std::ffi::OsString;
use std::fs;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Europe::Madrid;
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::fired::{Fired, HISTORY, PREBOOKING, has_keys};
use super::login::copy_login;
use super::{Home, Run, Running, Sandbox, start, wait_for, with};

/// The start of the class. The default timetable has no class at that time.
pub(crate) const START: &str = "13:10";
/// The password source that recovers a dead background session.
pub(crate) const SOURCE: &str = "password_command = \"echo correct-horse\"";
/// The default of `--give-up`, in milliseconds.
pub(crate) const GIVE_UP: i64 = 30_000;

#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) sandbox: Sandbox,
    pub(crate) home: Home,
    /// Server clock minus the real one.
    server_ms: i64,
    /// Environment variables of every command, which set its clock.
    pub(crate) envs: Vec<(&'static str, OsString)>,
    /// The box's zone.
    pub(crate) zone: Tz,
    /// The opening by the server clock, in Unix milliseconds.
    pub(crate) opens_ms: i64,
    /// The class's day.
    pub(crate) day: NaiveDate,
    /// The opening rule from which the opening follows.
    pub(crate) rule: String,
}

/// Real unix milliseconds.
pub(crate) fn real_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn utc(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap()
}

impl Scenario {
    /// Real clocks, a password source, no opening yet.
    pub(crate) fn new() -> Self {
        let scene = Self::logged_out();
        copy_login(&scene.sandbox, &scene.home);
        scene
    }

    /// A class that opens in this number of seconds, changed by `fields`, and its prebooking with these further arguments.
    pub(crate) fn prebooked(seconds: i64, fields: &Value, args: &str) -> (Self, String, i64) {
        let scene = Self::new().opens_in(seconds);
        let class = scene.class(fields);
        let id = scene.add(args);
        (scene, class, id)
    }

    /// With a place on the waiting list of a class that was full at the opening.
    pub(crate) fn queued() -> (Self, String, i64) {
        let full = json!({ "occupied": 12, "waitlist": 2 });
        let (scene, class, id) = Self::prebooked(1, &full, "--waitlist");
        scene.fired(0).is(&[("waitlisted", 1)]);
        (scene, class, id)
    }

    /// The same before Ana has logged in.
    pub(crate) fn logged_out() -> Self {
        let (sandbox, home) = start();
        home.config(SOURCE);
        Self {
            sandbox,
            home,
            server_ms: 0,
            envs: Vec::new(),
            zone: Madrid,
            opens_ms: 0,
            day: NaiveDate::default(),
            rule: String::new(),
        }
    }

    pub(crate) fn log_in(&self, account: &str, password: &str) {
        let login = self.command("login --password-stdin").arg(account);
        let printed = login.stdin(password).json();
        assert_eq!(printed["sessions"][1]["status"], "ok", "{printed}");
    }

    /// Sets the server clock this far ahead of the real one.
    pub(crate) fn server_ahead(&mut self, ms: i64) {
        self.server_ms = ms;
        self.sandbox.config(&json!({ "skew_ms": ms }));
    }

    /// The server's clock.
    pub(crate) fn now_ms(&self) -> i64 {
        real_ms() + self.server_ms
    }

    /// Booking opens in this number of seconds, at a whole second, two days before the class.
    pub(crate) fn opens_in(mut self, seconds: i64) -> Self {
        self.opens_ms = (self.now_ms() / 1000 + 1 + seconds) * 1000;
        let wall = utc(self.opens_ms).with_timezone(&self.zone);
        self.day = wall.date_naive() + Days::new(2);
        self.rule = self.rule_at(0);
        self
    }

    /// The rule by which a class of that day opens this long after the opening (before it: negative).
    pub(crate) fn rule_at(&self, from_opening_ms: i64) -> String {
        let wall = utc(self.opens_ms + from_opening_ms).with_timezone(&self.zone);
        let days = (self.day - wall.date_naive()).num_days();
        format!("{days}d@{}", wall.format("%H:%M:%S"))
    }

    /// Adds the class that opens then, changed by `fields`, and returns its id.
    pub(crate) fn class(&self, fields: &Value) -> String {
        let class = json!({
            "day": self.day, "start": START, "name": "WOD", "opens_at_ms": self.opens_ms,
        });
        self.sandbox.class(&with(&class, fields.clone()))
    }

    /// Changes a class.
    pub(crate) fn patch(&self, class: &str, patch: &Value) {
        self.sandbox.patch_class(class, patch);
    }

    /// Prebooks it, with these further arguments, and returns the id of the prebooking.
    pub(crate) fn add(&self, args: &str) -> i64 {
        self.prebook(&format!("--time {START} --class WOD {args}"))
    }

    /// Prebooks a class of that day.
    pub(crate) fn prebook(&self, args: &str) -> i64 {
        self.add_by(&self.rule, args)
    }

    /// Prebooks a class of that day that opens this long after the opening (before it: negative).
    pub(crate) fn add_opening(&self, from_opening_ms: i64, args: &str) -> i64 {
        self.add_by(&self.rule_at(from_opening_ms), args)
    }

    fn add_by(&self, rule: &str, args: &str) -> i64 {
        let add = self.command("prebook add --day").arg(self.day.to_string());
        let add = add.args("--opens").arg(rule).args(args);
        let printed = add.any_stderr().json();
        printed["prebookings"][0]["id"].as_i64().expect("a number")
    }

    /// A command under the scene's machine clock.
    pub(crate) fn command(&self, args: &str) -> Run {
        let envs = self.envs.iter();
        envs.fold(self.home.run(args), |run, (name, value)| {
            run.env(name, value)
        })
    }

    /// Sets a notification command that appends each event to the home's file `events`, and the prebookings at that moment to
    /// `seen`.
    pub(crate) fn notify(&self) {
        let binary = env!("CARGO_BIN_EXE_aimharder");
        self.home.config(&format!(
            "{SOURCE}\n[[notify]]\ncommand = '''cat >> $HOME/events; {binary} prebook list --all --json >> $HOME/seen'''"
        ));
    }

    /// The lines of one of these files.
    pub(crate) fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// Starts `prebook run --json`.
    pub(crate) fn go(&self, args: &str) -> Running {
        let run = self.command("prebook run --json").args(args);
        run.any_stderr().spawn()
    }

    /// Runs `prebook run --json`, which must end with this status.
    pub(crate) fn fired(&self, status: i32) -> Fired {
        self.fired_with("", status)
    }

    pub(crate) fn fired_with(&self, args: &str, status: i32) -> Fired {
        Fired::of(self.go(args), status)
    }

    /// Waits until a run has claimed it.
    pub(crate) fn claimed(&self, id: i64) {
        let status = format!("SELECT status FROM prebookings WHERE id = {id}");
        wait_for("the claim", || self.home.ask(&status) == "executing");
    }

    /// The instant at which faults of the schedule begin that a request at the opening must meet. It is before the opening, because
    /// a machine under load may send the request early.
    pub(crate) fn faults_from_ms(&self) -> i64 {
        self.opens_ms - 100
    }

    /// Waits until a run has looked the class up. Requests of `prebook add` are of the device session.
    pub(crate) fn looked_up(&self) {
        wait_for("the class looked up", || {
            let looks = self.sandbox.sent("/api/bookings");
            looks.iter().any(|look| {
                look["fingerprint"]
                    .as_str()
                    .is_some_and(|print| print.starts_with("bg-"))
            })
        });
    }

    /// Waits until this long after the opening (before it: negative).
    pub(crate) fn wait_until(&self, from_opening_ms: i64) {
        let left = self.opens_ms + from_opening_ms - self.now_ms();
        if let Ok(left) = u64::try_from(left) {
            thread::sleep(Duration::from_millis(left));
        }
    }

    /// A prebooking as `prebook list --all --json` shows it, with all documented keys.
    pub(crate) fn stored(&self, id: i64) -> Value {
        let printed = self.command("prebook list --all").json();
        let all = printed["prebookings"].as_array().expect("a list");
        let found = all.iter().find(|prebooking| prebooking["id"] == id);
        let found = found.unwrap_or_else(|| panic!("no prebooking {id}: {printed}"));
        has_keys(found, &PREBOOKING);
        for request in found["history"].as_array().expect("a history") {
            has_keys(request, &HISTORY);
        }
        found.clone()
    }

    /// The prebooking has this status, and these classes have one reservation each and no other class has one. A prebooking
    /// with a place has the id of its reservation.
    pub(crate) fn ends(&self, id: i64, status: &str, classes: &[&str]) -> Value {
        let stored = self.stored(id);
        assert_eq!(stored["status"], status, "{stored}");
        let all = self.sandbox.all_reservations();
        for class in classes {
            let number: u64 = class.parse().expect("a class number");
            let of_class = |held: &&Value| held["class"] == number;
            let held = all.iter().filter(of_class).count();
            assert_eq!(held, 1, "reservations of {class}: {all:?}");
        }
        assert_eq!(all.len(), classes.len(), "{all:?}: {stored}");
        let ids: Vec<String> = all.iter().map(|held| held["idres"].to_string()).collect();
        if matches!(status, "booked" | "waitlisted") {
            let named = stored["reservation_id"].as_str().unwrap_or_default();
            assert!(ids.iter().any(|id| id == named), "{named}: {stored}");
        }
        stored
    }

    /// The next run books it: this class has the only reservation.
    pub(crate) fn books(&self, id: i64, class: &str) -> Value {
        self.fired(0).is(&[("booked", 1)]);
        self.ends(id, "booked", &[class])
    }

    /// The booking requests that have reached the sandbox, oldest first.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.sandbox.sent("/api/book")
    }

    /// Those that arrived at the opening or after it: a machine under load may send one early.
    pub(crate) fn in_time(&self) -> Vec<Value> {
        let mut requests = self.requests();
        requests.retain(|request| request["server_ms"].as_i64() >= Some(self.opens_ms));
        requests
    }

    /// When requests arrived, in milliseconds after the opening by the server clock, and their responses.
    fn arrivals(&self) -> Vec<(i64, String)> {
        let seen = |request: &Value| {
            let at = request["server_ms"].as_i64().unwrap() - self.opens_ms;
            let answer = request["answer"].as_str().unwrap_or("nothing");
            (at, answer.to_owned())
        };
        self.requests().iter().map(seen).collect()
    }

    /// The request that was accepted arrived at the opening or after it, by the server clock, and within `--give-up`.
    pub(crate) fn on_time(&self) {
        let arrivals = self.arrivals();
        let taken = arrivals
            .iter()
            .find(|(_, answer)| answer.contains("\"id\""));
        let (late, _) = taken.unwrap_or_else(|| panic!("none was taken: {arrivals:#?}"));
        assert!((0..GIVE_UP).contains(late), "{arrivals:#?}");
    }

    /// No request arrived more than a second before the opening by the server clock, which is the precision of one `Date` header,
    /// and none as late as it would by a machine's clock that is ten seconds slow.
    pub(crate) fn aimed(&self) {
        self.on_time();
        let arrivals = self.arrivals();
        let (first, last) = (arrivals[0].0, arrivals[arrivals.len() - 1].0);
        assert!(first >= -1000 && last < 8000, "{arrivals:#?}");
    }
}
