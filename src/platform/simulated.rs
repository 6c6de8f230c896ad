//! A server for simulations, instead of the network. Each thread has its own.

use std::cell::RefCell;
use std::time::Duration;

use super::Result;
use super::call::{Response, lost};
use crate::clock;
use crate::http_client::Cause;

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The text of the `Date` header.
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

/// The response of this thread's server. `None`: it has none.
pub(super) fn response(host: &str, path: &str, limit: Duration) -> Option<Result<Response>> {
    let end = clock::steady() + limit;
    let reply = SERVER.with_borrow_mut(|server| server.as_mut().map(|server| server(path)))?;
    let reply = reply.filter(|_| clock::steady() <= end);
    let Some(reply) = reply else {
        clock::nap(end.saturating_duration_since(clock::steady()));
        return Some(Err(lost(host, Cause::TimedOut)));
    };
    let mut response = Response::new(host, 200, reply.body.as_bytes());
    response.received = Some(clock::wall());
    if let Ok(date) = reply.date.parse() {
        response.headers.insert(reqwest::header::DATE, date);
    }
    Some(Ok(response))
}
