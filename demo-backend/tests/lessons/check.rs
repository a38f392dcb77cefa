//! Whether a run meets a lesson's conditions: the same as the page's `goal.js`, written again, so that each checks the other.

use demo_backend::page::lesson::{Ending, RunCheck};
use serde_json::{Map, Value};

/// All that the page knows of a run.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) request: Value,
    /// The policy in force.
    pub(crate) policy: Value,
    pub(crate) predicted: Value,
    /// What the API logged.
    pub(crate) exchanges: Vec<Value>,
    /// The last response's body.
    pub(crate) body: String,
    pub(crate) has_changed: bool,
    /// The settings at which a policy was refused.
    pub(crate) refused: Vec<String>,
    /// The lesson's, whether each should be allowed, and whether it is.
    pub(crate) origins: Vec<(String, bool, bool)>,
}

/// Whether the policy alone decides a condition.
pub(crate) fn is_of_standing(check: &RunCheck) -> bool {
    let RunCheck { policy_has, policy_lacks, refused, origins, allows, .. } = check;
    let standing = RunCheck {
        policy_has: policy_has.clone(),
        policy_lacks: policy_lacks.clone(),
        refused: refused.clone(),
        origins: *origins,
        allows: allows.clone(),
        ..RunCheck::default()
    };
    format!("{standing:?}") == format!("{check:?}")
}

impl Shown {
    pub(crate) fn outcome(&self) -> Ending {
        let verdict = &self.predicted["verdict"];
        if verdict["allowed"] != true {
            Ending::Blocked
        } else if verdict["type"].as_str().is_some_and(|kind| kind.starts_with("opaque")) {
            Ending::Opaque
        } else {
            Ending::Readable
        }
    }

    fn readable(&self) -> Vec<String> {
        let pairs = self.predicted["verdict"]["readable"].as_array().into_iter().flatten();
        pairs.filter_map(|pair| pair[0].as_str()).map(str::to_ascii_lowercase).collect()
    }

    fn last(&self, is_preflight: bool) -> Option<&Value> {
        self.exchanges.iter().rev().find(|exchange| (exchange["preflight"] == true) == is_preflight)
    }

    fn count(&self, is_preflight: bool) -> Option<u32> {
        let count = self.exchanges.iter().filter(|exchange| (exchange["preflight"] == true) == is_preflight);
        u32::try_from(count.count()).ok()
    }

    pub(crate) fn meets(&self, check: &RunCheck) -> bool {
        // All members are named, so that none is forgotten here.
        let RunCheck {
            outcome,
            status,
            body_has,
            readable,
            unreadable,
            request,
            preflights,
            requests,
            handler_ran,
            changed,
            api_status,
            sent,
            got,
            preflight_status,
            preflight_sent,
            preflight_got,
            policy_has,
            policy_lacks,
            cache,
            refused,
            origins,
            allows,
        } = check;
        let (last, preflight) = (self.last(false), self.last(true));
        let has_run =
            || self.exchanges.iter().any(|it| it["preflight"] != true && it["reached_handler"] == true);
        let seen = self.readable();
        let is_readable = |name: &String| seen.contains(&name.to_ascii_lowercase());
        let is_allowed = |(name, wanted): (&String, &Value)| {
            self.origins.iter().any(|(it, _, is)| it == name && wanted == is)
        };
        outcome.is_none_or(|outcome| outcome == self.outcome())
            && status.is_none_or(|status| self.predicted["verdict"]["status"] == status)
            && body_has.as_ref().is_none_or(|part| self.body.contains(part))
            && readable.iter().flatten().all(is_readable)
            && !unreadable.iter().flatten().any(is_readable)
            && request.as_ref().is_none_or(|part| contains(&self.request, &Value::Object(part.clone())))
            && preflights.is_none_or(|count| Some(count) == self.count(true))
            && requests.is_none_or(|count| Some(count) == self.count(false))
            && handler_ran.is_none_or(|ran| ran == has_run())
            && changed.is_none_or(|changed| changed == self.has_changed)
            && api_status.is_none_or(|status| last.is_some_and(|it| it["status"] == status))
            && preflight_status.is_none_or(|status| preflight.is_some_and(|it| it["status"] == status))
            && carries(last, "request_headers", sent.as_ref())
            && carries(last, "response_headers", got.as_ref())
            && carries(preflight, "request_headers", preflight_sent.as_ref())
            && carries(preflight, "response_headers", preflight_got.as_ref())
            && policy_has.iter().flatten().all(|(name, wanted)| has(&self.policy[name], wanted))
            && policy_lacks.iter().flatten().all(|(name, unwanted)| lacks(&self.policy[name], unwanted))
            && cache.is_none_or(|cache| {
                self.exchanges.last().is_some_and(|it| it["through_cache"] == cache.name())
            })
            && refused.as_ref().is_none_or(|setting| self.refused.contains(setting))
            && origins.is_none_or(|agree| {
                !self.origins.is_empty() && agree == self.origins.iter().all(|(_, wanted, is)| wanted == is)
            })
            && allows.iter().flatten().all(is_allowed)
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match part {
        Value::Object(members) => members.iter().all(|(name, part)| contains(&whole[name], part)),
        part => whole == part,
    }
}

fn carries(exchange: Option<&Value>, side: &str, wanted: Option<&Map<String, Value>>) -> bool {
    let Some(wanted) = wanted else { return true };
    let Some(exchange) = exchange else { return false };
    wanted.iter().all(|(name, wanted)| {
        let lines = exchange[side].as_array().into_iter().flatten();
        let lines = lines.filter(|line| line[0].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name)));
        let lines: Vec<_> = lines.filter_map(|line| line[1].as_str()).collect();
        match wanted {
            Value::Bool(wanted) => *wanted != lines.is_empty(),
            wanted => !lines.is_empty() && *wanted == lines.join(", "),
        }
    })
}

fn has(setting: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Array(entries) => entries.iter().all(|entry| includes(setting, entry)),
        wanted => setting == wanted,
    }
}

fn lacks(setting: &Value, unwanted: &Value) -> bool {
    match unwanted {
        Value::Array(entries) => !entries.iter().any(|entry| includes(setting, entry)),
        unwanted => setting != unwanted,
    }
}

fn includes(list: &Value, entry: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_ascii_lowercase();
    list.as_array().into_iter().flatten().any(|listed| text(listed) == text(entry))
}
