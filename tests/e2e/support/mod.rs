//! What all end-to-end tests are made of: a [`Sandbox`] (the platform's stand-in, a process), a
//! [`Home`] (a folder with config and store), and a [`Run`] of the binary with what it must say.
//!
//! ```ignore
//! let (sandbox, home) = logged_in();
//! let id = sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD" }));
//! let told = home.run("book --time 13:10 --day").arg(day(3)).json();
//! assert_eq!(told["outcome"], "booked");
//! ```

mod check;
mod child;
mod day;
mod home;
mod http;
mod run;
mod sandbox;

pub(crate) use day::{day, madrid, today};
pub(crate) use home::Home;
pub(crate) use run::{Run, all_at_once};
pub(crate) use sandbox::Sandbox;

/// The sandbox's two people.
pub(crate) const ANA: &str = "ana@example.org";
pub(crate) const BEN: &str = "ben@example.org";
/// Their passwords, which no output may ever show.
pub(crate) const ANAS: &str = "correct-horse";
pub(crate) const BENS: &str = "battery-staple";

/// A sandbox and an empty home that reaches it.
pub(crate) fn start() -> (Sandbox, Home) {
    let sandbox = Sandbox::start();
    let home = Home::new(&sandbox);
    (sandbox, home)
}

/// The same with Ana logged in, both sessions, and the log of that cleared.
pub(crate) fn logged_in() -> (Sandbox, Home) {
    let (sandbox, home) = start();
    home.log_in(ANA, ANAS);
    sandbox.clear_log();
    (sandbox, home)
}

/// Does the same for every case, all at the same time: for tests that spend their time waiting.
pub(crate) fn side_by_side<T: Sync>(cases: &[T], test: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| test(case));
        }
    });
}
