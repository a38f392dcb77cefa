//! What somebody new does in the first minutes: follows the README, and clicks fixes.

use std::fs;

use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::json;

use crate::{Tried, forms::Outcome, page::Page, said, stage::Stage};

pub(crate) fn checks() -> Vec<Check<Stage>> {
    vec![
        Check::new("the_readme", |stage: &mut Stage| {
            stage.play("the-readme", async |page| page.follow_the_readme().await).map_err(Failed::from)
        }),
        Check::new("one_fix_until_it_is_allowed", |stage: &mut Stage| {
            stage.play("fixes", async |page| page.apply_fix().await).map_err(Failed::from)
        }),
    ]
}

impl Page {
    /// What the README tells a beginner: blocked, one line in the file, allowed.
    async fn follow_the_readme(&self) -> Tried<()> {
        self.click("[name=source][value=file]").await?;
        self.find("[data-action=apply-policy][hidden]").await?;
        self.send(Some(Outcome::Blocked)).await?;

        let text = fs::read_to_string(&self.policy).map_err(said)?;
        let edited = text
            .replace("# allow_origins =", "allow_origins =")
            .replace("http://localhost:3000", &self.demo.origins().page);
        assert_ne!(edited, text, "the shipped file has a line for allow_origins");
        let before = self.generation().await?;
        fs::write(&self.policy, &edited).map_err(said)?;
        self.find(&format!("[data-room=policy]:not([data-generation='{before}'])")).await?;
        self.send(Some(Outcome::Readable)).await?;

        // The page reports a save that is not a valid policy, and the previous policy stays in force.
        fs::write(&self.policy, "allow_origins = [\"null\"]\n").map_err(said)?;
        let problem = "[data-room=policy] [data-part=meaning] .problem";
        self.find(problem).await?;
        let told = self.text(problem).await?;
        if !told.contains("allow_origins[0] \"null\"") {
            return Err(format!("the page should say what is wrong with the file; it says {told:?}"));
        }
        self.send(Some(Outcome::Readable)).await?;

        self.click("[name=source][value=form]").await?;
        self.find("[data-action=apply-policy]:not([hidden])").await.map(drop)
    }

    /// From a request that is blocked to one that is allowed, by one *Apply this fix*.
    async fn apply_fix(&self) -> Tried<()> {
        let request = json!({
            "method": "PUT",
            "path": "notes/1",
            "credentials": "include",
            "headers": [["x-request-id", "1"]],
            "body": {"type": "application/json", "text": "{\"text\": \"Fixed\"}"},
        });
        self.fill_request(&request).await?;
        // What was begun is taken back.
        self.wait_for("return location.hash !== ''").await?;
        self.click("[data-action=reset]").await?;
        self.wait_for("return location.hash === ''").await?;
        self.fill_request(&request).await?;
        self.press("[data-action=send]").await?.judge(Some(Outcome::Blocked))?;
        // Everything that is lacking is offered at once.
        self.click("[data-action=apply-fix]").await?;
        self.find("[data-action=send-again]").await?;
        let shown = self.press("[data-action=send-again]").await?;
        shown.judge(Some(Outcome::Readable))
    }
}
