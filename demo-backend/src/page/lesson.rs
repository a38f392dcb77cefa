//! What a lesson is made of: the schema of `demo-frontend/lessons/lessons.json`. The page reads that file itself; these types
//! generate the page's, and tests read the lessons by them. A member that is not here is an error.

use std::path::PathBuf;

use actix_web_cors::PolicyConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(test)]
use super::mirrors;
use super::{engine::EngineName, lab_request::LabRequest};
use crate::{
    origins::Origins,
    session::{cache::CacheOutcome, hand_written::HandWritten},
};

/// A lesson. In its texts `{page}`, `{api}`, `{alias}` and `{attacker}` stand for this Lab's origins.
///
/// What happens in a lesson is up to its reader, so no text may tell it in advance: `text`, `question`, `hint`, `learned` and
/// `after` are rules, and what the lesson begins with. What a run showed stands in a [`Fact`], with what must be so.
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
    /// What the page sends whenever the lesson begins.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<Before>>"))]
    pub before: Vec<Before>,
    /// Whether all its requests have the same URL.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub same_url: bool,
    /// The engine that its first request is about, where engines differ: in the others, the other answer is right.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub engine: Option<EngineName>,
    /// The question before the first sending.
    pub question: Question,
    /// What may be said of the run that the question was about. The first one is true of the lesson's beginning.
    pub because: Vec<Fact>,
    /// How the first sending ends.
    pub first: Ending,
    /// What is to be reached, each part by a run of its own or with others.
    pub goal: Vec<GoalPart>,
    /// Origins, and whether the policy should allow them.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<(String, bool)>>"))]
    pub origins: Vec<(String, bool)>,
    /// A hint.
    pub hint: String,
    /// A way to the goal, after the first sending, step by step.
    pub solution: Vec<SolutionStep>,
    /// What to keep of it, in a sentence.
    pub learned: String,
    /// What to read afterwards, in paragraphs.
    pub after: Vec<String>,
    /// Titles and addresses of what to read on.
    pub links: Vec<(String, String)>,
}

/// A request that the page sends before the reader comes in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Before {
    /// The request.
    #[cfg_attr(test, ts(as = "mirrors::PartOfRequest"))]
    pub request: LabRequest,
    /// What may be said of it once it was sent.
    pub said: Vec<Fact>,
}

/// A question that is answered by yes or no.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Question {
    /// In words.
    pub text: String,
    /// Of which runs *yes* is right.
    pub yes: RunCheck,
    /// What is right where nothing was changed.
    pub answer: bool,
}

/// A sentence about what happened, with what must be so for it to be true.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Fact {
    /// Of which runs it is true.
    pub when: RunCheck,
    /// In words.
    pub text: String,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Ending {
    /// The script gets a response.
    Readable,
    /// The script gets a response in which it can read nothing.
    Opaque,
    /// The script gets an error.
    Blocked,
}

/// A part of the goal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GoalPart {
    /// In the browser's memory.
    pub id: String,
    /// What to do, in words.
    pub text: String,
    /// As the page checks it.
    pub check: RunCheck,
    /// What may be said of a run that reached it.
    #[serde(default)]
    #[cfg_attr(test, ts(optional))]
    pub shows: Option<String>,
}

/// Conditions that one run must meet, all of them; a request that can only be predicted is judged by its prediction. Of a message that was not sent, no header is known, not even that it is
/// absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RunCheck {
    /// How it ends.
    pub outcome: Option<Ending>,
    /// The status that the script reads.
    pub status: Option<u16>,
    /// What the body that the script reads contains.
    pub body_has: Option<String>,
    /// Headers that the script can read.
    pub readable: Option<Vec<String>>,
    /// Headers that the script can't read.
    pub unreadable: Option<Vec<String>>,
    /// What the request has.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub request: Option<Map<String, Value>>,
    /// How many preflights the API sees.
    pub preflights: Option<u32>,
    /// How many other requests the API sees.
    pub requests: Option<u32>,
    /// Whether a handler runs.
    pub handler_ran: Option<bool>,
    /// Whether what the API stores is different afterwards.
    pub changed: Option<bool>,
    /// The status of the API's last response that is not a preflight's.
    pub api_status: Option<u16>,
    /// Headers of the last request that is not a preflight, by their names in lower case: a value, which is all lines joined, or
    /// whether it is there.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub sent: Option<Map<String, Value>>,
    /// Headers of its response.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub got: Option<Map<String, Value>>,
    /// The status of the response to the last preflight.
    pub preflight_status: Option<u16>,
    /// Headers of the last preflight.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub preflight_sent: Option<Map<String, Value>>,
    /// Headers of its response.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub preflight_got: Option<Map<String, Value>>,
    /// What the policy has; of a list, these entries.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub policy_has: Option<Map<String, Value>>,
    /// What the policy doesn't have; of a list, none of these entries.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub policy_lacks: Option<Map<String, Value>>,
    /// What the shared cache does with the last request.
    pub cache: Option<CacheOutcome>,
    /// A setting: since the lesson started, a policy with a problem there was refused.
    pub refused: Option<String>,
    /// Whether the policy decides all of the lesson's origins as the lesson wants.
    pub origins: Option<bool>,
    /// Which of the lesson's origins the policy allows.
    #[cfg_attr(test, ts(as = "Option<mirrors::Members>"))]
    pub allows: Option<Map<String, Value>>,
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

/// A text of the page's data, with the origins in place of `{page}`, `{api}`, `{alias}` and `{attacker}`.
pub(super) fn with_origins(text: &str, origins: &Origins) -> String {
    text.replace("{page}", &origins.page)
        .replace("{api}", &origins.api)
        .replace("{alias}", origins.api_alias.as_ref().unwrap_or(&origins.api))
        .replace("{attacker}", &origins.attacker)
}

/// Reads the lessons, with the origins in place of `{page}`, `{api}`, `{alias}` and `{attacker}`.
///
/// # Errors
///
/// When the text is not what lessons are made of.
pub fn read(text: &str, origins: &Origins) -> serde_json::Result<Vec<Lesson>> {
    serde_json::from_str(&with_origins(text, origins))
}
