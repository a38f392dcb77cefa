//! *Your own API* against servers of other makers, each wrong and each right: the Lab names the cause, and what it shows for that
//! server is put into the program as it stands; then the request is allowed.
//!
//! A server that is not installed is ignored, with the command that installs it; `REQUIRE_PEERS` turns that into a failure.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, OnceLock},
};

use demo_backend::{Options, Output, Running as Lab};
use end_to_end::{
    peer::{Peer, Running, required_peers_or_exit},
    trial_of,
};
use libtest_mimic::{Arguments, Failed};
use serde_json::{Value, json};

/// A server that is set up wrongly.
struct Row {
    peer: Peer,
    name: &'static str,
    /// What stands at the mark; `{page}` is the page's origin.
    setup: &'static str,
    /// The same in the server behind it, if it is a proxy.
    behind: &'static str,
    path: &'static str,
    request: Value,
    cause: &'static str,
    /// What makes it right; none for the recipe that the Lab shows.
    cure: Option<&'static str>,
}

const NODE: &str = "const app = express()";
const CORS: &str =
    "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['{page}'] }))";

fn rows() -> Vec<Row> {
    let get = json!({});
    let put = json!({ "method": "PUT" });
    let with_cookies = json!({ "credentials": "include" });
    let row = |peer, name, setup, path, request: &Value, cause| Row {
        peer,
        name,
        setup,
        behind: NODE,
        path,
        request: request.clone(),
        cause,
        cure: None,
    };
    let other_origin = "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['https://other.example'] }))";
    let get_alone = "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['{page}'], methods: ['GET'] }))";
    let slash = "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: '{page}/' }))";
    let middleware = "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['{page}'])";
    let other_middleware = "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['https://other.example'])";
    vec![
        row(Peer::Express5, "no CORS", NODE, "/items", &get, "no-cors"),
        row(Peer::Express5, "no CORS, with a preflight", NODE, "/items/1", &put, "no-cors"),
        row(Peer::Express5, "another origin", other_origin, "/items", &get, "origin-not-listed"),
        row(Peer::Express5, "a slash at the end", slash, "/items", &get, "not-an-origin"),
        row(Peer::Express5, "a method that is not listed", get_alone, "/items/1", &put, "method-not-listed"),
        row(Peer::Express5, "no credentials", CORS, "/items", &with_cookies, "credentials-not-allowed"),
        row(Peer::FastApi, "no CORS", "", "/items", &get, "no-cors"),
        row(
            Peer::FastApi,
            "GET alone, which is the default",
            middleware,
            "/items/1",
            &put,
            "method-not-listed",
        ),
        row(Peer::FastApi, "an error outside of the middleware", middleware, "/broken", &get, "hidden-error"),
        row(Peer::FastApi, "another origin", other_middleware, "/items", &get, "origin-not-listed"),
        row(Peer::Nginx, "no CORS", "", "/items", &get, "no-cors"),
        row(
            Peer::Nginx,
            "no header on errors",
            "add_header Access-Control-Allow-Origin {page};",
            "/broken",
            &get,
            "hidden-error",
        ),
        Row {
            behind: CORS,
            cure: Some(
                "proxy_hide_header Access-Control-Allow-Origin;\nadd_header Access-Control-Allow-Origin {page} always;",
            ),
            ..row(
                Peer::Nginx,
                "the header twice",
                "add_header Access-Control-Allow-Origin {page} always;",
                "/items",
                &get,
                "two-writers",
            )
        },
    ]
}

fn main() {
    let arguments = Arguments::from_args();
    let required = required_peers_or_exit();
    let lab = Arc::new(OnceLock::new());
    let trial = |row: Row| {
        let (name, lab) = (format!("{}: {}", row.peer, row.name), Arc::clone(&lab));
        // A proxy stands in front of Express.
        let found = row.peer.runtime().find().and_then(|_| Peer::Express5.runtime().find());
        trial_of(name, found, required.contains(&row.peer.runtime()), move |_| {
            check(&row, lab.get_or_init(start_lab).as_ref()?)
        })
    };
    libtest_mimic::run(&arguments, rows().into_iter().map(trial).collect()).exit();
}

fn start_lab() -> Result<Lab, String> {
    let free = || "localhost:0".to_owned();
    Lab::start(&Options {
        api: free(),
        page: free(),
        attacker: free(),
        policy: None,
        allow_remote_apis: false,
        output: Output::silent(),
    })
    .map_err(|error| error.to_string())
}

fn check(row: &Row, lab: &Lab) -> Result<(), Failed> {
    let page = &*lab.origins().page;
    let fill = |setup: &str| setup.replace("{page}", page);
    let behind = match row.peer {
        Peer::Nginx | Peer::Caddy => Some(Peer::Express5.start(&fill(row.behind), None)?),
        _ => None,
    };
    let start = |setup: &str| row.peer.start(&fill(setup), behind.as_ref().map(Running::port));
    let wrong = start(row.setup)?;
    let view = examined(page, &wrong, row)?;
    let told = format!("{view:#}\n{}", wrong.printed());
    // Ended, so that it can't respond in place of the right one.
    drop(wrong);
    let verdict = &view["verdict"];
    let rivals = view["rivals"].as_array().cloned().unwrap_or_default();
    let is_named = verdict["cause"] == row.cause
        || view["certain"] == false && rivals.iter().any(|rival| rival == row.cause);
    if verdict["allowed"] != false || !is_named {
        return Err(format!("expected to be blocked by {}; got\n{told}", row.cause).into());
    }
    let recipe =
        view["servers"].as_array().and_then(|all| all.iter().find(|one| one["name"] == row.peer.to_string()));
    let cure = match row.cure {
        Some(cure) => cure,
        None => recipe
            .and_then(|recipe| recipe["code"].as_str())
            .ok_or_else(|| format!("no recipe for {}\n{told}", row.peer))?,
    };
    let right = start(cure)?;
    let view = examined(page, &right, row)?;
    if view["verdict"]["allowed"] != true {
        return Err(format!("with\n{cure}\nit is not allowed:\n{view:#}\n{}", right.printed()).into());
    }
    Ok(())
}

/// Presses *Send*, with the method confirmed, and each probe that is offered and changes nothing.
fn examined(page: &str, peer: &Running, row: &Row) -> Result<Value, Failed> {
    let url = format!("http://127.0.0.1:{}{}", peer.port(), row.path);
    let wanted = json!({ "url": url, "request": row.request, "confirmed": true });
    let mut view = call(page, "play", &wanted)?;
    for _ in 0..24 {
        let probes = view["probes"].as_array().cloned().unwrap_or_default();
        let Some(probe) = probes.iter().find(|probe| probe["unsafe_method"] == false) else { break };
        let choice = json!({ "id": view["id"], "probe": probe["name"], "after": view["probed"] });
        view = call(page, "probe", &choice)?;
    }
    Ok(view)
}

/// Calls the control API as the page does.
fn call(page: &str, path: &str, body: &Value) -> Result<Value, Failed> {
    let host = page.trim_start_matches("http://");
    let body = body.to_string();
    let mut socket = TcpStream::connect(host)?;
    write!(
        socket,
        "POST /control/own/{path} HTTP/1.1\r\nhost: {host}\r\nx-cors-lab: 1\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    if head.starts_with("HTTP/1.1 200") {
        serde_json::from_str(body).map_err(|error| format!("{error}: {body}").into())
    } else {
        Err(response.into())
    }
}
