//! A thousand learners at once: each has a policy, notes and predictions of their own, and nobody gets anything of another's.

mod lab;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use lab::{Connection, TestLab, WireResponse};
use serde_json::{Value, json};

const LEARNERS: usize = 1000;
/// As many as a class that works at the same moment, on two cores.
const AT_ONCE: usize = 16;

struct Learner<'a> {
    number: usize,
    session: String,
    page: &'a mut Connection,
    api: &'a mut Connection,
    own_page: &'a str,
}

impl<'a> Learner<'a> {
    fn begin(number: usize, lab: &'a TestLab, page: &'a mut Connection, api: &'a mut Connection) -> Self {
        let mut learner = Self { number, session: String::new(), page, api, own_page: lab.page() };
        let made = learner.control("POST", "/control/sessions", &json!({}));
        made.json()["id"].as_str().expect("an id").clone_into(&mut learner.session);
        learner
    }

    fn control(&mut self, method: &str, path: &str, body: &Value) -> WireResponse {
        let headers = [("x-cors-lab", "1"), ("content-type", "application/json")];
        let response = self.page.send(method, path, &headers, body.to_string().as_bytes());
        assert!(response.outcome() < 300, "learner {}: {method} {path}: {response:?}", self.number);
        response
    }

    /// Sends to the API what the page's script would.
    fn sends(&mut self, method: &str, route: &str, origin: &str, body: &str) -> WireResponse {
        let path = format!("/s/{}/api/{route}", self.session);
        self.api.send(method, &path, &[("origin", origin)], body.as_bytes())
    }

    /// From blocked to allowed, with a note of their own.
    fn learn(&mut self) {
        let (session, own_page) = (self.session.clone(), self.own_page.to_owned());
        let request = json!({ "path": "notes" });
        let predict = format!("/control/s/{session}/predict");
        let predicted = self.control(
            "POST",
            &predict,
            &json!({ "request": request, "run": format!("r{}a", self.number) }),
        );
        assert_eq!(predicted.json()["verdict"]["allowed"], false);
        let blocked = self.sends("GET", "notes", &own_page, "");
        assert_eq!((blocked.status, blocked.header("access-control-allow-origin")), (200, None));

        // An origin that nobody else has, so that another's policy would show.
        let own_origin = format!("https://learner-{}.example", self.number);
        let policy = json!({ "allow_origins": [own_page, own_origin] });
        self.control("PUT", &format!("/control/s/{session}/policy"), &policy);
        let predicted = self.control(
            "POST",
            &predict,
            &json!({ "request": request, "run": format!("r{}b", self.number) }),
        );
        assert_eq!(predicted.json()["verdict"]["allowed"], true);
        for origin in [&own_page, &own_origin] {
            let allowed = self.sends("GET", "notes", origin, "");
            assert_eq!(allowed.header("access-control-allow-origin"), Some(origin.as_str()), "{allowed:?}");
        }
        let neighbour = format!("https://learner-{}.example", (self.number + 1) % LEARNERS);
        let others = self.sends("GET", "notes", &neighbour, "");
        assert_eq!(others.header("access-control-allow-origin"), None, "learner {}", self.number);

        let note = format!("the note of learner {}.", self.number);
        assert_eq!(self.sends("POST", "notes", &own_page, &note).status, 201);
        self.remembers();
    }

    /// Their notes are theirs alone.
    fn remembers(&mut self) {
        let own_page = self.own_page.to_owned();
        let notes = self.sends("GET", "notes", &own_page, "");
        let text = String::from_utf8_lossy(&notes.body).into_owned();
        assert_eq!(text.matches("the note of learner ").count(), 1, "learner {}: {text}", self.number);
        assert!(text.contains(&format!("the note of learner {}.", self.number)), "{text}");
    }
}

#[test]
fn a_thousand_learners_don_t_interfere() {
    let lab = TestLab::start();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut page = Connection::open(lab.page());
                let mut api = Connection::open(lab.api());
                let mut gone_before = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= LEARNERS {
                        break;
                    }
                    let mut learner = Learner::begin(number, &lab, &mut page, &mut api);
                    learner.learn();
                    gone_before.push((number, learner.session));
                }
                // Again when all the others have been here.
                for (number, session) in gone_before {
                    let mut learner =
                        Learner { number, session, page: &mut page, api: &mut api, own_page: lab.page() };
                    learner.remembers();
                }
            });
        }
    });
}
