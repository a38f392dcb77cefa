//! What to change in a policy so that a request gets through: all of it at once, as data that can be printed and applied.
//! Builder, log, diagnosis and Lab take their advice from here, so that they can't contradict one another.
//!
//! What is lacking is found in `lacking`, similar origins in `near_miss`; the sentences are in `words`.

mod lacking;
mod near_miss;
mod obstacle;
mod opt_in;
mod wanted;
mod words;

use std::{collections::HashSet, error::Error, fmt, io, slice};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{PolicyConfig, Setting};

pub use near_miss::{NearMiss, OriginDifference};
pub use obstacle::{NoChange, Obstacle};
pub use opt_in::OptIn;
pub use wanted::Wanted;

/// What a policy lacks for a request, complete: with these changes a browser lets the request through. Made by
/// [`Policy::change_for`](crate::Policy::change_for) and [`PolicyConfig::change_for`].
///
/// `Display` is one sentence of visible characters for a log; [`instruction`](Self::instruction) is the same without the
/// words around it, [`to_toml`](Self::to_toml) and [`to_rust`](Self::to_rust) say what to write.
///
/// A change is never one that [`PolicyBuilder::build`](crate::PolicyBuilder::build) refuses. One that takes a risk needs an
/// opt-in, and [`apply`](Self::apply) doesn't make it.
///
/// ```
/// use fetch_cors::{Policy, PolicyConfig, Wanted};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let mut config = PolicyConfig::default();
///     config.allow_origins = vec!["*".to_owned()];
///     let change = config.change_for(&Wanted::from_origin("https://app.example").credentials(true))?;
///     assert_eq!(
///         change.to_string(),
///         r#"if this is a front end of yours, replace "*" in allow_origins with "https://app.example" and turn on allow_credentials"#
///     );
///     change.apply(&mut config)?;
///     assert_eq!((config.allow_origins[0].as_str(), config.allow_credentials), ("https://app.example", true));
///
///     // Nothing is lacking now.
///     let again = config.change_for(&Wanted::from_origin("https://app.example").credentials(true))?;
///     assert!(again.is_empty() && again.steps().is_empty());
///
///     let change = config.change_for(&Wanted::from_origin("http://192.168.1.20:5173"))?;
///     assert_eq!(change.opt_ins().len(), 1);
///     assert!(change.instruction().starts_with(r#"add "http://192.168.1.20:5173" to danger_allow_origins"#));
///     assert!(change.apply(&mut config).is_err());
///     // Only after a person has read the instruction:
///     change.danger_apply_with_opt_ins(&mut config);
///     assert_eq!(config.danger_allow_origins, ["http://192.168.1.20:5173"]);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    steps: Vec<ChangeStep>,
    opt_ins: Vec<OptIn>,
    near_misses: Vec<NearMiss>,
}

/// A change of one setting.
///
/// Serialized, it is an object with the field `setting` and one of `add`, `remove` and `set`.
///
/// ```
/// use fetch_cors::{ChangeStep, Policy, PolicyConfig, Setting, Wanted};
///
/// fn main() -> Result<(), fetch_cors::NoChange> {
///     let wanted = Wanted::from_origin("https://app.example").method("PUT");
///     let change = Policy::deny_all().change_for(&wanted)?;
///     let [origin, method] = change.steps() else { panic!("{change}") };
///     assert_eq!(origin.setting(), Setting::AllowOrigins);
///     assert_eq!(*method, ChangeStep::Add { setting: Setting::AllowMethods, entry: "PUT".to_owned() });
///
///     let mut config = PolicyConfig::default();
///     origin.apply(&mut config);
///     assert_eq!(config.allow_origins, ["https://app.example"]);
///     assert!(config.allow_methods.is_empty());
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeStep {
    /// An entry is added to a list.
    Add {
        /// The list.
        setting: Setting,
        /// The entry.
        entry: String,
    },
    /// An entry is removed from a list.
    Remove {
        /// The list.
        setting: Setting,
        /// The entry.
        entry: String,
    },
    /// A switch is turned on.
    TurnOn {
        /// The switch.
        setting: Setting,
    },
}

impl Change {
    /// Whether nothing is lacking.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The changes of the settings, in the order in which they are made.
    pub fn steps(&self) -> &[ChangeStep] {
        &self.steps
    }

    /// The risks that somebody must accept first; empty for most changes.
    pub fn opt_ins(&self) -> &[OptIn] {
        &self.opt_ins
    }

    /// Allowed origins that are easily confused with the one that is not, if it is not; see [`NearMiss`].
    pub fn near_misses(&self) -> &[NearMiss] {
        &self.near_misses
    }

    /// Changes a configuration: the one that this change was made for.
    ///
    /// # Errors
    ///
    /// If the change needs an opt-in. The configuration then stays as it is.
    pub fn apply(&self, config: &mut PolicyConfig) -> Result<(), NeedsOptIn> {
        if !self.opt_ins.is_empty() {
            return Err(NeedsOptIn { opt_ins: self.opt_ins.clone() });
        }
        self.danger_apply_with_opt_ins(config);
        Ok(())
    }

    /// The same, and takes the [opt-ins](Self::opt_ins) that the change needs. Call it only after a person has seen them.
    pub fn danger_apply_with_opt_ins(&self, config: &mut PolicyConfig) {
        apply(&self.steps, config);
    }
}

impl ChangeStep {
    /// The setting that it changes.
    pub fn setting(&self) -> Setting {
        match self {
            Self::Add { setting, .. } | Self::Remove { setting, .. } | Self::TurnOn { setting } => *setting,
        }
    }

    /// Makes only this step. A whole [`Change`] is what the builder accepts.
    pub fn apply(&self, config: &mut PolicyConfig) {
        apply(slice::from_ref(self), config);
    }
}

/// The steps of a list at once: one after another, each would read all of it.
fn apply(steps: &[ChangeStep], config: &mut PolicyConfig) {
    for step in steps {
        match step {
            ChangeStep::TurnOn { setting: Setting::AllowCredentials } => config.allow_credentials = true,
            ChangeStep::TurnOn { setting: Setting::AllowUnusualNames } => config.allow_unusual_names = true,
            _ => {}
        }
    }
    let settings: HashSet<Setting> = steps.iter().map(ChangeStep::setting).collect();
    for setting in settings {
        let Some(list) = list(config, setting) else { continue };
        let of_list = || steps.iter().filter(|step| step.setting() == setting);
        let removed: HashSet<&str> = of_list().filter_map(ChangeStep::removed).collect();
        list.retain(|entry| !removed.contains(entry.as_str()));
        let mut listed: HashSet<String> = list.iter().cloned().collect();
        let added = of_list().filter_map(|step| step.added_to(setting));
        list.extend(added.filter(|entry| listed.insert((*entry).clone())).cloned());
    }
}

fn list(config: &mut PolicyConfig, setting: Setting) -> Option<&mut Vec<String>> {
    match setting {
        Setting::AllowOrigins => Some(&mut config.allow_origins),
        Setting::DangerAllowOrigins => Some(&mut config.danger_allow_origins),
        Setting::AllowMethods => Some(&mut config.allow_methods),
        Setting::AllowHeaders => Some(&mut config.allow_headers),
        Setting::ExposeHeaders => Some(&mut config.expose_headers),
        Setting::AllowCredentials | Setting::AllowUnusualNames | Setting::MaxAge => None,
    }
}

impl Serialize for ChangeStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("ChangeStep", 2)?;
        object.serialize_field("setting", &self.setting())?;
        match self {
            Self::Add { entry, .. } => object.serialize_field("add", entry)?,
            Self::Remove { entry, .. } => object.serialize_field("remove", entry)?,
            Self::TurnOn { .. } => object.serialize_field("set", &true)?,
        }
        object.end()
    }
}

/// A change was not made, because it takes risks that somebody must accept first. [`Change::apply`] returns it.
///
/// ```
/// use fetch_cors::{PolicyConfig, ProblemKind, Wanted};
///
/// fn main() -> Result<(), fetch_cors::NoChange> {
///     let mut config = PolicyConfig::default();
///     let change = config.change_for(&Wanted::from_origin("http://app.example").credentials(true))?;
///     let needed = change.apply(&mut config).unwrap_err();
///     assert_eq!(needed.opt_ins()[0].entry, "http://app.example");
///     assert_eq!(needed.opt_ins()[0].kind, ProblemKind::InsecureOriginWithCredentials);
///     assert_eq!(config, PolicyConfig::default(), "nothing was changed");
///     Ok(())
/// }
/// ```
///
/// `Debug` writes the same as `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct NeedsOptIn {
    opt_ins: Vec<OptIn>,
}

impl NeedsOptIn {
    /// The risks; never empty.
    pub fn opt_ins(&self) -> &[OptIn] {
        &self.opt_ins
    }
}

impl Error for NeedsOptIn {}

/// As its `Display`.
impl fmt::Debug for NeedsOptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of the kind `InvalidInput`, for a `main` that returns `io::Result`.
impl From<NeedsOptIn> for io::Error {
    fn from(needed: NeedsOptIn) -> Self {
        Self::new(io::ErrorKind::InvalidInput, needed)
    }
}
