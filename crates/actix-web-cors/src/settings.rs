//! What an application sets on [`Cors`](crate::Cors) itself, whatever the policy says.

use std::sync::Arc;

use actix_web::http::{StatusCode, header::HeaderName};

use crate::{predicate::Predicate, throttle::Throttle};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Request headers that the choice of a policy depends on, as the application says.
    pub(crate) reads: Vec<HeaderName>,
    /// What allows origins that no pattern says.
    pub(crate) predicates: Vec<Predicate>,
    /// Keeps a source that fails again and again from flooding the log, on all workers.
    pub(crate) failures: Arc<Throttle>,
    pub(crate) reject_disallowed_origins: bool,
    pub(crate) forward_preflights: bool,
    pub(crate) preflight_status: StatusCode,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reads: Vec::new(),
            predicates: Vec::new(),
            failures: Arc::default(),
            reject_disallowed_origins: false,
            forward_preflights: false,
            preflight_status: StatusCode::NO_CONTENT,
        }
    }
}
