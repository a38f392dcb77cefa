//! The lessons, as far as a test can do them: `demo-frontend/lessons/lessons.json`.

use actix_web_cors::PolicyConfig;
use serde::Deserialize;

use demo_backend::{Origins, lab_request::LabRequest};

/// A lesson.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Lesson {
    /// In addresses and in the browser's memory.
    pub(crate) id: String,
    /// The policy that it starts with.
    pub(crate) policy: PolicyConfig,
    /// The request that it starts with.
    pub(crate) request: LabRequest,
    /// What is sent before the reader comes.
    #[serde(default)]
    pub(crate) before: Vec<LabRequest>,
    /// Whether all its requests have one URL.
    #[serde(default)]
    pub(crate) same_url: bool,
    /// How the first request ends.
    pub(crate) first: Outcome,
    /// What is to be reached.
    pub(crate) goal: Goal,
    /// Who is to be allowed, and who isn't.
    #[serde(default)]
    pub(crate) origins: Vec<(String, bool)>,
    /// The way there.
    pub(crate) solution: Solution,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// Script is given an answer.
    Allowed,
    /// It is given an error.
    Blocked,
}

/// What is to be reached.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Goal {
    /// As the page checks it.
    pub(crate) check: serde_json::Value,
}

/// The way to the goal: a policy and a request, and then one send; or steps.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Solution {
    /// The policy to apply, if another is needed.
    pub(crate) policy: Option<PolicyConfig>,
    /// The request to send, if another is needed.
    pub(crate) request: Option<LabRequest>,
    /// What to do one after the other, instead.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

/// Something to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Step {
    /// Apply this policy; it is refused for a problem at this setting.
    Refused {
        /// What is applied.
        refused: PolicyConfig,
        /// Where the problem is.
        setting: String,
    },
    /// Apply this policy.
    Policy {
        /// What is applied.
        policy: PolicyConfig,
    },
    /// Put this request together.
    Request {
        /// It.
        request: Box<LabRequest>,
    },
    /// Send the request.
    Send {
        /// How it ends.
        send: Outcome,
    },
}

/// Reads the lessons, with the origins in place of `{page}`, `{api}` and `{attacker}`.
pub(crate) fn read(text: &str, origins: &Origins) -> Vec<Lesson> {
    let text = text
        .replace("{page}", &origins.page)
        .replace("{api}", &origins.api)
        .replace("{attacker}", &origins.attacker);
    serde_json::from_str(&text).expect("lessons")
}
