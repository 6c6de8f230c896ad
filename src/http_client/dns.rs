//! Name resolution for every HTTP client: the system's resolver, on a thread of its own.
//!
//! The system's resolver cannot be interrupted. On its own thread it delays neither the timeout of a request nor the end of
//! the program (promise 7), because nothing waits for the thread.

use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Resolves names with the system's resolver, or every name to one address.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) Option<SocketAddr>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        if let Some(address) = self.0 {
            // its port is used because the URLs have none, so it is not in `Host`
            let addresses: Addrs = Box::new(std::iter::once(address));
            return Box::pin(std::future::ready(Ok(addresses)));
        }
        let (answer, answered) = oneshot::channel();
        let host = name.as_str().to_owned();
        let thread = thread::Builder::new().name("resolver".to_owned());
        let spawned = thread.spawn(move || {
            // the client replaces port 0 with the port of the URL
            let found = (host.as_str(), 0).to_socket_addrs();
            // a request that has timed out no longer receives it
            let _ = answer.send(found);
        });
        Box::pin(async move {
            spawned?;
            let found: Addrs = Box::new(answered.await??);
            Ok(found)
        })
    }
}
