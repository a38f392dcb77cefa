//! The serde form of a policy: plain data with the names people write in configuration files.

use serde::{Deserialize, Serialize};

#[allow(unused_imports, reason = "for the links in the documentation")]
use super::Policy;

/// A policy as it is written in a configuration file; nothing in it has been checked yet.
///
/// What is left out is not allowed. Unknown fields are rejected, so that a typo does not silently allow less (or more)
/// than intended. `Policy::try_from(config)` checks it, by the same rules as the builder, and
/// [`Policy::to_config`] gives the normalized form back.
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig};
///
/// let config: PolicyConfig = toml::from_str(
///     r#"
///     allow_origins = ["https://app.example.com", "http://localhost:*"]
///     allow_methods = ["put", "DELETE"]
///     allow_headers = ["Content-Type"]
///     allow_credentials = true
///     max_age = 3600
///     "#,
/// )?;
/// let policy = Policy::try_from(config)?;
/// assert_eq!(policy.to_config().allow_methods, ["PUT", "DELETE"]);
///
/// let unknown = toml::from_str::<PolicyConfig>(r#"allow_orgins = ["*"]"#).unwrap_err();
/// assert!(unknown.to_string().contains("unknown field `allow_orgins`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Later versions may add fields, so Rust code fills it field by field:
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig};
///
/// let mut config = PolicyConfig::default();
/// config.allow_origins = vec!["https://app.example.com".to_owned()];
/// config.max_age = Some(3600);
/// let policy = Policy::try_from(config)?;
/// # drop(policy);
/// # Ok::<(), fetch_cors::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicyConfig {
    /// Origins and origin patterns; see [`PolicyBuilder::allow_origins`](crate::PolicyBuilder::allow_origins).
    pub allow_origins: Vec<String>,
    /// Methods in addition to `GET`, `HEAD` and `POST`;
    /// see [`PolicyBuilder::allow_methods`](crate::PolicyBuilder::allow_methods).
    pub allow_methods: Vec<String>,
    /// Request headers that scripts may set;
    /// see [`PolicyBuilder::allow_headers`](crate::PolicyBuilder::allow_headers).
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read;
    /// see [`PolicyBuilder::expose_headers`](crate::PolicyBuilder::expose_headers).
    pub expose_headers: Vec<String>,
    /// Whether cookies and other credentials may be used;
    /// see [`PolicyBuilder::allow_credentials`](crate::PolicyBuilder::allow_credentials).
    pub allow_credentials: bool,
    /// How long a browser may cache a preflight response, in seconds;
    /// see [`PolicyBuilder::max_age`](crate::PolicyBuilder::max_age).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// See [`PolicyBuilder::danger_allow_insecure_origins`](crate::PolicyBuilder::danger_allow_insecure_origins).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub danger_allow_insecure_origins: bool,
    /// See [`PolicyBuilder::danger_allow_public_suffixes`](crate::PolicyBuilder::danger_allow_public_suffixes).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub danger_allow_public_suffixes: bool,
}
