//! What an entry of `allow_origins` needs so that a policy with or without credentials accepts it. The rules are the
//! builder's; here they become an opt-in that a change names.

use crate::policy::{Parts, PolicyConfig, ProblemKind, builder, pattern};

/// A risk that a change takes: an origin that a policy accepts only after an opt-in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptIn {
    /// The entry of the policy that needs it.
    pub entry: String,
    /// What the policy is refused for without the opt-in.
    pub kind: ProblemKind,
}

impl OptIn {
    /// The setting that takes the opt-in.
    pub fn setting(&self) -> &'static str {
        match self.kind {
            ProblemKind::PublicSuffixWithCredentials => "danger_allow_public_suffixes",
            _ => "danger_allow_insecure_origins",
        }
    }

    fn is_possible(&self) -> bool {
        matches!(
            self.kind,
            ProblemKind::InsecureOriginWithCredentials | ProblemKind::PublicSuffixWithCredentials
        )
    }

    /// Takes it: the policy accepts the entry from then on.
    pub fn take(&self, config: &mut PolicyConfig) {
        match self.kind {
            ProblemKind::PublicSuffixWithCredentials => config.danger_allow_public_suffixes = true,
            _ => config.danger_allow_insecure_origins = true,
        }
    }
}

/// Whether a policy accepts an entry.
pub(super) enum Standing {
    /// As it is, or after these opt-ins.
    Accepted(Vec<OptIn>),
    /// Never.
    Refused(ProblemKind),
}

/// What the builder would say of an entry in a policy like this one, with or without credentials.
pub(super) fn standing(entry: &str, parts: &Parts, credentials: bool) -> Standing {
    let mut config = PolicyConfig {
        allow_credentials: credentials,
        danger_allow_insecure_origins: parts.danger_allow_insecure_origins,
        danger_allow_public_suffixes: parts.danger_allow_public_suffixes,
        ..PolicyConfig::default()
    };
    let pattern = match pattern::parse(entry) {
        Ok(pattern) => pattern,
        Err(fault) => return Standing::Refused(fault.kind),
    };
    let mut opt_ins = Vec::new();
    while let Err(fault) = builder::check_with_credentials(entry, pattern, &config) {
        let opt_in = OptIn { entry: entry.to_owned(), kind: fault.kind };
        if !opt_in.is_possible() || opt_ins.contains(&opt_in) {
            return Standing::Refused(fault.kind);
        }
        opt_in.take(&mut config);
        opt_ins.push(opt_in);
    }
    Standing::Accepted(opt_ins)
}
