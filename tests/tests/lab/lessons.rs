//! Every lesson, from its start to its goal by the way that it names itself.

use std::fs;

use demo_backend::{
    Origins,
    page::lesson::{self, Lesson, Solution, SolutionStep},
};
use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::json;

use crate::{Tried, forms::Taken, page::Page, said, same, stage::Stage};

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
                Ok(stage.play(&name, async |page| page.take_lesson(&id).await)?)
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

impl Page {
    fn lessons(&self) -> Tried<Vec<Lesson>> {
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
        let answer = if lesson.answer { "yes" } else { "no" };
        self.click(&format!("[data-action=answer-{answer}]")).await.map_err(at("answer".to_owned()))?;
        self.send(Some(lesson.first)).await.map_err(at("the first sending".to_owned()))?;
        self.find(".because[data-right=true]").await.map_err(at("the answer".to_owned()))?;

        let Solution { policy, request, steps } = &lesson.solution;
        for (number, step) in steps.iter().enumerate() {
            self.step(step).await.map_err(at(format!("step {}, {step:?}", number + 1)))?;
        }
        if steps.is_empty() {
            if let Some(policy) = policy {
                self.apply_accepted(&json!(policy)).await.map_err(at("the policy".to_owned()))?;
            }
            if let Some(request) = request {
                self.fill_request(&json!(request)).await.map_err(at("the request".to_owned()))?;
            }
            self.send(None).await.map_err(at("the last sending".to_owned()))?;
        }
        self.find("[data-field=goal][data-reached=true]").await.map_err(at("the goal".to_owned()))?;
        Ok(())
    }

    async fn step(&self, step: &SolutionStep) -> Tried<()> {
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
            SolutionStep::Request { request } => self.fill_request(&json!(request)).await,
            SolutionStep::Send { send } => self.send(Some(*send)).await,
        }
    }
}
