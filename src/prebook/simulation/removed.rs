//! A prebooking that is removed is not requested from the next attempt on (promise 9), and nothing reads the store between
//! aiming and the first request.

use std::path::Path;

use super::*;
use crate::model::prebooking::PrebookId;
use crate::platform::simulated::Reply;

/// When the prebooking is removed.
#[derive(Debug, Clone, Copy)]
enum Removal {
    /// During the first request for this path.
    During(&'static str),
    /// While the program sleeps until the opening.
    InLastSleep,
}

fn remove(store: &Path, id: i64) {
    let store = Store::open(store).unwrap();
    let removed = store.remove_prebookings(&[PrebookId::One(id)], None);
    assert!(removed.unwrap().is_ok());
}

/// The paths of the requests for the schedule and for a booking, of a prebooking that opens in `lead` seconds. `answer` is the
/// body of the responses to the bookings; with `is_lost`, no response to the path of the removal comes.
fn requested(lead: f64, removal: Removal, answer: &'static str, is_lost: bool) -> Vec<String> {
    let world = World::new();
    let scenario = Scenario {
        offset: 0.0,
        ..calm(0.02)
    };
    let opening = START + lead;
    let sent = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&sent);
    world.simulate(&scenario, opening, |context, request, profile| {
        let store = context.sessions.store;
        let path = store.path().to_owned();
        let day = utc(START + 172_800.0).date_naive();
        let request = PrebookRequest {
            waitlist: true,
            ..request.clone()
        };
        let put = store.put_prebooking(&request, day, None, utc(START));
        let put = put.unwrap();
        assert!(store.claim(&put, &context.owner, |_| true).unwrap());
        let mut usual = server(&scenario, opening, Rc::default());
        let mut during = match removal {
            Removal::During(path) => Some(path),
            Removal::InLastSleep => {
                let path = path.clone();
                let act = Box::new(move || remove(&path, put.id));
                clock::simulated::at(opening - 0.1, act);
                None
            }
        };
        simulated::install(Some(Box::new(move |asked| {
            if matches!(asked, "/api/bookings" | "/api/book") {
                log.borrow_mut().push(asked.to_owned());
            }
            let removes = during.take_if(|during| *during == asked).is_some();
            if removes {
                remove(&path, put.id);
            }
            let reply = usual(asked).filter(|_| !(removes && is_lost))?;
            let is_booking = asked == "/api/book";
            let body = if is_booking {
                answer.to_owned()
            } else {
                reply.body
            };
            Some(Reply { body, ..reply })
        })));
        let mut task = BookingTask::new(context, &put.request, day, profile);
        task.prebooking = Some(&put);
        if let Ok(full) = task.book(&put.request.first, Next::At(utc(opening))) {
            let _ = task.join_waiting_list(&full);
        }
    });
    sent.take()
}

#[test]
fn a_removed_prebooking_is_not_requested_from_the_next_attempt_on() {
    let (look, book) = ("/api/bookings", "/api/book");
    let early = r#"{"bookState": -12, "errorMssgLang": "ERROR_ANTELACION_CLIENTE"}"#;
    let full = r#"{"bookState": -1}"#;
    for (removal, answer, is_lost, expected) in [
        (Removal::During(look), early, false, vec![look]),
        (Removal::During(look), early, true, vec![look]),
        (Removal::During(book), early, false, vec![look, book]),
        // the row settles what the lost request ended with
        (Removal::During(book), early, true, vec![look, book, look]),
        (Removal::During(book), full, false, vec![look, book]),
    ] {
        let sent = requested(-60.0, removal, answer, is_lost);
        assert_eq!(sent, expected, "{removal:?}, {answer}, {is_lost}");
    }
}

/// The removal is noticed before the first repeat, but not before the first request, for which the store is not read.
#[test]
fn the_claim_is_not_read_between_aiming_and_the_first_request() {
    let early = r#"{"bookState": -12, "errorMssgLang": "ERROR_ANTELACION_CLIENTE"}"#;
    for lead in [90.0, 0.5] {
        let sent = requested(lead, Removal::InLastSleep, early, false);
        assert_eq!(sent, ["/api/bookings", "/api/book"], "{lead} s before");
    }
}
