//! Each lesson can be done as it says, by the model of each engine. Tests with browsers do the same in the engines.

mod lab;

use std::{fs, path::Path};

use demo_backend::{
    Origins,
    page::{
        engine::EngineName,
        lab_request::LabRequest,
        lesson::{self, Ending, Lesson, Loot, SolutionStep},
    },
    session::hand_written::HandWritten,
};
use fetch_cors::diagnosis::Cause;
use lab::{TestLab, sender::Sender};
use serde_json::{Value, json};

#[test]
fn every_lesson_can_be_done_as_it_says() {
    let lab = TestLab::start();
    let source = fs::read_to_string(lesson::file()).expect("the lessons can be read");
    let lessons = lesson::read(&source, lab.running.origins()).expect("lessons");
    assert!(lessons.len() >= 12);
    let mut first_causes = Vec::new();
    for lesson in &lessons {
        for engine in [EngineName::Standard, EngineName::Chromium, EngineName::Firefox, EngineName::WebKit] {
            // The starting state, sent once.
            let mut start = Reader::new(&lab, lesson, engine);
            start.send(lesson.first);
            if engine == EngineName::Standard {
                first_causes.push((lesson.id.clone(), start.causes.concat()));
            }
            // The way to the goal, from the start again.
            let mut reader = Reader::new(&lab, lesson, engine);
            let solution = &lesson.solution;
            for step in &solution.steps {
                reader.follow(step);
            }
            if solution.steps.is_empty() {
                if let Some(policy) = &solution.policy {
                    reader.put(&json!(policy), 200);
                }
                if let Some(hand) = &solution.hand {
                    reader.put_hand(hand);
                }
                if let Some(request) = &solution.request {
                    reader.request = request.clone();
                }
                reader.send(if lesson.goal.check.attacker == Some(Loot::Nothing) {
                    Ending::Blocked
                } else {
                    lesson.goal.check.observed.unwrap_or(Ending::Allowed)
                });
            }
            reader.check_origins();
        }
    }
    let first_causes: Vec<_> =
        first_causes.iter().map(|(lesson, cause)| (lesson.as_str(), cause.as_str())).collect();
    assert_eq!(first_causes, CAUSES);
}

/// What is behind the first sending of each lesson, written by hand.
const CAUSES: [(&str, &str); 18] = [
    ("what-an-origin-is", "request-refused"),
    ("the-first-block", "origin-not-listed"),
    ("one-line-fixes-it", "no-cors-mode"),
    ("the-trailing-slash", "origin-not-listed"),
    ("simple-requests-reach-the-server", "origin-not-listed"),
    ("preflights", "method-not-listed"),
    ("request-headers", "headers-not-listed"),
    ("credentials-and-cookies", "credentials-not-allowed"),
    ("why-the-star-stops-working", "wildcard-with-credentials"),
    ("reading-response-headers", "nothing-wrong"),
    ("the-preflight-cache", "nothing-wrong"),
    ("patterns-and-look-alikes", "nothing-wrong"),
    ("null-is-not-an-origin", "opaque-origin"),
    ("errors-are-responses-too", "cookies-not-sent"),
    ("caches-and-vary", "cached-for-another"),
    ("redirects", "redirected"),
    ("fonts-and-canvases", "no-cors-mode"),
    ("the-attackers-tab", "nothing-wrong"),
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `tools/tutorial.mjs` writes policies as files, and so does the server for the page: each is the same.
#[test]
fn the_tutorial_has_the_policies_that_the_page_shows() {
    let lab = TestLab::start();
    let origins = Origins {
        api: "http://localhost:8080".to_owned(),
        api_alias: None,
        page: "http://localhost:3000".to_owned(),
        attacker: "http://localhost:3001".to_owned(),
    };
    let source = fs::read_to_string(lesson::file()).expect("the lessons can be read");
    let lessons = lesson::read(&source, &origins).expect("lessons");
    let tutorial = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tutorial.md");
    let tutorial = fs::read_to_string(tutorial).expect("the tutorial can be read");
    let written: Vec<_> =
        tutorial.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert_eq!(written.len(), lessons.len(), "one policy per lesson");
    for (lesson, written) in lessons.iter().zip(written) {
        let session = lab.session(&json!(lesson.policy));
        let shown = lab.control("GET", &format!("/s/{session}/policy"), None).json();
        assert_eq!(shown["toml"], written, "{}", lesson.id);
    }
}

/// A reader who does a lesson.
struct Reader<'a> {
    lab: &'a TestLab,
    lesson: &'a Lesson,
    sender: Sender<'a>,
    request: LabRequest,
    run: u32,
    /// What was diagnosed, in order.
    causes: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(lab: &'a TestLab, lesson: &'a Lesson, engine: EngineName) -> Self {
        let sender = Sender::new(lab, &json!(lesson.policy), engine);
        let mut reader =
            Self { lab, lesson, sender, request: lesson.request.clone(), run: 0, causes: Vec::new() };
        if let Some(hand) = &lesson.hand {
            reader.put_hand(hand);
        }
        for request in &lesson.before {
            reader.run += 1;
            reader.sender.send(request, &format!("run{}", reader.run));
        }
        reader
    }

    fn name(&self) -> String {
        format!("{}, {:?}", self.lesson.id, self.sender.engine())
    }

    fn follow(&mut self, step: &SolutionStep) {
        match step {
            SolutionStep::Refused { refused, setting } => {
                let response = self.put(&json!(refused), 422);
                assert_eq!(response["problems"][0]["setting"], **setting, "{}", self.name());
            }
            SolutionStep::Policy { policy } => {
                self.put(&json!(policy), 200);
            }
            SolutionStep::Hand { hand } => self.put_hand(hand),
            SolutionStep::Request { request } => self.request = LabRequest::clone(request),
            SolutionStep::Send { send } => self.send(*send),
        }
    }

    fn put_hand(&self, hand: &HandWritten) {
        self.lab.put_hand(self.sender.session(), &json!(hand));
    }

    fn put(&self, policy: &Value, status: u16) -> Value {
        let path = format!("/s/{}/policy", self.sender.session());
        let response = self.lab.control("PUT", &path, Some(policy));
        assert_eq!(response.status, status, "{}: {policy}", self.name());
        response.json()
    }

    /// Sends, and compares what was predicted, what happened, and what the lesson says.
    fn send(&mut self, expected: Ending) {
        self.request.same_url = self.lesson.same_url;
        if !self.lesson.same_url {
            self.run += 1;
        }
        let (predicted, allowed) = self.sender.send(&self.request, &format!("run{}", self.run));
        let name = self.name();
        // The lesson on fonts says that WebKit doesn't need CORS for them.
        assert_eq!(predicted["verdict"]["allowed"], allowed, "{name}: {predicted}");
        let is_font_in_webkit = self.sender.engine() == EngineName::WebKit
            && predicted["messages"][0]["url"].as_str().is_some_and(|url| url.contains("/font"));
        if !is_font_in_webkit {
            assert_eq!(allowed, expected == Ending::Allowed, "{name}: {predicted}");
        }
        self.check_diagnosis(&predicted["verdict"], &name);
    }

    /// What the page shows as the cause is a certain one, and the one that `cors-doctor` finds by the wire alone: sure of it,
    /// or with rivals that only the policy can strike.
    fn check_diagnosis(&mut self, verdict: &Value, name: &str) {
        let found = self.sender.diagnose();
        let is_allowed = verdict["allowed"] == true;
        // The canvas is read after the fetch, which is all that the doctor knows of.
        let cause = if verdict["step"] == "canvas" { "no-cors-mode" } else { text(&verdict["cause"]) };
        assert_eq!(found.cause.name(), cause, "{name}: {found}\n{verdict}");
        assert_eq!(
            matches!(found.cause, Cause::NothingWrong { .. } | Cause::NoCorsMode | Cause::CookiesNotSent),
            is_allowed || verdict["step"] == "canvas",
            "{name}: the cause {cause} is none of this verdict"
        );
        if !is_allowed {
            assert_eq!(verdict["certain"], true, "{name}: {verdict}");
        }
        // No request can tell a server that keeps silent to strangers from one that has no CORS at all.
        if !found.is_certain() {
            let rivals: Vec<_> = found.rivals().iter().map(Cause::name).collect();
            let silent = matches!(cause, "origin-not-listed" | "opaque-origin") && rivals == ["no-cors"];
            let refused = cause == "cookies-not-sent" && rivals == ["nothing-wrong"];
            assert!(silent || refused, "{name}: {found} {rivals:?}");
        }
        if self.sender.engine() == EngineName::Standard {
            self.causes.push(cause.to_owned());
        }
    }

    fn check_origins(&self) {
        let (origins, wanted): (Vec<_>, Vec<_>) = self.lesson.origins.iter().cloned().unzip();
        let path = format!("/s/{}/allows", self.sender.session());
        let response = self.lab.control("POST", &path, Some(&json!({ "origins": origins }))).json();
        assert_eq!(response["allowed"], json!(wanted), "{}", self.name());
    }
}
