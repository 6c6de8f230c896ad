//! A server for simulations, instead of the network. Each thread has its own.

use std::cell::RefCell;
use std::time::Duration;

use super::call::Answer;
use super::{Error, call::lost};
use crate::clock;
use crate::http_client::Cause;

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Reply {
    /// the text of the `Date` header
    pub date: String,
    pub body: String,
}

/// Answers a request for a path, or `None` when the response is lost. It lets the time pass that the request takes.
pub(crate) type Server = Box<dyn FnMut(&str) -> Option<Reply>>;

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// From now on requests of this thread go to `server`, or to the network again.
pub(crate) fn install(server: Option<Server>) {
    SERVER.set(server);
}

/// The answer of this thread's server. `None`: it has none.
pub(super) fn answer(host: &str, path: &str, limit: Duration) -> Option<Result<Answer, Error>> {
    let end = clock::steady() + limit;
    let reply = SERVER.with_borrow_mut(|server| server.as_mut().map(|server| server(path)))?;
    let reply = reply.filter(|_| clock::steady() <= end);
    let Some(reply) = reply else {
        clock::nap(end.saturating_duration_since(clock::steady()));
        return Some(Err(lost(host, Cause::TimedOut)));
    };
    let mut answer = Answer::new(host, 200, reply.body.as_bytes());
    answer.received = Some(clock::wall());
    if let Ok(date) = reply.date.parse() {
        answer.headers.insert(reqwest::header::DATE, date);
    }
    Some(Ok(answer))
}
