//! Each lesson can be done as it says, by the model of each engine. Tests with browsers do the same in the engines.

#[path = "lessons/check.rs"]
mod check;
mod lab;

use std::{fs, path::Path};

use actix_web_cors::Policy;
use check::Shown;
use demo_backend::{
    Origins,
    api_path::ServerKind,
    page::{
        engine::EngineName,
        lab_request::LabRequest,
        lesson::{self, Ending, Lesson, SolutionStep},
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
            let mut reader = Reader::new(&lab, lesson, engine);
            let name = reader.name();
            // The starting state, sent once.
            if !reader.is_about_this_engine() {
                let other = reader.send_any();
                assert_ne!(other.meets(&lesson.question.yes), lesson.question.answer, "{name}: the question");
                continue;
            }
            let first = reader.send(lesson.first);
            if engine == EngineName::Standard {
                first_causes.push((lesson.id.clone(), reader.causes.concat()));
            }
            assert_eq!(first.meets(&lesson.question.yes), lesson.question.answer, "{name}: the question");
            assert!(first.meets(&lesson.because[0].when), "{name}: why, at the start: {first:?}");
            for step in &lesson.solution {
                reader.follow(step);
            }
            assert_eq!(reader.reached.len(), lesson.goal.len(), "{name}: reached {:?}", reader.reached);
            reader.check_origins();
        }
    }
    let first_causes: Vec<_> =
        first_causes.iter().map(|(lesson, cause)| (lesson.as_str(), cause.as_str())).collect();
    assert_eq!(first_causes, CAUSES);
}

/// A link may bring a policy of its own to a lesson. Whatever it is, the sentences that the page takes from the lesson agree
/// with each other and with the outcome: those that hold are of one run, and none names another outcome than the browser's.
#[test]
fn what_is_said_of_a_run_is_true_under_any_policy() {
    let lab = TestLab::start();
    let source = fs::read_to_string(lesson::file()).expect("the lessons can be read");
    let lessons = lesson::read(&source, lab.running.origins()).expect("lessons");
    let page = lab.page();
    let policies = [
        json!({}),
        json!({ "allow_origins": ["*"] }),
        json!({ "allow_origins": [page] }),
        json!({ "allow_origins": [page], "allow_methods": ["PUT"], "allow_headers": ["content-type"], "max_age": 600 }),
        json!({ "allow_origins": ["http://localhost:*"], "allow_credentials": true, "expose_headers": ["etag"] }),
        json!({ "allow_origins": ["https://other.example"] }),
    ];
    for lesson in &lessons {
        for policy in &policies {
            let mut reader = Reader::with_policy(&lab, lesson, policy, EngineName::Standard);
            let shown = reader.send_any();
            let said: Vec<_> = lesson.because.iter().filter(|fact| shown.meets(&fact.when)).collect();
            let outcomes: Vec<_> = said.iter().filter_map(|fact| fact.when.outcome).collect();
            assert!(
                outcomes.windows(2).all(|pair| pair[0] == pair[1]),
                "{}, {policy}: {said:?} contradict each other",
                lesson.id
            );
        }
    }
}

/// What is behind the first sending of each lesson, written by hand.
const CAUSES: [(&str, &str); 26] = [
    ("the-first-block", "origin-not-listed"),
    ("curl-works", "origin-not-listed"),
    ("one-line-fixes-it", "no-cors-mode"),
    ("what-an-origin-is", "origin-not-listed"),
    ("simple-requests-reach-the-server", "origin-not-listed"),
    ("preflights", "method-not-listed"),
    ("request-headers", "headers-not-listed"),
    ("the-trailing-slash", "not-an-origin"),
    ("the-header-twice", "two-writers"),
    ("credentials-and-cookies", "credentials-not-allowed"),
    ("why-the-star-stops-working", "wildcard-with-credentials"),
    ("reading-response-headers", "nothing-wrong"),
    ("cors-headers-on-the-request", "response-header-on-request"),
    ("errors-are-responses-too", "cookies-not-sent"),
    ("the-error-behind-the-error", "hidden-error"),
    ("authorization-and-the-preflight", "authentication-in-front"),
    ("the-preflight-cache", "nothing-wrong"),
    ("patterns-and-look-alikes", "nothing-wrong"),
    ("null-is-not-an-origin", "opaque-origin"),
    ("caches-and-vary", "cached-for-another"),
    ("redirects", "nothing-wrong"),
    ("images-and-canvases", "no-cors-mode"),
    ("the-attackers-tab", "nothing-wrong"),
    ("cors-is-not-csrf-protection", "origin-not-listed"),
    ("cookies-across-sites", "nothing-wrong"),
    ("a-proxy-is-the-other-way", "nothing-wrong"),
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
    let blocks = |language: &str| -> Vec<_> {
        let begin = format!("```{language}\n");
        let parts = tutorial.split(&begin).skip(1);
        parts.filter_map(|part| part.split("```").next()).map(str::to_owned).collect()
    };
    let shown = |policy: &Value| {
        let session = lab.session(policy);
        lab.control("GET", &format!("/s/{session}/policy"), None).json()
    };
    let mut written = blocks("toml");
    let last = written.pop().expect("the last policy");
    let lessons: Vec<_> = lessons.iter().filter(|lesson| lesson.hand.is_none()).collect();
    assert_eq!(written.len(), lessons.len(), "one policy per lesson that has one");
    for (lesson, written) in lessons.into_iter().zip(written) {
        assert_eq!(shown(&json!(lesson.policy))["toml"], written, "{}", lesson.id);
    }
    // The last one stands there as code as well.
    let policy = Policy::from_toml(&last).expect("it is valid");
    let shown = shown(&json!(policy.to_config()));
    assert_eq!((&shown["toml"], &shown["rust"]), (&json!(last), &json!(blocks("rust").concat())));
}

/// A reader who does a lesson.
struct Reader<'a> {
    lab: &'a TestLab,
    lesson: &'a Lesson,
    sender: Sender<'a>,
    request: LabRequest,
    run: u32,
    /// The settings at which a policy was refused.
    refused: Vec<String>,
    /// The parts of the goal that are reached.
    reached: Vec<&'a str>,
    /// What was diagnosed, in order.
    causes: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(lab: &'a TestLab, lesson: &'a Lesson, engine: EngineName) -> Self {
        Self::with_policy(lab, lesson, &json!(lesson.policy), engine)
    }

    fn with_policy(lab: &'a TestLab, lesson: &'a Lesson, policy: &Value, engine: EngineName) -> Self {
        let sender = Sender::new(lab, policy, engine);
        let mut reader = Self {
            lab,
            lesson,
            sender,
            request: lesson.request.clone(),
            run: 0,
            refused: Vec::new(),
            reached: Vec::new(),
            causes: Vec::new(),
        };
        if let Some(hand) = &lesson.hand {
            reader.put_hand(hand);
        }
        let is_own_policy = *policy == json!(lesson.policy);
        for before in &lesson.before {
            let shown = reader.show(&before.request);
            let is_said = before.said.iter().any(|fact| shown.meets(&fact.when));
            assert!(is_said || !is_own_policy, "{}: what was sent before: {shown:?}", reader.name());
        }
        reader
    }

    fn name(&self) -> String {
        format!("{}, {:?}", self.lesson.id, self.sender.engine())
    }

    /// Whether the lesson's question is about this engine.
    fn is_about_this_engine(&self) -> bool {
        self.lesson.engine.is_none_or(|engine| engine == self.sender.engine())
    }

    /// Whether the page only predicts the request, and judges it by that.
    fn is_prediction_only(&self) -> bool {
        self.request.page_address_space.is_some()
    }

    fn follow(&mut self, step: &SolutionStep) {
        match step {
            SolutionStep::Refused { refused, setting } => {
                let response = self.put(&json!(refused), 422);
                assert_eq!(response["refused"]["problems"][0]["setting"], **setting, "{}", self.name());
                self.refused.push(setting.clone());
                self.tick(None);
            }
            SolutionStep::Policy { policy } => {
                self.put(&json!(policy), 200);
                self.tick(None);
            }
            SolutionStep::Hand { hand } => self.put_hand(hand),
            SolutionStep::Request { request } => {
                self.request = LabRequest::clone(request);
                if self.is_prediction_only() {
                    self.send_any();
                }
            }
            SolutionStep::Send { send } => {
                self.send(*send);
            }
        }
    }

    fn put_hand(&self, hand: &HandWritten) {
        self.lab.put_hand(self.sender.session(), &json!(hand));
    }

    fn put(&self, policy: &Value, status: u16) -> Value {
        let path = format!("/s/{}/policy", self.sender.session());
        let response = self.lab.control("PUT", &path, Some(policy));
        assert_eq!(response.outcome(), u64::from(status), "{}: {policy}", self.name());
        response.json()
    }

    /// Sends, and compares what was predicted, what happened, and what the lesson says.
    fn send(&mut self, expected: Ending) -> Shown {
        let shown = self.send_any();
        let name = self.name();
        assert_eq!(shown.outcome(), expected, "{name}: {shown:?}");
        if !self.is_prediction_only() {
            self.check_diagnosis(&shown.predicted["verdict"], &name);
        }
        shown
    }

    fn send_any(&mut self) -> Shown {
        self.request.same_url = self.lesson.same_url;
        let request = self.request.clone();
        let shown = self.show(&request);
        self.tick(Some(&shown));
        shown
    }

    /// Sends, and tells all that the page would know of it.
    fn show(&mut self, request: &LabRequest) -> Shown {
        if !self.lesson.same_url || self.run == 0 {
            self.run += 1;
        }
        let run = format!("run{}", self.run);
        let log = |reader: &Self| {
            let path = format!("/s/{}/exchanges?run={run}", reader.sender.session());
            let logged = reader.lab.control("GET", &path, None).json();
            logged["exchanges"].as_array().cloned().unwrap_or_default()
        };
        let (earlier, before) = (log(self).len(), self.held());
        let (predicted, allowed) = self.sender.send(request, &run);
        assert_eq!(predicted["verdict"]["allowed"], allowed, "{}: {predicted}", self.name());
        Shown {
            request: json!(request.effective()),
            policy: json!(self.policy_in_force()),
            exchanges: log(self).split_off(earlier),
            predicted,
            body: self.sender.body(),
            has_changed: self.held() != before,
            refused: self.refused.clone(),
            origins: self.origins(),
        }
    }

    fn policy_in_force(&self) -> Value {
        let path = format!("/s/{}/policy", self.sender.session());
        self.lab.control("GET", &path, None).json()["config"].clone()
    }

    /// What the API stores, without what it only counts.
    fn held(&self) -> Value {
        let path = format!("/s/{}/notes", self.sender.session());
        let mut held = self.lab.control("GET", &path, None).json();
        held["visits"].take();
        held
    }

    fn origins(&self) -> Vec<(String, bool, bool)> {
        let names: Vec<_> = self.lesson.origins.iter().map(|(origin, _)| origin).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let path = format!("/s/{}/allows", self.sender.session());
        let allowed = self.lab.control("POST", &path, Some(&json!({ "origins": names }))).json();
        let listed = self.lesson.origins.iter().enumerate();
        listed
            .map(|(at, (origin, wanted))| (origin.clone(), *wanted, allowed["allowed"][at] == true))
            .collect()
    }

    /// Ticks off the parts of the goal that a run reached, or, without one, those that the policy alone reaches.
    fn tick(&mut self, shown: Option<&Shown>) {
        let standing = Shown {
            policy: self.policy_in_force(),
            refused: self.refused.clone(),
            origins: self.origins(),
            ..Shown::default()
        };
        for part in &self.lesson.goal {
            let is_reached = match shown {
                Some(shown) => shown.meets(&part.check),
                None => check::is_of_standing(&part.check) && standing.meets(&part.check),
            };
            if is_reached && !self.reached.contains(&part.id.as_str()) {
                self.reached.push(&part.id);
            }
        }
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
        // Of a server written by hand there is no policy to read, and its responses alone may leave more than one cause.
        let has_policy = self.request.server == ServerKind::Policy;
        if !is_allowed && has_policy {
            assert_eq!(verdict["certain"], true, "{name}: {verdict}");
        }
        // No request can tell a server that keeps silent to strangers from one that has no CORS at all.
        if !found.is_certain() && has_policy {
            let rivals: Vec<_> = found.rivals().iter().map(Cause::name).collect();
            let is_silent = matches!(cause, "origin-not-listed" | "opaque-origin");
            let silent = is_silent && rivals == ["no-cors"];
            // An error without CORS headers may come from anything that stands in front of CORS.
            let in_front = ["authentication-in-front", "firewall", "no-cors", "hidden-error"];
            let silent_error = is_silent && rivals == in_front;
            let refused = cause == "cookies-not-sent" && rivals == ["nothing-wrong"];
            assert!(silent || silent_error || refused, "{name}: {found} {rivals:?}");
        }
        if self.sender.engine() == EngineName::Standard {
            self.causes.push(cause.to_owned());
        }
    }

    fn check_origins(&self) {
        for (origin, wanted, allowed) in self.origins() {
            assert_eq!(allowed, wanted, "{}: {origin}", self.name());
        }
    }
}
