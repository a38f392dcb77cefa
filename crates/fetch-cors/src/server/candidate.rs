//! Which origins an adapter's own rule may be asked about, in addition to those that a policy lists.

use crate::{
    origin_set::wildcard::MAX_ORIGIN,
    policy::{Origin, Policy, PolicyConfig},
};

/// The origin, if the policy does not allow it but could: if it is an origin that the policy's own validation would accept as
/// an exact entry, with the policy's credentials and without any opt-in. None if the policy denies every origin or allows
/// any: there is nothing to add to either.
///
/// ```
/// use fetch_cors::{Policy, server::candidate};
///
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let policy = Policy::builder().allow_origins(["https://a.example"]).allow_credentials().build()?;
///     assert!(candidate(&policy, b"https://b.example").is_some());
///     assert!(candidate(&policy, b"http://b.example").is_none(), "not with credentials");
///     assert!(candidate(&policy, b"null").is_none());
///     assert!(candidate(&policy, b"https://a.example").is_none(), "the policy allows it");
///     assert!(candidate(&Policy::deny_all(), b"https://b.example").is_none());
///     Ok(())
/// }
/// ```
pub fn candidate(policy: &Policy, origin: &[u8]) -> Option<Origin> {
    if policy.denies_all() || policy.allows_any_origin() || origin.len() > MAX_ORIGIN || policy.lists(origin)
    {
        return None;
    }
    let text = str::from_utf8(origin).ok()?;
    let origin: Origin = text.parse().ok()?;
    let entry = PolicyConfig {
        allow_origins: vec![text.to_owned()],
        allow_credentials: policy.allows_credentials(),
        ..PolicyConfig::default()
    };
    Policy::try_from(entry).is_ok().then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_origin_is_a_candidate_that_the_policy_allows() {
        let policy = Policy::builder()
            .allow_origins([
                "https://a.example",
                "https://*.b.example",
                "http://192.168.*.*:5173",
                "tauri://a",
            ])
            .build()
            .unwrap();
        for (origin, expected) in [
            ("https://a.example", false),
            ("https://x.b.example", false),
            ("http://192.168.0.1:5173", false),
            ("tauri://a", false),
            ("https://b.example", true),
            ("http://192.168.0.1", true),
            ("tauri://b", true),
        ] {
            assert_eq!(candidate(&policy, origin.as_bytes()).is_some(), expected, "{origin}");
        }
    }
    /// A policy without origins stays closed, and one that allows all of them has none left to add.
    #[test]
    fn no_origin_is_a_candidate_of_a_policy_that_allows_none_or_all() {
        for policy in [Policy::deny_all(), Policy::any_origin()] {
            assert!(candidate(&policy, b"https://b.example").is_none(), "{policy:?}");
        }
    }

    /// The policy's own validation decides, with the policy's credentials.
    #[test]
    fn what_a_policy_would_not_accept_is_no_candidate() {
        let builder = || Policy::builder().allow_origins(["https://a.example"]);
        let without = builder().build().unwrap();
        let with = builder().allow_credentials().build().unwrap();
        for (origin, is_candidate, is_with_credentials) in [
            ("https://b.example", true, true),
            ("http://localhost:3000", true, true),
            ("http://b.example", true, false),
            ("http://192.168.0.1:5173", true, false),
            ("file://", true, false),
            ("null", false, false),
            ("https://b.example/", false, false),
            ("https://*.b.example", false, false),
        ] {
            for (policy, expected) in [(&without, is_candidate), (&with, is_with_credentials)] {
                assert_eq!(candidate(policy, origin.as_bytes()).is_some(), expected, "{origin}");
            }
        }
    }
}
