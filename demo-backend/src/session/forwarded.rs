//! Which connections to the API are those of the page's server, so that the log can say which requests came that way. A header
//! would say it as well, but anyone can write a header.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The connections under way.
#[derive(Clone, Debug, Default)]
pub struct Forwarded {
    connections: Arc<Mutex<HashSet<SocketAddr>>>,
}

/// A connection under way; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "the connection is forgotten when the mark is dropped"]
pub struct Mark {
    forwarded: Forwarded,
    from: SocketAddr,
}

impl Forwarded {
    /// Notes a connection, by its own end.
    pub fn mark(&self, from: SocketAddr) -> Mark {
        self.connections().insert(from);
        Mark { forwarded: self.clone(), from }
    }

    /// Whether a connection is one of them, by its other end.
    pub fn contains(&self, peer: Option<SocketAddr>) -> bool {
        peer.is_some_and(|peer| self.connections().contains(&peer))
    }

    fn connections(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        // A set is never left half written.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.forwarded.connections().remove(&self.from);
    }
}
