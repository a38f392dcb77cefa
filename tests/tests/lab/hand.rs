//! The server written by hand: its classics, each blocked or allowed as predicted, with a fix that helps; and what it refuses.

use std::{fs, time::Duration};

use demo_backend::{
    Origins,
    page::{
        lesson::Ending,
        preset::{self, Preset},
    },
};
use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    Tried,
    forms::{Outcome, Shown},
    page::Page,
    said, same,
    stage::Stage,
};

const ROOM: &str = "[data-room=hand]";
const STATUS: &str = "[data-part=hand-status]";

type Trial = (&'static str, fn(&mut Stage) -> Tried<()>);

pub(crate) fn checks() -> Vec<Check<Stage>> {
    const TRIALS: [Trial; 4] = [
        ("hand::link", |stage| stage.play("hand-link", async |page| page.opens_a_link_to_a_server().await)),
        ("hand::refused", |stage| stage.play("hand-refused", async |page| page.refuses_a_server().await)),
        ("hand::slow", |stage| stage.play("hand-slow", async |page| page.waits_for_a_slow_server().await)),
        ("hand::closed", |stage| {
            stage.play("hand-closed", async |page| page.meets_a_closed_connection().await)
        }),
    ];
    let trials = TRIALS
        .into_iter()
        .map(|(name, run)| Check::new(name, move |stage: &mut Stage| run(stage).map_err(Failed::from)));
    // Their names don't depend on where the Lab is.
    let nowhere = Origins {
        api: "http://api.test".to_owned(),
        api_alias: None,
        page: "http://page.test".to_owned(),
        attacker: "http://attacker.test".to_owned(),
    };
    let presets = read(&nowhere).expect("the presets can be read");
    let presets = presets.into_iter().map(|Preset { id, .. }| {
        let name = format!("hand::preset::{id}");
        Check::new(name.clone(), move |stage: &mut Stage| {
            stage.play(&name, async |page| page.tries_preset(&id).await).map_err(Failed::from)
        })
    });
    trials.chain(presets).collect()
}

fn read(origins: &Origins) -> Tried<Vec<Preset>> {
    let text = fs::read_to_string(preset::file()).map_err(said)?;
    preset::read(&text, origins).map_err(said)
}

impl Page {
    /// Turns to the policy or to the server written by hand.
    pub(crate) async fn choose_server(&self, server: &str) -> Tried<()> {
        let tab = format!("#tab-{server}[aria-selected=");
        if self.is_there(&format!("{tab}true]")).await? {
            return Ok(());
        }
        self.click(&format!("#tab-{server}")).await?;
        self.find(&format!("{tab}true]")).await.map(drop)
    }

    /// Writes a server by hand, and waits until it is in force.
    pub(crate) async fn write_hand(&self, hand: &Value) -> Tried<()> {
        self.type_hand(hand).await?;
        match self.attribute(&format!("{STATUS}:not([data-state=edited])"), "data-state").await?.as_deref() {
            Some("force") => Ok(()),
            state => Err(format!("the server is in the state {state:?}: {}", self.text(ROOM).await?)),
        }
    }

    async fn type_hand(&self, hand: &Value) -> Tried<()> {
        self.choose_server("hand").await?;
        for part in ["preflight", "response"] {
            let response = &hand[part];
            let at = |field: &str| format!("{ROOM} [name={part}-{field}]");
            let lines: Vec<_> = response["headers"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|pair| Some(format!("{}: {}", pair[0].as_str()?, pair[1].as_str()?)))
                .collect();
            self.type_into(&at("status"), &response["status"].as_u64().unwrap_or(200).to_string()).await?;
            self.type_into(&at("headers"), &lines.join("\n")).await?;
            self.type_into(&at("redirect"), response["redirect"].as_str().unwrap_or_default()).await?;
            let delay = response["delay_ms"].as_u64().unwrap_or_default();
            self.type_into(&at("delay_ms"), &delay.to_string()).await?;
            self.tick(&at("close"), response["close"].as_bool().unwrap_or_default()).await?;
        }
        self.click("[data-action=apply-hand]").await
    }

    fn hand_in_force(&self, session: &str) -> Tried<Value> {
        let session = self.demo.sessions().find(session).ok_or("the server does not know the session")?;
        let hand = session.state().hand.clone();
        serde_json::to_value(hand).map_err(said)
    }

    /// A classic, from the list: nothing is sent before *Send*, it ends as it says for the cause that it names, and with the
    /// fix applied it ends as it should.
    async fn tries_preset(&self, id: &str) -> Tried<()> {
        let presets = read(self.demo.origins())?;
        let preset = presets.iter().find(|preset| preset.id == id).ok_or("the preset is gone")?;
        self.choose_server("hand").await?;
        self.find(&format!("{ROOM} [name=preset] option[value='{id}']")).await?;
        self.choose_at(&format!("{ROOM} [name=preset]"), id).await?;
        self.click("[data-action=begin-preset]").await?;
        self.find(&format!("[data-room=hand][data-preset='{id}']")).await?;
        let session = self.lab_session().await?;
        // What others send before, and nothing else, is sent without a click on *Send*.
        self.wait_for_log(&session, preset.before.len()).await?;

        let shown = self.press("[data-action=send]").await?;
        judge(&shown, preset.first)?;
        let cause = self.attribute("[data-room=verdict] .why", "data-cause").await?.unwrap_or_default();
        same("the cause", &cause, &preset.cause)?;
        let has_danger = self.is_there("[data-field=danger]").await?;
        same("whether it is dangerous", &has_danger, &(preset.first == Ending::Readable))?;

        self.click("[data-action=apply-fix]").await?;
        self.find("[data-action=send-again]").await?;
        let fixed = self.hand_in_force(&session)?;
        if fixed == json!(preset.hand) {
            return Err("the fix should change the server".to_owned());
        }
        let shown = self.press("[data-action=send-again]").await?;
        judge(&shown, preset.fixed)?;
        same("whether it is still dangerous", &self.is_there("[data-field=danger]").await?, &false)
    }

    async fn wait_for_log(&self, session: &str, wanted: usize) -> Tried<()> {
        self.find("[data-action=send]:enabled").await?;
        for _ in 0..100 {
            if self.logged(session, |_, _| true)?.len() >= wanted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        same("how many requests were sent", &self.logged(session, |_, _| true)?.len(), &wanted)
    }

    /// A link brings the server back, and sends nothing.
    async fn opens_a_link_to_a_server(&self) -> Tried<()> {
        let hand = json!({
            "preflight": {
                "status": 204, "headers": [["access-control-allow-origin", "*"], ["access-control-allow-origin", "null"]],
                "redirect": null, "delay_ms": 100, "close": false,
            },
            "response": { "status": 302, "headers": [], "redirect": "notes/1", "delay_ms": 0, "close": false },
        });
        let request = json!({ "server": "hand", "method": "PUT" });
        let fragment = form_urlencoded::Serializer::new(String::new())
            .append_pair("hand", &hand.to_string())
            .append_pair("request", &request.to_string())
            .finish();
        self.open(&format!("{}/#{fragment}", self.demo.origins().page)).await?;
        self.find("#tab-hand[aria-selected=true]").await?;
        self.find("[data-field=predicted][data-verdict=blocked]").await?;
        let session = self.lab_session().await?;
        same("the server in force", &self.hand_in_force(&session)?, &hand)?;
        let forms = self.forms().await?;
        same(
            "the form",
            &forms["preflight-headers"],
            &json!("access-control-allow-origin: *\naccess-control-allow-origin: null"),
        )?;
        same("the redirect", &forms["response-redirect"], &json!("notes/1"))?;
        same("how many requests the link sent", &self.logged(&session, |_, _| true)?.len(), &0)?;
        // What is edited is in the address, and comes back.
        self.write_hand(&json!({ "response": { "status": 500 } })).await?;
        self.wait_for("return decodeURIComponent(location.hash).includes('500')").await?;
        self.reload().await?;
        self.find("#tab-hand[aria-selected=true]").await?;
        self.wait_for("return document.querySelector('[name=response-status]').value === '500'").await?;
        let session = self.lab_session().await?;
        same("the status in force", &self.hand_in_force(&session)?["response"]["status"], &json!(500))
    }

    /// What would harm other servers is said at its line, and is not in force.
    async fn refuses_a_server(&self) -> Tried<()> {
        let good = json!({ "response": { "headers": [["access-control-allow-origin", "*"]] } });
        self.write_hand(&good).await?;
        let session = self.lab_session().await?;
        let before = self.hand_in_force(&session)?;
        let bad = json!({ "response": { "headers": [["access-control-allow-origin", "*"], ["Set-Cookie", "session=1"]] } });
        self.type_hand(&bad).await?;
        self.find(&format!("{STATUS}[data-state=refused]")).await?;
        let told = self.text("[data-problems=response-headers] .problem").await?;
        if !told.starts_with("Header 2:") || !told.contains("lab_") {
            return Err(format!("the second line is the problem; the page says {told:?}"));
        }
        same("the server in force", &self.hand_in_force(&session)?, &before)?;
        self.send(Some(Outcome::Readable)).await?;
        self.write_hand(&good).await?;
        same("whether a problem is shown", &self.is_there(&format!("{ROOM} .problem")).await?, &false)?;
        // The policy, next to it, is another server's.
        self.choose_server("policy").await?;
        self.send(Some(Outcome::Blocked)).await?;
        self.choose_server("hand").await?;
        self.send(Some(Outcome::Readable)).await
    }

    async fn waits_for_a_slow_server(&self) -> Tried<()> {
        let headers = json!([["access-control-allow-origin", "*"], ["access-control-allow-methods", "*"]]);
        let slow = json!({ "status": 200, "headers": headers, "delay_ms": 5000 });
        self.write_hand(&json!({ "preflight": slow, "response": slow })).await?;
        self.fill_request(&json!({ "server": "hand", "method": "PUT" })).await?;
        self.send(Some(Outcome::Readable)).await
    }

    async fn meets_a_closed_connection(&self) -> Tried<()> {
        self.write_hand(&json!({ "response": { "close": true } })).await?;
        let shown = self.press("[data-action=send]").await?;
        shown.judge(Some(Outcome::Blocked))?;
        let cause = self.attribute("[data-room=verdict] .why", "data-cause").await?.unwrap_or_default();
        same("the cause", &cause, &"connection-closed".to_owned())
    }
}

fn judge(shown: &Shown, ending: Ending) -> Tried<()> {
    shown.judge(None)?;
    let observed = shown.observed.map(Outcome::ending);
    if observed == Some(ending) {
        Ok(())
    } else {
        Err(format!("should be {ending:?}; the page says {:?}", shown.said))
    }
}
