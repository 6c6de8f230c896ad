//! A failure of one prebooking does not affect the others and leaves no claim behind.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::*;
use crate::clock::simulated::Simulated;
use crate::config::{Config, Scheme, Server};
use crate::model::prebooking::PrebookRequest;
use crate::model::session::SessionKind;
use crate::platform::Platform;
use crate::sessions::lock::Locks;
use crate::sessions::{SessionManager, SessionSelector};
use crate::store::Store;

/// A store with due prebookings, and a platform that cannot be reached.
fn world(folder: &Path, prebookings: usize) -> (Store, Platform, Config) {
    let store = Store::open(&folder.join("store/s.db")).unwrap();
    let now: DateTime<Utc> = clock::now();
    for n in 0..prebookings {
        let request = PrebookRequest::new(
            format!("m{n}@example.org").parse().unwrap(),
            "crossfitdemo",
            "18:30".parse().unwrap(),
        );
        let day = now.date_naive() + chrono::Days::new(3);
        store.put_prebooking(&request, day, None, now).unwrap();
    }
    let platform = Platform::new(
        Server {
            domain: "aimharder.com".into(),
            scheme: Scheme::Http,
            connect_to: Some("127.0.0.1:9".parse().unwrap()),
            timeout: Duration::from_secs(1),
            user_agent: "test".into(),
            ..Server::default()
        },
        String::new(),
    );
    (store, platform, Config::default())
}

fn manager<'a>(store: &'a Store, platform: &'a Platform, config: &'a Config) -> SessionManager<'a> {
    SessionManager {
        store,
        platform,
        config,
        locks: Locks::beside(store.path(), "a test"),
    }
}

fn profile() -> BoxProfile {
    BoxProfile {
        id: Some(1),
        ..BoxProfile::bare("crossfitdemo", "crossfitdemo.aimharder.com")
    }
}

/// The end of a run, its results, and the prebookings afterwards.
type Ended = (Result<()>, Vec<PrebookResult>, Vec<Prebooking>);

/// Executes a run whose threads have this stack and do this work.
fn results(
    prebookings: usize,
    stack: usize,
    work: impl Fn(&Run<'_>, &DuePrebooking) -> RunEvent + Sync,
) -> Ended {
    let mut reported = Vec::new();
    let mut report = |result| {
        reported.push(result);
        Ok(())
    };
    let (done, stored) = executed(prebookings, stack, &mut report, work);
    reported.sort_by_key(|result: &PrebookResult| result.prebooking.id);
    (done, reported, stored)
}

fn run<'s>(sessions: &'s SessionManager<'s>) -> Run<'s> {
    let selector = SessionSelector::Kind(SessionKind::Background);
    let mut context = RunContext::new(sessions, selector, Duration::from_secs(1));
    context.horizon = Duration::from_secs(60);
    Run {
        context,
        profiles: &|_| Ok(profile()),
        announce_wait: None,
    }
}

fn executed(
    prebookings: usize,
    stack: usize,
    report: &mut Report<'_>,
    work: impl Fn(&Run<'_>, &DuePrebooking) -> RunEvent + Sync,
) -> (Result<()>, Vec<Prebooking>) {
    let home = tempfile::tempdir().unwrap();
    let (store, platform, config) = world(home.path(), prebookings);
    let sessions = manager(&store, &platform, &config);
    let run = run(&sessions);
    let done = run.execute_with(&|| Ok(()), report, stack, &|due| work(&run, due));
    (done, store.prebookings(None).unwrap())
}

fn booked(run: &Run<'_>, due: &DuePrebooking) -> RunEvent {
    run.unsent(due, Outcome::Booked, "as a test has it")
}

fn outcomes(reported: &[PrebookResult]) -> Vec<Outcome> {
    reported.iter().map(|result| result.outcome).collect()
}

#[test]
fn a_thread_that_dies_is_a_result_and_gives_its_claim_back() {
    let (done, reported, stored) = results(3, STACK, |run, due| {
        assert!(due.prebooking.id != 2, "the bug of this test");
        booked(run, due)
    });
    done.unwrap();
    let (had, broken) = (Outcome::Booked, Outcome::Failed(ExitKind::Internal));
    assert_eq!(outcomes(&reported), [had, broken, had]);
    assert!(
        reported[1]
            .next
            .message
            .as_ref()
            .unwrap()
            .contains("ended unexpectedly")
    );
    let progress: Vec<_> = stored.iter().map(|p| p.progress).collect();
    assert_eq!(
        progress,
        [Progress::Booked, Progress::Pending, Progress::Booked]
    );
    assert!(stored.iter().all(|p| p.owner.is_none()), "{stored:?}");
}

#[test]
fn a_thread_that_cannot_be_had_is_a_result() {
    let (done, reported, stored) = results(2, usize::MAX / 4, booked);
    done.unwrap();
    assert_eq!(
        outcomes(&reported),
        [Outcome::Failed(ExitKind::Internal); 2]
    );
    assert!(
        reported[0]
            .next
            .message
            .as_ref()
            .unwrap()
            .contains("no thread")
    );
    assert!(stored.iter().all(|p| p.progress == Progress::Pending));
}

#[test]
fn results_that_cannot_be_reported_do_not_stop_the_run() {
    let mut asked = 0;
    let mut report = |_: PrebookResult| {
        asked += 1;
        Err(anyhow::anyhow!("number {asked}"))
    };
    let (done, _) = executed(3, STACK, &mut report, booked);
    assert_eq!(done.unwrap_err().to_string(), "number 1");
    assert_eq!(asked, 3);
}

/// Prebookings of one opening are requested in the order they were added, also if a later look finds one of them.
#[test]
fn ranks_count_the_prebookings_of_earlier_looks() {
    let home = tempfile::tempdir().unwrap();
    let (store, platform, config) = world(home.path(), 1);
    let sessions = manager(&store, &platform, &config);
    let run = run(&sessions);
    let _alive = sessions.locks.run(&run.context.owner).unwrap();
    let mut queue = DueQueue::new(&run.context, run.profiles);
    let mut due = Vec::new();
    queue.take_due(&mut due).unwrap();
    let first = &due[0].prebooking;
    let mut request = first.request.clone();
    request.first = "19:30".parse().unwrap();
    let now = clock::now();
    store
        .put_prebooking(&request, first.day, None, now)
        .unwrap();
    let mut later = Vec::new();
    queue.take_due(&mut later).unwrap();
    let ranks: Vec<u32> = due.iter().chain(&later).map(|due| due.rank).collect();
    assert_eq!(ranks, [0, 1]);
}

/// A prebooking with alternatives is executed again by a long run, but not after a request whose outcome is unknown.
#[test]
fn after_an_unknown_outcome_no_alternative_is_requested_by_the_same_run() {
    for (kind, times) in [(ExitKind::UnknownOutcome, 1), (ExitKind::Unreachable, 2)] {
        let home = tempfile::tempdir().unwrap();
        let (store, platform, config) = world(home.path(), 1);
        let prebooking = store.prebookings(None).unwrap().remove(0);
        let mut request = prebooking.request.clone();
        request.alternatives = vec!["19:30".parse().unwrap()];
        let now = clock::now();
        store
            .put_prebooking(&request, prebooking.day, None, now)
            .unwrap();
        let sessions = manager(&store, &platform, &config);
        let run = run(&sessions);
        let _alive = sessions.locks.run(&run.context.owner).unwrap();
        let mut queue = DueQueue::new(&run.context, run.profiles);
        crate::clock::simulated::install(Some(Simulated::at(clock::unix_seconds())));
        let mut executions = 0;
        for _ in 0..3 {
            let mut due = Vec::new();
            queue.take_due(&mut due).unwrap();
            executions += due.len();
            for due in due {
                run.unsent(&due, Outcome::Failed(kind), "as a test has it")
                    .note(&mut queue);
            }
            crate::clock::simulated::advance(Duration::from_secs(8 * 60));
        }
        crate::clock::simulated::install(None);
        assert_eq!(executions, times, "{kind:?}");
    }
}
