//! Which policy a request is judged by: the one of the session that its path names, and none at the server written by hand.

use std::sync::Arc;

use actix_web::{HttpMessage as _, dev::ServiceRequest};
use actix_web_cors::{Lookup, Never, Policy, PolicySource};

use crate::{
    api_path::{ApiPath, ServerKind},
    session::Session,
};

/// The policy of the session that [`record`](super::record) found for a request.
///
/// It reads no header: the path decides, since a preflight carries neither cookies nor the headers of the actual request.
#[derive(Clone, Debug)]
pub struct SessionPolicy {
    /// For paths that name no session.
    deny_all: Policy,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self { deny_all: Policy::deny_all() }
    }
}

impl PolicySource for SessionPolicy {
    type Future = Never;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Never> {
        if ApiPath::parse(request.path()).is_some_and(|path| path.server == ServerKind::Hand) {
            return Lookup::Ready(None);
        }
        match request.extensions().get::<Arc<Session>>() {
            Some(session) => Lookup::Ready(Some(session.policy())),
            None => Lookup::Found(&self.deny_all),
        }
    }
}
