//! Whatever breaks takes nothing from the others, and leaves no claim behind.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::*;
use crate::booking::Outcome;
use crate::config::Config;
use crate::model::prebooking::PrebookRequest;
use crate::model::session::SessionKind;
use crate::platform::{Platform, Scheme, Settings};
use crate::prebook::Place;
use crate::prebook::plan::Calendar;
use crate::sessions::lock::Locks;
use crate::store::Store;

/// A store with so many prebookings that are due, and nobody to reach.
fn world(folder: &Path, wishes: usize) -> (Store, Platform, Config) {
    let store = Store::open(&folder.join("store/s.db")).unwrap();
    let now: DateTime<Utc> = clock::now();
    for n in 0..wishes {
        let request = PrebookRequest::new(
            format!("m{n}@example.org").parse().unwrap(),
            "crossfitdemo",
            "18:30".parse().unwrap(),
        );
        let day = now.date_naive() + chrono::Days::new(3);
        store.put_prebooking(&request, day, None, now).unwrap();
    }
    let platform = Platform::new(Settings {
        domain: "aimharder.com".into(),
        scheme: Scheme::Http,
        connect_to: Some("127.0.0.1:9".parse().unwrap()),
        ca_file: None,
        proxy: None,
        no_proxy: String::new(),
        timeout: Duration::from_secs(1),
        user_agent: "test".into(),
    });
    (store, platform, Config::default())
}

fn place() -> Place {
    Place {
        host: "crossfitdemo.aimharder.com".into(),
        id: Some(1),
        calendar: Calendar::UNKNOWN,
    }
}

/// All results of a run whose threads have this stack and do this work.
fn results(
    wishes: usize,
    stack: usize,
    work: impl Fn(&Run<'_>, &Task) -> Done + Sync,
) -> (Result<()>, Vec<Settled>, Vec<Prebooking>) {
    let home = tempfile::tempdir().unwrap();
    let (store, platform, config) = world(home.path(), wishes);
    let sessions = SessionManager {
        store: &store,
        platform: &platform,
        config: &config,
        locks: Locks::beside(store.path(), "a test"),
    };
    let pick = SessionSelector::Kind(SessionKind::Background);
    let spans = (Duration::from_secs(60), Duration::from_secs(1));
    let mut run = Run::new(&sessions, pick, spans, None);
    run.stack = stack;
    let mut reported = Vec::new();
    let mut tell = |news| {
        if let News::Settled(settled) = news {
            reported.push(*settled);
        }
        Ok(())
    };
    let done = run.go_with(&|_| Ok(place()), &|| Ok(()), &mut tell, &|task| {
        work(&run, task)
    });
    reported.sort_by_key(|settled| settled.prebooking.id);
    (done, reported, store.prebookings(None).unwrap())
}

fn booked(run: &Run<'_>, task: &Task) -> Done {
    run.settle(task, Ending::Book(Outcome::Booked), "as a test has it")
}

fn endings(reported: &[Settled]) -> Vec<Ending> {
    reported.iter().map(|settled| settled.ending).collect()
}

#[test]
fn a_thread_that_dies_is_a_result_and_gives_its_claim_back() {
    let (done, reported, stored) = results(3, STACK, |run, task| {
        assert!(task.prebooking.id != 2, "the bug of this test");
        booked(run, task)
    });
    done.unwrap();
    let (had, broken) = (
        Ending::Book(Outcome::Booked),
        Ending::Trouble(ExitKind::Internal),
    );
    assert_eq!(endings(&reported), [had, broken, had]);
    assert!(reported[1].message.as_ref().unwrap().contains("broke off"));
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
    assert_eq!(endings(&reported), [Ending::Trouble(ExitKind::Internal); 2]);
    assert!(reported[0].message.as_ref().unwrap().contains("no thread"));
    assert!(stored.iter().all(|p| p.progress == Progress::Pending));
}

#[test]
fn a_store_that_fails_for_one_takes_nothing_from_the_others() {
    let (done, reported, stored) = results(3, STACK, |run, task| {
        if task.prebooking.id == 1 {
            // as an unusable store would have it: booked, and nobody could write it down
            let trigger = "CREATE TRIGGER broken BEFORE UPDATE ON prebookings WHEN NEW.id = 1 \
                           BEGIN SELECT RAISE(ABORT, 'as a test has it'); END";
            let path = run.shared.sessions.store.path();
            let db = rusqlite::Connection::open(path).unwrap();
            db.busy_timeout(Duration::from_secs(5)).unwrap();
            db.execute_batch(trigger).unwrap();
        }
        booked(run, task)
    });
    let error = done.unwrap_err().to_string();
    assert!(error.contains("as a test has it"), "{error}");
    assert_eq!(endings(&reported), [Ending::Book(Outcome::Booked); 3]);
    let progress: Vec<_> = stored.iter().map(|p| p.progress).collect();
    assert_eq!(
        progress,
        [Progress::Executing, Progress::Booked, Progress::Booked]
    );
}

#[test]
fn results_that_cannot_be_told_are_no_reason_to_stop() {
    let home = tempfile::tempdir().unwrap();
    let (store, platform, config) = world(home.path(), 3);
    let sessions = SessionManager {
        store: &store,
        platform: &platform,
        config: &config,
        locks: Locks::beside(store.path(), "a test"),
    };
    let pick = SessionSelector::Kind(SessionKind::Background);
    let spans = (Duration::from_secs(60), Duration::from_secs(1));
    let run = Run::new(&sessions, pick, spans, None);
    let mut asked = 0;
    let mut tell = |_: News| {
        asked += 1;
        Err(anyhow::anyhow!("number {asked}"))
    };
    let work = |task: &Task| booked(&run, task);
    let done = run.go_with(&|_| Ok(place()), &|| Ok(()), &mut tell, &work);
    assert_eq!(done.unwrap_err().to_string(), "number 1");
    assert_eq!(asked, 3);
}
