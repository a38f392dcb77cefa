//! *Your own API*: a server that isn't the Lab's, a request that a link fills in and a person sends, and what came of it in the
//! browser and by the Lab's own request.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{Tried, page::Page, said, same, stage::Stage};

/// A request, what the server responds, and what is to come of it.
struct Situation {
    name: &'static str,
    request: fn() -> Value,
    /// The header lines of every response.
    headers: &'static str,
    outcome: &'static str,
    cause: &'static str,
    /// What goes over the wire; twice, because the Lab sends it, too.
    lines: &'static [&'static str],
}

const SITUATIONS: [Situation; 3] = [
    Situation {
        name: "allowed",
        request: || json!({}),
        headers: "access-control-allow-origin: {page}\r\nx-total: 3\r\n",
        outcome: "readable",
        cause: "nothing-wrong",
        lines: &["GET /items"],
    },
    Situation {
        name: "without_cors",
        request: || json!({}),
        headers: "",
        outcome: "blocked",
        cause: "no-cors",
        lines: &["GET /items"],
    },
    Situation {
        name: "method_not_listed",
        request: || json!({"method": "PUT"}),
        headers: "access-control-allow-origin: {page}\r\naccess-control-allow-methods: GET\r\n",
        outcome: "blocked",
        cause: "method-not-listed",
        lines: &["OPTIONS /items"],
    },
];

pub(crate) fn checks() -> Vec<Check<Stage>> {
    let situations = SITUATIONS.iter().map(|situation| {
        Check::new(format!("own_api::{}", situation.name), move |stage: &mut Stage| {
            let name = format!("own-{}", situation.name);
            stage.play(&name, async |page| page.sends_to_own(situation).await).map_err(Failed::from)
        })
    });
    let unsent = Check::new("own_api::unconfirmed_and_redirected", |stage: &mut Stage| {
        stage.play("own-unsent", async |page| page.keeps_back_from_own().await).map_err(Failed::from)
    });
    situations.chain([unsent]).collect()
}

impl Page {
    /// Opens a link to the document, and gives the server that it names. It sends nothing.
    async fn open_own(&self, request: &Value, headers: &str) -> Tried<Own> {
        let origin = &self.demo.origins().page;
        let own = Own::start(&headers.replace("{page}", origin))?;
        self.explain(&own.origin());
        let fragment = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("url", &format!("{}/items", own.origin()))
            .append_pair("request", &request.to_string())
            .append_pair("send", "1")
            .append_pair("confirmed", "true")
            .finish();
        self.open(&format!("{origin}/own/#{fragment}")).await?;
        same("the URL", &self.value("[name=url]").await?, &format!("{}/items", own.origin()))?;
        self.find("[data-action=send]:enabled").await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        same("what a link alone sends", &own.lines(), &Vec::new())?;
        Ok(own)
    }

    async fn sends_to_own(&self, situation: &Situation) -> Tried<()> {
        let request = (situation.request)();
        let own = self.open_own(&request, situation.headers).await?;
        if request["method"] == "PUT" {
            self.click("[name=confirmed]").await?;
        }
        self.click("[data-action=send]").await?;
        self.find("body[data-sent='1']").await?;
        for field in ["predicted", "observed"] {
            let shown = self.attribute(&format!("[data-field={field}]"), "data-verdict").await?;
            same(field, &shown.as_deref(), &Some(situation.outcome))?;
        }
        let cause = self.attribute("[data-room=findings]", "data-cause").await?;
        same("the cause", &cause.as_deref(), &Some(situation.cause))?;
        let agree = self.attribute("[data-field=agreement]", "data-agree").await?;
        same("whether both agree", &agree.as_deref(), &Some("true"))?;
        let twice: Vec<String> =
            [situation.lines, situation.lines].concat().iter().map(ToString::to_string).collect();
        same("what the server got", &own.lines(), &twice)?;
        let labels = self
            .eval("return [...document.querySelectorAll('.message')].map((one) => one.dataset.kind)")
            .await?;
        let preflighted = json!(["call", "preflight", "preflight-response", "not-sent", "result"]);
        let plain = json!(["call", "request", "response", "result"]);
        same(
            "the diagram",
            &labels,
            if situation.lines[0].starts_with("OPTIONS") { &preflighted } else { &plain },
        )?;
        if situation.cause == "no-cors" {
            // The button says what it sends, and that is sent.
            self.click("[data-probe=plain-get]").await?;
            self.find("body[data-sent='2']").await?;
            let last = own.lines().pop().unwrap_or_default();
            if !last.starts_with("OPTIONS /items?cors-probe=") {
                return Err(format!("the probe should be an OPTIONS; the server got {last:?}"));
            }
        }
        Ok(())
    }

    /// What the person didn't confirm is not sent, nor what leads elsewhere.
    async fn keeps_back_from_own(&self) -> Tried<()> {
        let put = json!({"method": "PUT"});
        let headers = "access-control-allow-origin: *\r\naccess-control-allow-methods: PUT\r\n";
        let own = self.open_own(&put, headers).await?;
        self.click("[data-action=send]").await?;
        self.find("body[data-sent='1'] [data-field=undecided]").await?;
        same("what the server got", &own.lines(), &vec!["OPTIONS /items".to_owned()])?;

        let away = "access-control-allow-origin: *\r\nlocation: http://192.168.255.254/items\r\n";
        let own = self.open_own(&json!({}), away).await?;
        self.click("[data-action=send]").await?;
        self.find("body[data-sent='1'] [data-field=stopped]").await?;
        same("what the server got", &own.lines(), &vec!["GET /items".to_owned()])
    }
}

/// A server of somebody's own. It responds the same to everything: with a redirect if it has a `Location`.
struct Own {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Own {
    fn start(headers: &str) -> Tried<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(said)?;
        let port = listener.local_addr().map_err(said)?.port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let status = if headers.contains("location: ") { "302 Found" } else { "200 OK" };
        let response =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: 2\r\nconnection: close\r\n\r\n[]");
        let seen = Arc::clone(&lines);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, response) = (Arc::clone(&seen), response.clone());
                // Browsers open connections that they don't use.
                thread::spawn(move || respond(&stream, &seen, &response));
            }
        });
        Ok(Self { port, lines })
    }

    fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().map(|lines| lines.clone()).unwrap_or_default()
    }
}

fn respond(mut stream: &TcpStream, seen: &Mutex<Vec<String>>, response: &str) {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let Some(first) = lines.collect::<Vec<_>>().into_iter().next() else { return };
    if let Ok(mut seen) = seen.lock() {
        seen.push(first.replace(" HTTP/1.1", ""));
    }
    let _ = stream.write_all(response.as_bytes());
}
