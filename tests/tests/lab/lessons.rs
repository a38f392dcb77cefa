//! Every lesson, from its start to its goal by the way that it names itself.

use std::{fs, time::Instant};

use actix_web_cors::PolicyConfig;
use demo_backend::{
    Origins,
    page::{
        kinds::RequestKind,
        lab_request::LabRequest,
        lesson::{self, Ending, Lesson, RunCheck, SolutionStep},
    },
};
use end_to_end::{Check, Engine};
use fetch_cors::{
    browser::{Browser, Profile},
    diagnosis::diagnose,
};
use libtest_mimic::Failed;
use serde_json::json;

use crate::{
    Tried,
    forms::{Outcome, Taken},
    model::{self, Replay},
    page::Page,
    said, same,
    stage::Stage,
    view::{DIAGRAM, LAPTOP, OBSERVED, PREDICTED, SEND, in_viewport},
};

pub(crate) fn checks() -> Vec<Check<Stage>> {
    // Their names don't depend on where the Lab is.
    let nowhere = Origins {
        api: "http://api.test".to_owned(),
        api_alias: None,
        page: "http://page.test".to_owned(),
        attacker: "http://attacker.test".to_owned(),
    };
    let lessons = read(&nowhere).expect("the lessons can be read");
    assert!(lessons.len() > 10, "the lessons are read");
    let mut checks: Vec<_> = lessons
        .iter()
        .flat_map(|lesson| [Way::List, Way::Reload, Way::Link].map(|way| (lesson.id.clone(), way)))
        .map(|(id, way)| {
            let name = format!("{}::{id}", way.name());
            let check = Check::new(name.clone(), move |stage: &mut Stage| {
                in_viewport(stage, &name, LAPTOP, async |page| page.take_lesson(&id, way).await)
            });
            // What is remembered, and what a link holds, is the page's alone.
            if matches!(way, Way::List) { check } else { check.only_in(Engine::Chromium) }
        })
        .collect();
    checks.push(Check::new("lessons_done_are_remembered", |stage: &mut Stage| {
        stage.play("lessons-done", async |page| page.remembers_lessons().await).map_err(Failed::from)
    }));
    checks
}

fn read(origins: &Origins) -> Tried<Vec<Lesson>> {
    let text = fs::read_to_string(lesson::file()).map_err(said)?;
    lesson::read(&text, origins).map_err(said)
}

/// How a reader gets into a lesson.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// By the list.
    List,
    /// By the list, and the page is loaded again before the first sending.
    Reload,
    /// By a link that was copied after the lesson was done, with what was changed in it, in a browser that knows nothing of that.
    Link,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::List => "lesson",
            Self::Reload => "lesson_reloaded",
            Self::Link => "lesson_by_link",
        }
    }
}

/// A reader's browser, as the model has it, and what it sends next.
struct Reader {
    browser: Browser,
    since: Instant,
    request: LabRequest,
}

impl Reader {
    fn new(lesson: &Lesson, engine: Engine) -> Self {
        let mut request = lesson.request.clone();
        request.same_url = lesson.same_url;
        Self { browser: Browser::new(Profile::of(model::engine(engine))), since: Instant::now(), request }
    }
}

impl Page {
    pub(crate) fn lessons(&self) -> Tried<Vec<Lesson>> {
        read(self.demo.origins())
    }

    /// One lesson, and at its end on to the next one.
    async fn take_lesson(&self, id: &str, way: Way) -> Tried<()> {
        let lessons = self.lessons()?;
        let at = lessons.iter().position(|lesson| lesson.id == id).ok_or("the lesson is gone")?;
        let lesson = &lessons[at];
        self.open_details("[data-part=list]").await?;
        self.click(&format!("[data-lesson='{id}'] [data-action=start-lesson]")).await?;
        self.begins(lesson).await?;
        match way {
            Way::List => {}
            Way::Reload => {
                // Nothing was sent, with the policy of the last step in force: nothing may be said to have happened.
                if let Some(policy) = last_policy(lesson) {
                    self.apply_accepted(&json!(policy)).await?;
                    self.wait_for("return location.hash.includes('policy=')").await?;
                }
                self.reload().await?;
                self.begins(lesson).await?;
                self.tells_nothing(lesson).await?;
                self.click("[data-action=reset]").await?;
                self.begins(lesson).await?;
            }
            Way::Link => {
                self.take(lesson).await?;
                let link = self.copied("[data-action=copy-link]").await?;
                // As another person's browser.
                self.eval("sessionStorage.clear(); localStorage.clear();").await?;
                self.open(&link).await?;
                self.begins(lesson).await?;
                self.tells_nothing(lesson).await?;
                self.answers_by_what_happens(lesson).await?;
                self.click("[data-action=reset]").await?;
                self.begins(lesson).await?;
            }
        }
        self.take(lesson).await?;

        self.find(&format!("[data-lesson='{id}'][data-done=true]")).await?;
        same("how many lessons are done", &self.count("[data-lesson][data-done=true]").await?, &1)?;
        let title = lesson.title.replace('`', "");
        self.wait_for(&format!("return document.title.startsWith({})", json!(title))).await?;
        self.click("[data-action=next-lesson]").await?;
        match lessons.get(at + 1) {
            Some(next) => self.begins(next).await,
            None => self.find("body:not([data-lesson])").await.map(drop),
        }
    }

    /// The lesson is there, and what it sends when it begins was sent.
    async fn begins(&self, lesson: &Lesson) -> Tried<()> {
        self.find(&format!("body[data-lesson='{}']", lesson.id)).await?;
        self.find("[data-action=answer-yes]:enabled").await.map(drop)
    }

    /// Nothing is said of a run, and no part of the goal is reached that takes one.
    async fn tells_nothing(&self, lesson: &Lesson) -> Tried<()> {
        for told in [".because", "[data-part=shows] p", "[data-part=reached] p", "[data-part=next] *"] {
            if self.is_there(told).await? {
                // What the policy alone shows, it shows.
                let of_policy = lesson.goal.iter().all(|part| is_of_policy(&part.check));
                if !of_policy {
                    return Err(format!("nothing was sent, and {told} says {:?}", self.text(told).await?));
                }
            }
        }
        let session = self.lab_session().await?;
        let sent = self.logged(&session, |_, _| true)?;
        let before = lesson.before.len();
        let actual = sent.iter().filter(|exchange| !exchange.preflight).count();
        same("how many requests were sent", &actual, &before)
    }

    /// Whatever the policy is by now: a guess is right exactly if the browser bears it out.
    async fn answers_by_what_happens(&self, lesson: &Lesson) -> Tried<()> {
        if lesson.request.page_address_space.is_some() {
            // It can only be predicted.
            return Ok(());
        }
        self.click("[data-action=answer-yes]").await?;
        let shown = self.press("[data-action=send]").await?;
        let Some(outcome) = lesson.question.yes.outcome else { return Ok(()) };
        if lesson.question.yes.status.is_some() || !self.is_there(".because").await? {
            // About more than the outcome; or the link has another request, which the question is not about.
            return Ok(());
        }
        let is_right = self.attribute(".because", "data-right").await?;
        let expected = shown.observed.map(Outcome::ending) == Some(outcome);
        same("whether *yes* was right", &is_right, &Some(expected.to_string()))
    }

    /// The first lesson is offered by *Start*, and, once that is done, the second one, also to who comes back.
    async fn remembers_lessons(&self) -> Tried<()> {
        let lessons = self.lessons()?;
        let offer = "[data-action=continue]:not([hidden])";
        self.click(offer).await?;
        self.find(&format!("body[data-lesson='{}']", lessons[0].id)).await?;
        self.take(&lessons[0]).await?;

        self.open(&self.demo.origins().page).await?;
        self.find(&format!("[data-lesson='{}'][data-done=true]", lessons[0].id)).await?;
        same("how many lessons are done", &self.count("[data-lesson][data-done=true]").await?, &1)?;
        let progress = self.text("[data-part=progress]").await?;
        same("the progress", &progress, &format!("1 of {}", lessons.len()))?;
        self.click(offer).await?;
        self.find(&format!("body[data-lesson='{}']", lessons[1].id)).await.map(drop)
    }

    async fn take(&self, lesson: &Lesson) -> Tried<()> {
        let at = |step: String| move |why: String| format!("{step}: {why}");
        if self.is_there("[data-action=send]:enabled").await? {
            return Err("before the question is answered, nothing can be sent".to_owned());
        }
        self.are_in_view(&[".question", SEND, OBSERVED, "[data-action=paste]"])
            .await
            .map_err(at("the question".to_owned()))?;
        let engine = model::engine(self.session.engine());
        let is_other = lesson.engine.is_some_and(|about| about.engine() != Some(engine));
        let answer = if lesson.question.answer == is_other { "no" } else { "yes" };
        self.click(&format!("[data-action=answer-{answer}]")).await.map_err(at("answer".to_owned()))?;
        let mut reader = Reader::new(lesson, self.session.engine());
        // Where the page is said to be elsewhere, nothing can be sent.
        if lesson.request.page_address_space.is_none() {
            let first = self.send_and_diagnose(&mut reader, Some(lesson.first)).await;
            first.map_err(at("the first sending".to_owned()))?;
        } else if self.is_there("[data-action=send]:enabled").await? {
            return Err("nothing may be sent from elsewhere".to_owned());
        }
        self.find(".because[data-right=true]").await.map_err(at("the answer".to_owned()))?;
        let because = self.text(".because").await?;
        let first = rendered(&lesson.because[usize::from(is_other)].text);
        if !because.contains(&first) {
            return Err(format!("the page should say {first:?}; it says {because:?}"));
        }
        for (number, step) in lesson.solution.iter().enumerate() {
            self.step(step, &mut reader).await.map_err(at(format!("step {}, {step:?}", number + 1)))?;
        }
        self.find("[data-field=goal][data-reached=true]").await.map_err(at("the goal".to_owned()))?;
        let parts = self.count("[data-goal-part][data-reached=true]").await?;
        same("how many parts of the goal are reached", &parts, &lesson.goal.len())?;
        self.are_in_view(&["[data-action=next-lesson]"]).await
    }

    /// Sends, and compares what the browser did and the cause that the page names with what the diagnosis makes of what went
    /// over the wire, by itself.
    async fn send_and_diagnose(&self, reader: &mut Reader, ending: Option<Ending>) -> Tried<()> {
        let session = self.lab_session().await?;
        let before = self.last_logged(&session)?;
        // After an edit further down *Send* may be out of view; keys send from there, and nobody has to scroll.
        let shown = if self.are_in_view(&[SEND]).await.is_ok() {
            self.press(SEND).await?
        } else {
            self.press_by_keys().await?
        };
        shown.judge(None)?;
        self.are_in_view(&[PREDICTED, OBSERVED, DIAGRAM]).await?;
        let shown_ending = shown.observed.map(Outcome::ending);
        if ending.is_some() && shown_ending != ending {
            return Err(format!("should be {ending:?}; the page says {:?}", shown.said));
        }
        let run = self.attribute("[data-room=verdict][data-run]", "data-run").await?.unwrap_or_default();
        let exchanges = self.logged(&session, |of, number| of == run && number > before)?;
        let origins = self.demo.origins();
        let url = reader.request.url(&session, &run, origins);
        let engine = model::engine(self.session.engine());
        let fetch = reader.request.to_fetch(&url, origins, Some(engine));
        let now = reader.since.elapsed();
        let replay = Replay { browser: &mut reader.browser, now, page: &origins.page };
        let case = replay.play(fetch, &exchanges)?;

        let outcome = case.verdict.as_ref().map(Outcome::of);
        let shown_cause = self.attribute("[data-room=verdict] .why", "data-cause").await?.unwrap_or_default();
        if reader.request.kind == RequestKind::Canvas && shown_cause.is_empty() {
            // Tainted: that comes after the fetch.
            return same(
                "what became of the canvas",
                &(shown.observed, outcome),
                &(Some(Outcome::Blocked), Some(Outcome::Opaque)),
            );
        }
        same("the verdict", &shown.observed, &outcome)?;
        model::agrees(&diagnose(&case), &shown_cause)
    }

    async fn step(&self, step: &SolutionStep, reader: &mut Reader) -> Tried<()> {
        match step {
            SolutionStep::Refused { refused, setting } => {
                let before = self.generation().await?;
                let taken = self.apply(&json!(refused)).await?;
                if taken != Taken::Refused {
                    return Err("the policy should be refused".to_owned());
                }
                self.find(&format!("[data-problem='{setting}']")).await?;
                if self.generation().await? != before {
                    return Err("the policy before should stay in force".to_owned());
                }
                Ok(())
            }
            SolutionStep::Policy { policy } => self.apply_accepted(&json!(policy)).await,
            SolutionStep::Hand { hand } => self.write_hand(&json!(hand)).await,
            SolutionStep::Request { request } => {
                reader.request = LabRequest::clone(request);
                self.fill_request(&json!(request)).await
            }
            SolutionStep::Send { send } => self.send_and_diagnose(reader, Some(*send)).await,
        }
    }
}

/// The policy that the solution ends with.
fn last_policy(lesson: &Lesson) -> Option<&PolicyConfig> {
    // Next to a server written by hand the policy is not in view.
    let steps = lesson.solution.iter().rev().filter(|_| lesson.hand.is_none());
    let mut policies = steps.filter_map(|step| match step {
        SolutionStep::Policy { policy } => Some(policy),
        _ => None,
    });
    policies.next()
}

/// Whether the policy alone decides a condition.
fn is_of_policy(check: &RunCheck) -> bool {
    check.origins.is_some() || check.allows.is_some()
}

/// A text as the page shows it, without the marks of code and stress.
fn rendered(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.replace('*', "") } else { part.to_owned() }).collect()
}
