//! One request, sent once and looked at from all sides: what the page shows, what the API logged, what happens to the
//! copies, and what becomes of the fix. Nothing is judged here.

use std::time::{Duration, Instant};

use end_to_end::Engine;
use serde_json::{Value, json};

use crate::{
    Tried,
    case::{Case, Fix},
    copies::{Curl, Doctor, Evaluated},
    diagram::{self, Diagram},
    message::Details,
    page::{Names, Page},
    said,
    verdict::{Fixed, Room},
};

/// How long a diagram may take to follow an edit.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// Each part that could not be read says why; the others are judged all the same.
pub(crate) struct Seen {
    pub(crate) engine: Engine,
    pub(crate) names: Names,
    pub(crate) policy: Value,
    pub(crate) request: Value,
    pub(crate) run: String,
    /// What the API received and sent, by its own log.
    pub(crate) exchanges: Vec<Exchange>,
    /// The diagram before it was sent.
    pub(crate) expected: Tried<Diagram>,
    pub(crate) diagram: Tried<Diagram>,
    pub(crate) messages: Tried<Vec<Details>>,
    pub(crate) room: Tried<Room>,
    /// Whether each line that the page shows of the console is really in it.
    pub(crate) console: Tried<()>,
    /// What script is given by a `fetch()` of our own, written as the request says.
    pub(crate) own_fetch: Tried<Value>,
    pub(crate) evaluated: Tried<Evaluated>,
    pub(crate) curl: Tried<Curl>,
    pub(crate) doctor: Tried<Doctor>,
    pub(crate) fixed: Tried<Fixed>,
}

/// A request and its response, as the API logged them.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) number: u64,
    pub(crate) preflight: bool,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) request_headers: Vec<(String, String)>,
    pub(crate) reached_handler: bool,
    pub(crate) status: Option<u16>,
    pub(crate) response_headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Exchange {
    pub(crate) fn request(&self, name: &str) -> Option<&str> {
        value(&self.request_headers, name)
    }
}

pub(crate) fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl Seen {
    /// The URL of the request with its run.
    pub(crate) fn url(&self) -> String {
        url(&self.names, &self.request, &self.run)
    }

    /// The headers that script sets, with the type of a JSON body, which a page's script sets itself.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        headers(&self.request)
    }
}

fn url(names: &Names, request: &Value, run: &str) -> String {
    let cached = if request["cached"] == true { "/cached" } else { "" };
    let query = request["query"].as_str().map(|query| format!("{query}&")).unwrap_or_default();
    let path = request["path"].as_str().unwrap_or_default();
    format!("{}/s/{}{cached}/api/{path}?{query}run={run}", names.origin("api"), names.session)
}

fn headers(request: &Value) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        serde_json::from_value(request["headers"].clone()).unwrap_or_default();
    if request["body"]["type"] == "application/json" {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers
}

pub(crate) async fn see(page: &Page, case: &Case) -> Tried<Seen> {
    let names = page.names().await?;
    let policy = case.policy(&names)?;
    let request = case.request(&names)?;
    page.apply_accepted(&policy).await?;
    page.fill_request(&request).await?;
    let expected = page.expected(&diagram::expected(case, &names)).await;
    for _ in 1..case.sends {
        page.send(Some(case.observed)).await?;
    }
    page.send(Some(case.observed)).await?;
    let run = page.attribute("[data-room=verdict][data-run]", "data-run").await?.unwrap_or_default();
    let exchanges = page.logged(&names.session, |exchange_run, _| exchange_run == run)?;

    let diagram = page.diagram().await;
    let messages = match &diagram {
        Ok(diagram) => page.messages(diagram.messages()).await,
        Err(why) => Err(why.clone()),
    };
    let room = page.room().await;
    let console = match &room {
        Ok(room) => page.has_written(room.console()).await,
        Err(why) => Err(why.clone()),
    };
    // Which of these comes first does not matter: none changes what a later one is answered.
    let own_fetch = page.own_fetch(&names, &request).await;
    let evaluated = page.evaluate_copy(&names).await;
    let curl = page.run_copy(&names).await;
    let doctor = page.doctor_copy().await;
    // Last, for it changes the policy.
    let fixed = match case.fix {
        Fix::Makes(_) => page.fix(&names).await,
        Fix::NotNeeded | Fix::NotByPolicy => Err("there is no fix to apply".to_owned()),
    };
    Ok(Seen {
        engine: page.session.engine(),
        names,
        policy,
        request,
        run,
        exchanges,
        expected,
        diagram,
        messages,
        room,
        console,
        own_fetch,
        evaluated,
        curl,
        doctor,
        fixed,
    })
}

impl Page {
    /// What the API logged in a session, of exchanges chosen by their run and number.
    pub(crate) fn logged(&self, session: &str, wanted: impl Fn(&str, u64) -> bool) -> Tried<Vec<Exchange>> {
        let session = self.demo.sessions().find(session).ok_or("the server does not know the session")?;
        let logged = session.state().log.since(0);
        let chosen = logged.into_iter().filter(|exchange| wanted(&exchange.run, exchange.number));
        Ok(chosen
            .map(|exchange| Exchange {
                number: exchange.number,
                preflight: exchange.preflight,
                method: exchange.method,
                target: exchange.target,
                request_headers: exchange.request_headers,
                reached_handler: exchange.reached_handler,
                status: exchange.status,
                response_headers: exchange.response_headers,
                body: exchange.body,
            })
            .collect())
    }

    /// The number of the last exchange.
    pub(crate) fn last_logged(&self, session: &str) -> Tried<u64> {
        Ok(self.logged(session, |_, _| true)?.last().map_or(0, |exchange| exchange.number))
    }

    /// The diagram once it shows what is meant, or else what it shows in the end.
    async fn expected(&self, meant: &[String]) -> Tried<Diagram> {
        let start = Instant::now();
        loop {
            let diagram = self.diagram().await?;
            if diagram.lines() == meant || start.elapsed() > PATIENCE {
                return Ok(diagram);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether the engine wrote these lines to its console; where its driver doesn't tell, nothing is known.
    async fn has_written(&self, lines: Option<&str>) -> Tried<()> {
        if self.session.engine() == Engine::WebKit {
            return Ok(());
        }
        for line in lines.into_iter().flat_map(str::lines) {
            self.is_in_console(line).await?;
        }
        Ok(())
    }

    async fn own_fetch(&self, names: &Names, request: &Value) -> Tried<Value> {
        let init = json!({
            "method": request["method"].as_str().unwrap_or("GET"),
            "mode": request["mode"].as_str().unwrap_or("cors"),
            "credentials": request["credentials"].as_str().unwrap_or("same-origin"),
            "headers": headers(request),
            "body": request["body"]["text"],
        });
        let script = format!(
            "try {{
                 const response = await fetch(arguments[0], arguments[1]);
                 {GIVEN}
             }} catch (error) {{
                 return {{ error: `${{error.name}}: ${{error.message}}` }};
             }}"
        );
        // A run of its own: its preflight is not to be remembered for a copy, which has none.
        let url = url(names, request, "own");
        self.session.eval_async(&script, &[json!(url), init]).await.map_err(said)
    }
}

/// What script is given of a `response`.
pub(crate) const GIVEN: &str = "return {
    type: response.type,
    status: response.status,
    headers: [...response.headers],
    body: await response.text(),
};";
