//! What an origin needs so that a policy with or without credentials accepts it. The rules are the policy's; here they become
//! an opt-in that a change names.

use crate::policy::{ProblemKind, opt_in, pattern};

/// A risk that a change takes: an origin that a policy accepts only in `danger_allow_origins`. [`NeedsOptIn`](crate::NeedsOptIn)
/// lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptIn {
    /// The origin or pattern.
    pub entry: String,
    /// Who could read what.
    pub kind: ProblemKind,
}

/// Whether a policy accepts an origin.
pub(super) enum Standing {
    /// In `allow_origins`.
    Accepted,
    /// Only in `danger_allow_origins`.
    NeedsOptIn(OptIn),
    /// Nowhere.
    Refused(ProblemKind),
}

/// What the builder would say of an entry other than `*`, with or without credentials.
pub(super) fn standing(entry: &str, credentials: bool) -> Standing {
    match pattern::parse(entry) {
        Err(fault) => Standing::Refused(fault.kind),
        Ok(pattern) => match opt_in(pattern, credentials) {
            None => Standing::Accepted,
            Some(fault) => Standing::NeedsOptIn(OptIn { entry: entry.to_owned(), kind: fault.kind }),
        },
    }
}
