//! What a lesson is made of: the schema of `demo-frontend/lessons/lessons.json`. The page reads that file itself; these types
//! generate the page's, and tests read the lessons by them. A member that is not here is an error.

use std::path::PathBuf;

use actix_web_cors::PolicyConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lab_request::LabRequest;
#[cfg(test)]
use super::mirrors;
use crate::{
    origins::Origins,
    session::{cache::CacheOutcome, hand_written::HandWritten},
};

/// A lesson. In its texts `{page}`, `{api}` and `{attacker}` stand for this Lab's origins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Lesson {
    /// In addresses and in the browser's memory.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What to read first, in paragraphs.
    pub text: Vec<String>,
    /// The policy that it starts with.
    #[cfg_attr(test, ts(as = "mirrors::PartOfPolicy"))]
    pub policy: PolicyConfig,
    /// The request that it starts with.
    #[cfg_attr(test, ts(as = "mirrors::PartOfRequest"))]
    pub request: LabRequest,
    /// The server written by hand that it starts with; one that knows nothing of CORS if nothing is said. A request is sent to it
    /// if its `server` is `hand`.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<mirrors::PartOfHandWritten>"))]
    pub hand: Option<HandWritten>,
    /// What others send before the reader comes.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<mirrors::PartOfRequest>>"))]
    pub before: Vec<LabRequest>,
    /// Whether all its requests have the same URL.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub same_url: bool,
    /// The question before the first sending.
    pub question: String,
    /// The right answer: yes or no.
    pub answer: bool,
    /// Why that is right.
    pub because: String,
    /// How the first sending ends.
    pub first: Ending,
    /// What is to be reached.
    pub goal: Goal,
    /// Origins, and whether the policy should allow them.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<(String, bool)>>"))]
    pub origins: Vec<(String, bool)>,
    /// A hint.
    pub hint: String,
    /// A way to the goal.
    pub solution: Solution,
    /// What to read afterwards, in paragraphs.
    pub after: Vec<String>,
    /// Titles and addresses of what to read on.
    pub links: Vec<(String, String)>,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Ending {
    /// The script gets a response.
    Allowed,
    /// The script gets an error.
    Blocked,
}

/// What is to be reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Goal {
    /// In words.
    pub text: String,
    /// As the page checks it.
    pub check: GoalCheck,
}

/// Conditions that one run must meet, all of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct GoalCheck {
    /// How it ends.
    pub observed: Option<Ending>,
    /// The status that the script reads.
    pub status: Option<u16>,
    /// Headers that the script can read.
    pub readable: Option<Vec<String>>,
    /// What the request has.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub request: Option<Map<String, Value>>,
    /// How many preflights the API sees.
    pub preflights: Option<u32>,
    /// Whether a handler runs.
    pub handler_ran: Option<bool>,
    /// What the policy has; of a list, these entries.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub policy_has: Option<Map<String, Value>>,
    /// What the policy doesn't have; of a list, none of these entries.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub policy_lacks: Option<Map<String, Value>>,
    /// What the shared cache does with the last request.
    pub cache: Option<CacheOutcome>,
    /// What the attacker's page gets.
    pub attacker: Option<Loot>,
    /// A setting: since the lesson started, a policy with a problem there was refused.
    pub refused: Option<String>,
    /// Whether the policy decides all of the lesson's origins as the lesson wants.
    pub origins: Option<bool>,
}

/// What the attacker's page gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Loot {
    /// It reads the response.
    Read,
    /// It gets an error.
    Nothing,
}

/// A way to the goal: a policy, a server written by hand and a request, and then one sending; or steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Solution {
    /// The policy to apply, if another one is needed.
    #[cfg_attr(test, ts(as = "Option<mirrors::PartOfPolicy>"))]
    pub policy: Option<PolicyConfig>,
    /// The server to write by hand, if another one is needed.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<mirrors::PartOfHandWritten>"))]
    pub hand: Option<HandWritten>,
    /// The request to send, if another one is needed.
    #[cfg_attr(test, ts(as = "Option<mirrors::PartOfRequest>"))]
    pub request: Option<LabRequest>,
    /// What to do one after the other instead.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<SolutionStep>>"))]
    pub steps: Vec<SolutionStep>,
}

/// Something to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SolutionStep {
    /// Apply this policy; it is refused for a problem at this setting.
    Refused {
        /// The policy.
        #[cfg_attr(test, ts(as = "mirrors::PartOfPolicy"))]
        refused: PolicyConfig,
        /// Where the problem is.
        setting: String,
    },
    /// Apply this policy.
    Policy {
        /// The policy.
        #[cfg_attr(test, ts(as = "mirrors::PartOfPolicy"))]
        policy: PolicyConfig,
    },
    /// Write this server by hand.
    Hand {
        /// The server.
        #[cfg_attr(test, ts(as = "mirrors::PartOfHandWritten"))]
        hand: Box<HandWritten>,
    },
    /// Put this request together.
    Request {
        /// The request.
        #[cfg_attr(test, ts(as = "mirrors::PartOfRequest"))]
        request: Box<LabRequest>,
    },
    /// Send the request.
    Send {
        /// How it ends.
        send: Ending,
    },
}

/// Where the lessons are.
pub fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../demo-frontend/lessons/lessons.json")
}

/// A text of the page's data, with the origins in place of `{page}`, `{api}` and `{attacker}`.
pub(super) fn with_origins(text: &str, origins: &Origins) -> String {
    text.replace("{page}", &origins.page)
        .replace("{api}", &origins.api)
        .replace("{attacker}", &origins.attacker)
}

/// Reads the lessons, with the origins in place of `{page}`, `{api}` and `{attacker}`.
///
/// # Errors
///
/// When the text is not what lessons are made of.
pub fn read(text: &str, origins: &Origins) -> serde_json::Result<Vec<Lesson>> {
    serde_json::from_str(&with_origins(text, origins))
}
