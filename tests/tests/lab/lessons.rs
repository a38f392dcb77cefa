//! Every lesson, from its start to its goal by the way that it names itself.

use std::{fs, time::Instant};

use demo_backend::{
    Origins,
    page::{
        kinds::RequestKind,
        lab_request::LabRequest,
        lesson::{self, Ending, Lesson, Solution, SolutionStep},
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
        .map(|lesson| {
            let name = format!("lesson::{}", lesson.id);
            let id = lesson.id.clone();
            Check::new(name.clone(), move |stage: &mut Stage| {
                in_viewport(stage, &name, LAPTOP, async |page| page.take_lesson(&id).await)
            })
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

    /// One lesson, chosen from the list, and at its end on to the next one.
    async fn take_lesson(&self, id: &str) -> Tried<()> {
        let lessons = self.lessons()?;
        let at = lessons.iter().position(|lesson| lesson.id == id).ok_or("the lesson is gone")?;
        self.open_details("[data-part=list]").await?;
        self.click(&format!("[data-lesson='{id}'] [data-action=start-lesson]")).await?;
        self.find(&format!("body[data-lesson='{id}']")).await?;
        self.take(&lessons[at]).await?;

        self.find(&format!("[data-lesson='{id}'][data-done=true]")).await?;
        same("how many lessons are done", &self.count("[data-lesson][data-done=true]").await?, &1)?;
        self.click("[data-action=next-lesson]").await?;
        match lessons.get(at + 1) {
            Some(next) => self.find(&format!("body[data-lesson='{}']", next.id)).await.map(drop),
            None => self.find("body:not([data-lesson])").await.map(drop),
        }
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
        self.are_in_view(&[".question", SEND, OBSERVED]).await.map_err(at("the question".to_owned()))?;
        let answer = if lesson.answer { "yes" } else { "no" };
        self.click(&format!("[data-action=answer-{answer}]")).await.map_err(at("answer".to_owned()))?;
        let mut reader = Reader::new(lesson, self.session.engine());
        let first = self.send_and_diagnose(&mut reader, Some(lesson.first)).await;
        first.map_err(at("the first sending".to_owned()))?;
        self.find(".because[data-right=true]").await.map_err(at("the answer".to_owned()))?;

        let Solution { policy, hand, request, steps } = &lesson.solution;
        for (number, step) in steps.iter().enumerate() {
            self.step(step, &mut reader).await.map_err(at(format!("step {}, {step:?}", number + 1)))?;
        }
        if steps.is_empty() {
            if let Some(policy) = policy {
                self.apply_accepted(&json!(policy)).await.map_err(at("the policy".to_owned()))?;
            }
            if let Some(hand) = hand {
                self.write_hand(&json!(hand)).await.map_err(at("the server".to_owned()))?;
            }
            if let Some(request) = request {
                self.fill_request(&json!(request)).await.map_err(at("the request".to_owned()))?;
                reader.request.clone_from(request);
            }
            let last = self.send_and_diagnose(&mut reader, None).await;
            last.map_err(at("the last sending".to_owned()))?;
        }
        self.find("[data-field=goal][data-reached=true]").await.map_err(at("the goal".to_owned()))?;
        self.are_in_view(&["[data-action=next-lesson]"]).await
    }

    /// Sends, and compares what the browser did and the cause that the page names with what the diagnosis makes of what went
    /// over the wire, by itself.
    async fn send_and_diagnose(&self, reader: &mut Reader, ending: Option<Ending>) -> Tried<()> {
        let session = self.lab_session().await?;
        let before = self.last_logged(&session)?;
        self.are_in_view(&[SEND]).await?;
        let shown = self.press(SEND).await?;
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
