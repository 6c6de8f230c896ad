//! Runs, cases or scenes at the same time, for tests that spend their time waiting.

use std::thread;

use super::{Output, Run, Running};

/// Starts runs at the same time and waits for all of them, checked.
pub(crate) fn all_at_once(runs: impl IntoIterator<Item = Run>) -> Vec<Output> {
    let running: Vec<Running> = runs.into_iter().map(Run::spawn).collect();
    running.into_iter().map(Running::done).collect()
}

/// Does the same for every case, all at the same time.
pub(crate) fn side_by_side<T: Sync>(cases: &[T], test: impl Fn(&T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| test(case));
        }
    });
}

/// Plays scenes at the same time, each in a thread of its name, and names those that failed.
pub(crate) fn together(scenes: &[(&'static str, fn())]) {
    let failed: Vec<&str> = thread::scope(|scope| {
        let play = |&(name, play): &(&'static str, fn())| {
            let thread = thread::Builder::new().name(name.to_owned());
            (name, thread.spawn_scoped(scope, play).unwrap())
        };
        let running: Vec<_> = scenes.iter().map(play).collect();
        let ended = running.into_iter().map(|(name, it)| (name, it.join()));
        ended
            .filter_map(|(name, end)| end.is_err().then_some(name))
            .collect()
    });
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}
