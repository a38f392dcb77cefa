//! Addresses: what was set comes back from a reload, from a copied link, and from a link that is opened in the same tab;
//! and a link sends nothing.

use std::time::{Duration, Instant};

use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{Tried, forms::Outcome, page::Page, said, same, stage::Stage};

/// How long the page may take to show what a link names.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

type Trial = (&'static str, fn(&mut Stage) -> Tried<()>);

pub(crate) fn checks() -> Vec<Check<Stage>> {
    const TRIALS: [Trial; 5] = [
        ("link::reloaded", |stage| stage.play("link-reloaded", async |page| page.reloads().await)),
        ("link::copied", |stage| stage.play("link-copied", async |page| page.copies_link().await)),
        ("link::same_tab", |stage| stage.play("link-same-tab", async |page| page.follows_link().await)),
        ("link::lesson", |stage| stage.play("link-lesson", async |page| page.reloads_lesson().await)),
        ("link::file", |stage| stage.play("link-file", async |page| page.reloads_file().await)),
    ];
    TRIALS
        .into_iter()
        .map(|(name, run)| Check::new(name, move |stage: &mut Stage| run(stage).map_err(Failed::from)))
        .collect()
}

/// A policy and a request. Between them they set everything to what it is not at the start.
fn situations(page: &str) -> [(Value, Value); 2] {
    [
        (
            json!({
                "allow_origins": [page, "https://*.example.com"],
                "allow_methods": ["PUT"],
                "allow_headers": ["content-type", "x-request-id"],
                "expose_headers": ["etag"],
                "allow_credentials": true,
                "max_age": 600,
            }),
            json!({
                "page": "attacker",
                "method": "PUT",
                "path": "notes/1",
                "query": "a=b&c=%20",
                "headers": [["x-request-id", "1 & 2"], ["accept", "text/plain"]],
                "body": {"type": "application/json", "text": "{\"text\": \"#+ ü\"}"},
                "credentials": "include",
                "redirect": "manual",
                "address": "second",
                "page_address_space": "public",
                "cached": true,
                "same_url": true,
            }),
        ),
        (json!({"allow_origins": ["*"]}), json!({"kind": "canvas", "path": "image.svg", "mode": "no-cors"})),
    ]
}

/// What a link has to bring back.
#[derive(Debug, PartialEq)]
struct Situation {
    forms: Value,
    in_force: Value,
    predicted: Option<String>,
    lesson: Option<String>,
}

impl Page {
    async fn situation(&self) -> Tried<Situation> {
        self.wait_for("return document.querySelector('[data-field=curl]').textContent !== ''").await?;
        let lesson = "[data-part=lesson-title]";
        Ok(Situation {
            forms: self.forms().await?,
            in_force: self.policy_in_force().await?,
            predicted: self.attribute("[data-field=predicted]", "data-verdict").await?,
            lesson: if self.is_there(lesson).await? { Some(self.text(lesson).await?) } else { None },
        })
    }

    /// Sets a policy and a request by hand, and gives what then is there.
    async fn set(&self, (policy, request): &(Value, Value)) -> Tried<Situation> {
        self.apply_accepted(policy).await?;
        self.fill_request(request).await?;
        // The address follows once typing rests. It names what differs from the start.
        let is_there = format!(
            "const fragment = new URLSearchParams(location.hash.slice(1));
             const sorted = (_, part) => part?.constructor === Object ? Object.fromEntries(Object.entries(part).sort()) : part;
             const same = (name, meant) =>
                 JSON.stringify(JSON.parse(fragment.get(name)), sorted) === JSON.stringify(meant, sorted);
             return same('policy', {policy}) && same('request', {request});"
        );
        self.wait_for(&is_there)
            .await
            .map_err(|_| format!("the address should name {policy} and {request}"))?;
        self.find("[data-field=predicted][data-verdict]").await?;
        let situation = self.situation().await?;
        for (setting, meant) in policy.as_object().into_iter().flatten() {
            same(&format!("{setting} in force"), &situation.in_force[setting], meant)?;
        }
        Ok(situation)
    }

    /// Whether it is as it was, in another session of the Lab, and nothing was sent.
    async fn is_as_it_was(&self, before: &Situation, session: &str) -> Tried<()> {
        // What is shown follows step by step.
        let start = Instant::now();
        let mut now = self.situation().await?;
        while now != *before && start.elapsed() < PATIENCE {
            tokio::time::sleep(POLL).await;
            now = self.situation().await?;
        }
        same("the policy's and the request's forms", &now.forms, &before.forms)?;
        same("the policy in force", &now.in_force, &before.in_force)?;
        same("the prediction", &now.predicted, &before.predicted)?;
        same("the lesson", &now.lesson, &before.lesson)?;
        let id = self.lab_session().await?;
        if id == session {
            return Err("a link should open a session of its own".to_owned());
        }
        let logged = self.logged(&id, |_, _| true)?;
        same("how many requests the link sent", &logged.len(), &0)
    }

    async fn reloads(&self) -> Tried<()> {
        for situation in &situations(&self.demo.origins().page) {
            self.open(&self.demo.origins().page).await?;
            let before = self.set(situation).await?;
            let session = self.lab_session().await?;
            self.reload().await?;
            self.is_as_it_was(&before, &session).await?;
        }
        Ok(())
    }

    async fn copies_link(&self) -> Tried<()> {
        for situation in &situations(&self.demo.origins().page) {
            self.open(&self.demo.origins().page).await?;
            let before = self.set(situation).await?;
            let session = self.lab_session().await?;
            let link = self.copied("[data-action=copy-link]").await?;
            self.open(&link).await?;
            self.is_as_it_was(&before, &session).await?;
        }
        Ok(())
    }

    async fn follows_link(&self) -> Tried<()> {
        for situation in &situations(&self.demo.origins().page) {
            self.open(&self.demo.origins().page).await?;
            let before = self.set(situation).await?;
            let link = self.copied("[data-action=copy-link]").await?;
            let session = self.lab_session().await?;
            self.click("[data-action=reset]").await?;
            let session = self.next_session(&session).await?;
            self.session.goto(&link).await.map_err(said)?;
            self.next_session(&session).await?;
            self.is_as_it_was(&before, &session).await?;
        }
        Ok(())
    }

    /// The id of the session after this one, once its policy is in force.
    async fn next_session(&self, session: &str) -> Tried<String> {
        let code = "document.querySelector('[data-field=curl]').textContent";
        self.wait_for(&format!("return !{code}.includes({})", json!(session))).await?;
        self.lab_session().await
    }

    /// A lesson comes back with its question, and with what was changed in it.
    async fn reloads_lesson(&self) -> Tried<()> {
        self.open_details("[data-part=list]").await?;
        self.click("[data-lesson=preflights] [data-action=start-lesson]").await?;
        self.find("body[data-lesson=preflights]").await?;
        let begun = self.situation().await?;
        let session = self.lab_session().await?;
        self.reload().await?;
        self.is_as_it_was(&begun, &session).await?;
        self.find("[data-action=answer-no]:enabled").await?;
        self.find("[data-action=send]:disabled").await?;

        self.click("[data-action=answer-no]").await?;
        let policy = json!({"allow_origins": ["*"], "max_age": 5});
        let changed = (policy, json!({"method": "DELETE", "path": "notes/2"}));
        let before = Situation { predicted: None, ..self.set(&changed).await? };
        same("the lesson", &before.lesson, &begun.lesson)?;
        let session = self.lab_session().await?;
        self.reload().await?;
        self.is_as_it_was(&before, &session).await
    }

    /// That the file's policy is the one that counts.
    async fn reloads_file(&self) -> Tried<()> {
        self.click("[name=source][value=file]").await?;
        self.find("[data-action=apply-policy][hidden]").await?;
        self.wait_for("return location.hash.includes('source=file')").await?;
        let before = self.forms().await?;
        self.reload().await?;
        self.find("[data-action=apply-policy][hidden]").await?;
        same("the forms", &self.forms().await?, &before)?;
        self.send(Some(Outcome::Blocked)).await?;
        let logged = self.logged("default", |_, _| true)?;
        if logged.is_empty() { Err("the file's session saw nothing".to_owned()) } else { Ok(()) }
    }
}
