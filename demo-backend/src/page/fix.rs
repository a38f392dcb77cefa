//! What to change in a policy so that a blocked request gets further, as data that the page can apply.

use actix_web_cors::{Policy, PolicyConfig};
use fetch_cors::{
    Setting,
    browser::{Blocked, Reason},
};
use serde::Serialize;

/// A change of one setting: an entry to add to a list or to remove from it, or a value to set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PolicyChange {
    /// The setting.
    #[cfg_attr(test, ts(type = "keyof PolicyConfig"))]
    pub setting: Setting,
    /// An entry to add to the list, if it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub add: Option<String>,
    /// An entry to remove from the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub remove: Option<String>,
    /// The value to set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub set: Option<bool>,
}

impl PolicyChange {
    fn add(setting: Setting, entry: &str) -> Self {
        Self { setting, add: Some(entry.to_owned()), remove: None, set: None }
    }

    fn remove(setting: Setting, entry: &str) -> Self {
        Self { setting, add: None, remove: Some(entry.to_owned()), set: None }
    }

    fn set(setting: Setting, value: bool) -> Self {
        Self { setting, add: None, remove: None, set: Some(value) }
    }

    /// Changes the policy.
    pub fn apply(&self, config: &mut PolicyConfig) {
        let list = match self.setting {
            Setting::AllowOrigins => &mut config.allow_origins,
            Setting::AllowMethods => &mut config.allow_methods,
            Setting::AllowHeaders => &mut config.allow_headers,
            Setting::ExposeHeaders => &mut config.expose_headers,
            _ => {
                if let (Setting::AllowCredentials, Some(value)) = (self.setting, self.set) {
                    config.allow_credentials = value;
                }
                return;
            }
        };
        if let Some(entry) = &self.remove {
            list.retain(|listed| listed != entry);
        }
        if let Some(entry) = &self.add
            && !list.contains(entry)
        {
            list.push(entry.clone());
        }
    }
}

/// What to change in the policy, so that this request gets further; nothing, if no valid policy would help.
pub fn patch(blocked: &Blocked, config: &PolicyConfig) -> Vec<PolicyChange> {
    let mut changes = match &blocked.reason {
        Reason::AllowOriginMissing
        | Reason::AllowOriginMultiple { .. }
        | Reason::AllowOriginWildcard
        | Reason::AllowOriginMismatch { .. } => {
            vec![PolicyChange::add(Setting::AllowOrigins, &blocked.origin)]
        }
        Reason::AllowCredentialsNotTrue { .. } => vec![PolicyChange::set(Setting::AllowCredentials, true)],
        Reason::MethodNotAllowed { method, .. } => vec![PolicyChange::add(Setting::AllowMethods, method)],
        Reason::HeaderNotAllowed { names, .. } => {
            names.iter().map(|name| PolicyChange::add(Setting::AllowHeaders, name)).collect()
        }
        Reason::AuthorizationNotListed => {
            vec![PolicyChange::add(Setting::AllowHeaders, "authorization")]
        }
        _ => return Vec::new(),
    };
    // `*` can't stand next to other origins, and is not valid with credentials.
    if blocked.reason == Reason::AllowOriginWildcard {
        changes.insert(0, PolicyChange::remove(Setting::AllowOrigins, "*"));
    }
    let mut after = config.clone();
    for change in &changes {
        change.apply(&mut after);
    }
    if Policy::try_from(after).is_ok() { changes } else { Vec::new() }
}
