//! What a page must not be brought to do by a link, a name or a policy: to send without end, to predict for another origin than
//! its own, or to refuse what its own policy should let in.

use std::time::Duration;

use demo_backend::{Options, Output, Running};
use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::json;

use crate::{Tried, page::Page, said, same, stage::Stage};

/// Long enough for hundreds of requests of a page that sends without end.
const A_WHILE: Duration = Duration::from_secs(2);

pub(crate) fn checks() -> Vec<Check<Stage>> {
    type Trial = (&'static str, fn(&mut Stage) -> Tried<()>);
    const TRIALS: [Trial; 4] = [
        ("limit::too_long_a_link", |stage| {
            stage.play("limit-link", async |page| page.does_not_send_too_long_a_policy().await)
        }),
        ("limit::another_name", |stage| {
            stage.play("limit-name", async |page| page.keeps_to_its_origin().await)
        }),
        ("limit::second_address", |stage| {
            stage.play("limit-second", async |page| page.lets_in_the_second_address().await)
        }),
        ("limit::ipv6", |stage| stage.play("limit-ipv6", async |page| page.works_at_an_ipv6_address().await)),
    ];
    TRIALS
        .into_iter()
        .map(|(name, run)| Check::new(name, move |stage: &mut Stage| run(stage).map_err(Failed::from)))
        .collect()
}

/// Loads a module, and fetches; says what did not work.
const LOAD: &str = "
    const [url] = arguments;
    const refused = [];
    document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => refused.push(violatedDirective));
    const script = document.createElement('script');
    Object.assign(script, { type: 'module', crossOrigin: 'anonymous', src: url + '/api/module.js' });
    const loaded = new Promise((resolve) => {
        script.onload = () => resolve('loaded');
        script.onerror = () => resolve('not loaded');
    });
    document.head.append(script);
    const fetched = fetch(url + '/api/notes').then(({ status }) => status, String);
    return { module: await loaded, status: await fetched, refused };";

impl Page {
    async fn does_not_send_too_long_a_policy(&self) -> Tried<()> {
        let many = |count: usize| (0..count).map(|n| format!("https://a{n}.example")).collect::<Vec<_>>();
        let page = &self.demo.origins().page;
        for (name, policy, setting) in [
            ("too many entries", json!({ "allow_origins": many(65) }), "allow_origins"),
            (
                "too many that need an opt-in",
                json!({ "danger_allow_origins": many(65) }),
                "danger_allow_origins",
            ),
            ("too long", json!({ "allow_headers": ["x".repeat(2049)] }), "allow_headers"),
            ("far too long", json!({ "allow_origins": ["x".repeat(100_000)] }), "allow_origins"),
        ] {
            self.open(&format!("{page}/#policy={policy}")).await?;
            self.find(&format!("[data-problem={setting}]")).await?;
            tokio::time::sleep(A_WHILE).await;
            let calls = self
                .eval(
                    "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/control/')).length",
                )
                .await?;
            // Where the servers are, a session, its policy, a prediction or two.
            if calls.as_u64().is_none_or(|calls| calls > 8) {
                return Err(format!("{name}: {calls} calls"));
            }
            let said = self.text(&format!("[data-problem={setting}]")).await?;
            if !said.contains("at most 64 entries and 2048 bytes") {
                return Err(format!("{name}: it says {said:?}"));
            }
            same(name, &self.policy_in_force().await?["allow_origins"], &json!([]))?;
        }
        Ok(())
    }

    async fn keeps_to_its_origin(&self) -> Tried<()> {
        let page = &self.demo.origins().page;
        let by_address = page.replace("localhost", "127.0.0.1");
        let rest = "/?a=1#request={\"path\":\"notes/2\"}";
        self.session.goto(&format!("{by_address}{rest}")).await.map_err(said)?;
        self.find("html[data-ready=true]").await?;
        let place =
            self.eval("return [location.origin, location.search, decodeURIComponent(location.hash)]").await?;
        same("where it is", &place, &json!([page, "?a=1", "#request={\"path\":\"notes/2\"}"]))?;
        // What it notices from now on is looked at when it is left.
        self.reload_after_elsewhere().await
    }

    async fn lets_in_the_second_address(&self) -> Tried<()> {
        std::fs::write(&self.policy, "allow_origins = \"*\"\n").map_err(said)?;
        self.file_is_read("*").await?;
        let origins = self.demo.origins();
        let second = origins.api_alias.clone().ok_or("the API has a second address")?;
        for api in [&origins.api, &second] {
            let loaded = self.session.eval_async(LOAD, &[json!(api)]).await.map_err(said)?;
            same(api, &loaded, &json!({ "module": "loaded", "status": 200, "refused": [] }))?;
        }
        Ok(())
    }

    /// A Content Security Policy can't name such an address.
    async fn works_at_an_ipv6_address(&self) -> Tried<()> {
        if std::net::TcpListener::bind("[::1]:0").is_err() {
            // Nobody can open it here.
            return Ok(());
        }
        let folder = tempfile::tempdir().map_err(said)?;
        let policy = folder.path().join("cors.toml");
        std::fs::write(&policy, "allow_origins = \"*\"\n").map_err(said)?;
        let at = || "[::1]:0".to_owned();
        let options =
            Options { api: at(), page: at(), attacker: at(), policy: Some(policy), output: Output::silent() };
        let lab = Running::start(&options).map_err(said)?;
        self.session.goto(&lab.origins().page).await.map_err(said)?;
        self.find("html[data-ready=true]").await?;
        let loaded = self.session.eval_async(LOAD, &[json!(lab.origins().api)]).await.map_err(said)?;
        same("what is loaded", &loaded, &json!({ "module": "loaded", "status": 200, "refused": [] }))?;
        self.reload_after_elsewhere().await
    }

    /// Opens the Lab itself again.
    async fn reload_after_elsewhere(&self) -> Tried<()> {
        self.session.goto("about:blank").await.map_err(said)?;
        self.enter().await
    }

    async fn file_is_read(&self, origin: &str) -> Tried<()> {
        for _ in 0..600 {
            if self.demo.policy_file().status().config.allow_origins == [origin] {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the file should allow {origin}"))
    }
}
