//! Each lesson can be done as it says, by the model of each engine's browser; in the engines themselves, too, which is
//! tested elsewhere.

mod lab;

use std::{fs, path::Path};

use demo_backend::{Origins, lab_request::LabRequest};
use lab::{
    Lab,
    lesson::{self, Lesson, Outcome, Step},
    send::Sender,
};
use serde_json::{Value, json};

#[test]
fn every_lesson_can_be_done_as_it_says() {
    let lab = Lab::start();
    let lessons = lesson::read(&project("demo-frontend/lessons/lessons.json"), lab.running.origins());
    assert!(lessons.len() >= 12);
    for lesson in &lessons {
        for engine in ["standard", "chromium", "firefox", "webkit"] {
            // The starting state, sent once.
            let mut start = Pupil::new(&lab, lesson, engine);
            start.send(lesson.first);
            // The way to the goal, from the start again.
            let mut pupil = Pupil::new(&lab, lesson, engine);
            let solution = &lesson.solution;
            for step in &solution.steps {
                pupil.follow(step);
            }
            if solution.steps.is_empty() {
                if let Some(policy) = &solution.policy {
                    pupil.put(&json!(policy), 200);
                }
                if let Some(request) = &solution.request {
                    pupil.request = request.clone();
                }
                pupil.send(
                    if lesson.goal.check["attacker"] == "nothing"
                        || lesson.goal.check["observed"] == "blocked"
                    {
                        Outcome::Blocked
                    } else {
                        Outcome::Allowed
                    },
                );
            }
            pupil.check_origins();
        }
    }
}

/// `tools/tutorial.mjs` writes policies down as files, and so does the server for the page: each is the same.
#[test]
fn the_tutorial_has_the_policies_that_the_page_shows() {
    let lab = Lab::start();
    let origins = Origins {
        api: "http://localhost:8080".to_owned(),
        api_alias: None,
        page: "http://localhost:3000".to_owned(),
        attacker: "http://localhost:3001".to_owned(),
    };
    let lessons = lesson::read(&project("demo-frontend/lessons/lessons.json"), &origins);
    let tutorial = project("docs/tutorial.md");
    let written: Vec<_> =
        tutorial.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert_eq!(written.len(), lessons.len(), "one policy per lesson");
    for (lesson, written) in lessons.iter().zip(written) {
        let session = lab.session(&json!(lesson.policy));
        let shown = lab.control("GET", &format!("/s/{session}/policy"), None).json();
        assert_eq!(shown["toml"], written, "{}", lesson.id);
    }
}

/// A file of the project.
fn project(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Somebody who does a lesson.
struct Pupil<'a> {
    lab: &'a Lab,
    lesson: &'a Lesson,
    sender: Sender<'a>,
    request: LabRequest,
    run: u32,
}

impl<'a> Pupil<'a> {
    fn new(lab: &'a Lab, lesson: &'a Lesson, engine: &'static str) -> Self {
        let sender = Sender::new(lab, &json!(lesson.policy), engine);
        let mut pupil = Self { lab, lesson, sender, request: lesson.request.clone(), run: 0 };
        for request in &lesson.before {
            pupil.run += 1;
            pupil.sender.send(request, &format!("run{}", pupil.run));
        }
        pupil
    }

    fn name(&self) -> String {
        format!("{}, {}", self.lesson.id, self.sender.engine())
    }

    fn follow(&mut self, step: &Step) {
        match step {
            Step::Refused { refused, setting } => {
                let answer = self.put(&json!(refused), 422);
                assert_eq!(answer["problems"][0]["setting"], **setting, "{}", self.name());
            }
            Step::Policy { policy } => {
                self.put(&json!(policy), 200);
            }
            Step::Request { request } => self.request = LabRequest::clone(request),
            Step::Send { send } => self.send(*send),
        }
    }

    fn put(&self, policy: &Value, status: u16) -> Value {
        let path = format!("/s/{}/policy", self.sender.session());
        let answer = self.lab.control("PUT", &path, Some(policy));
        assert_eq!(answer.status, status, "{}: {policy}", self.name());
        answer.json()
    }

    /// Sends, and looks at what was predicted, at what happened, and at what the lesson says.
    fn send(&mut self, expected: Outcome) {
        self.request.same_url = self.lesson.same_url;
        if !self.lesson.same_url {
            self.run += 1;
        }
        let (predicted, allowed) = self.sender.send(&self.request, &format!("run{}", self.run));
        let name = self.name();
        // What WebKit does with fonts, the lessons know.
        assert_eq!(predicted["verdict"]["allowed"], allowed, "{name}: {predicted}");
        let is_font_in_webkit = self.sender.engine() == "webkit"
            && predicted["messages"][0]["url"].as_str().is_some_and(|url| url.contains("/font"));
        if !is_font_in_webkit {
            assert_eq!(allowed, expected == Outcome::Allowed, "{name}: {predicted}");
        }
    }

    fn check_origins(&self) {
        let (origins, wanted): (Vec<_>, Vec<_>) = self.lesson.origins.iter().cloned().unzip();
        let path = format!("/s/{}/allows", self.sender.session());
        let answer = self.lab.control("POST", &path, Some(&json!({ "origins": origins }))).json();
        assert_eq!(answer["allowed"], json!(wanted), "{}", self.name());
    }
}
