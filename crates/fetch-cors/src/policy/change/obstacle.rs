//! Why no policy helps a request, as data. The words are in `words`.

use std::{error::Error, fmt, io};

use super::NearMiss;
use crate::policy::{InvalidPolicy, ProblemKind, Setting};

/// Why no change of a policy lets a request through: everything that stands in the way.
///
/// ```
/// use fetch_cors::{Obstacle, Policy, Wanted};
///
/// let wanted = Wanted::from_origin("https://app.example").method("patch");
/// let no_change = Policy::deny_all().change_for(&wanted).unwrap_err();
/// assert!(matches!(no_change.obstacles(), [Obstacle::MethodCase { .. }]));
/// assert_eq!(
///     no_change.to_string(),
///     r#"methods are case-sensitive: the page must write "PATCH", not "patch""#
/// );
/// ```
///
/// `Debug` writes the same as `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct NoChange {
    pub(super) obstacles: Vec<Obstacle>,
    pub(super) near_misses: Vec<NearMiss>,
}

impl NoChange {
    /// What stands in the way; never empty.
    pub fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// Allowed origins that are easily confused with the one that is not, if it is not; see [`NearMiss`].
    pub fn near_misses(&self) -> &[NearMiss] {
        &self.near_misses
    }
}

impl Error for NoChange {}

/// As its `Display`.
impl fmt::Debug for NoChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of the kind `InvalidInput`, for a `main` that returns `io::Result`.
impl From<NoChange> for io::Error {
    fn from(no_change: NoChange) -> Self {
        Self::new(io::ErrorKind::InvalidInput, no_change)
    }
}

/// Something that no policy can allow: part of a [`NoChange`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The page has no origin of its own: allowing `null` would allow every site.
    NullOrigin,
    /// No browser sends such an origin.
    NoOrigin {
        /// As it was sent.
        origin: String,
    },
    /// A policy can't list this origin.
    Origin {
        /// The origin.
        origin: String,
        /// Why not.
        kind: ProblemKind,
    },
    /// The page must write the method in upper case, because browsers don't correct it.
    MethodCase {
        /// As the page writes it.
        method: String,
        /// As it must write it.
        meant: String,
    },
    /// A policy can't list this method.
    Method {
        /// The method.
        method: String,
        /// Why not.
        kind: ProblemKind,
    },
    /// A policy can't list this request header.
    Header {
        /// Its name.
        name: String,
        /// Why not.
        kind: ProblemKind,
    },
    /// No policy can let a script read this response header.
    ResponseHeader {
        /// Its name.
        name: String,
        /// Why not.
        kind: ProblemKind,
    },
    /// A method or a header is named `*`, which means every one where a policy lists it.
    Star {
        /// `allow_methods`, `allow_headers` or `expose_headers`.
        setting: Setting,
    },
    /// The policy allows every method or header with credentials, so names are echoed, and these are too long for that.
    TooLongToEcho {
        /// `allow_methods` or `allow_headers`.
        setting: Setting,
    },
    /// A page loaded over https requests plain http: browsers send nothing.
    MixedContent,
    /// The configuration that was to be changed is not valid itself.
    InvalidPolicy(InvalidPolicy),
}
