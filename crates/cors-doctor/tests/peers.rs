//! Servers of other makers, each wrong and each right: the doctor names the cause, and what it prints for that server is put
//! into the program as it stands; then the browser allows the request.
//!
//! A server that is not installed is ignored, with the command that installs it; `REQUIRE_PEERS` turns that into a failure.

use std::process::{Command, ExitCode};

use end_to_end::{
    peer::{Peer, Running, required_peers_or_exit},
    trial_of,
};
use libtest_mimic::{Arguments, Failed};
use serde_json::Value;

const PAGE: &str = "http://localhost:5173";

/// A server that is set up wrongly.
struct Row {
    peer: Peer,
    name: &'static str,
    /// What stands at the mark.
    setup: &'static str,
    /// What stands at the mark of the server behind it, if it is a proxy.
    behind: &'static str,
    path: &'static str,
    /// The other arguments of `cors-doctor check`.
    arguments: &'static [&'static str],
    cause: &'static str,
    /// The doctor's name of the server whose recipe cures it; the peer's own, usually.
    cure: Cure,
}

enum Cure {
    /// The recipe, in full.
    Recipe,
    /// This set-up: the recipe's line says what to do, and nothing else can be copied.
    Setup(&'static str),
}

const NODE: &str = "const app = express()";
const PUT: &[&str] = &["-X", "PUT", "--send"];
const COOKIES: &[&str] = &["--credentials"];

#[allow(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let row = |peer, name, setup, path, arguments, cause| Row {
        peer,
        name,
        setup,
        behind: NODE,
        path,
        arguments,
        cause,
        cure: Cure::Recipe,
    };
    let mut rows = Vec::new();
    for peer in [Peer::Express4, Peer::Express5] {
        let mut add = |name, setup, path, arguments, cause| {
            rows.push(row(peer, name, setup, path, arguments, cause));
        };
        add("no CORS", NODE, "/items", &[], "no-cors");
        add("no CORS, with a preflight", NODE, "/items/1", PUT, "no-cors");
        add(
            "another origin",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['https://other.example'] }))",
            "/items",
            &[],
            "origin-not-listed",
        );
        add(
            "another port",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['http://localhost:3000', 'https://b.example'] }))",
            "/items",
            &[],
            "origin-not-listed",
        );
        add(
            "a slash at the end",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: 'http://localhost:5173/' }))",
            "/items",
            &[],
            "not-an-origin",
        );
        add(
            "a star, and cookies",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ credentials: true }))",
            "/items",
            COOKIES,
            "wildcard-with-credentials",
        );
        add(
            "no credentials",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['http://localhost:5173'] }))",
            "/items",
            COOKIES,
            "credentials-not-allowed",
        );
        add(
            "a method that is not listed",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['http://localhost:5173'], methods: ['GET'] }))",
            "/items/1",
            PUT,
            "method-not-listed",
        );
        add(
            "a header that is not listed",
            "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['http://localhost:5173'], allowedHeaders: ['x-a'] }))",
            "/items",
            &["-H", "X-B: 1"],
            "headers-not-listed",
        );
        add(
            "authentication first",
            "const cors = require('cors')\nconst app = express()\napp.use((request, response, next) => request.get('authorization') ? next() : response.sendStatus(401))\napp.use(cors({ origin: ['http://localhost:5173'] }))",
            "/items",
            &["-H", "Authorization: Bearer 1", "--send"],
            "authentication-in-front",
        );
        add(
            "CORS on the GET alone",
            "const cors = require('cors')\nconst app = express()\napp.get('/items', cors({ origin: ['http://localhost:5173'] }), (request, response) => response.json([]))",
            "/items",
            &["-H", "X-B: 1"],
            "options-answered-elsewhere",
        );
    }
    rows.extend([
        row(Peer::FastApi, "no CORS", "", "/items", &[], "no-cors"),
        row(Peer::FastApi, "no CORS, with a preflight", "", "/items/1", PUT, "no-cors"),
        row(
            Peer::FastApi,
            "GET alone, which is the default",
            "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['http://localhost:5173'])",
            "/items/1",
            PUT,
            "method-not-listed",
        ),
        row(
            Peer::FastApi,
            "an unhandled error outside of the middleware",
            "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['http://localhost:5173'])",
            "/broken",
            &[],
            "hidden-error",
        ),
        row(
            Peer::FastApi,
            "another origin",
            "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['https://other.example'])",
            "/items",
            &[],
            "origin-not-listed",
        ),
        row(Peer::Django, "no CORS", "", "/items", &[], "no-cors"),
        row(Peer::Django, "no CORS, with a preflight", "", "/items/1", PUT, "no-cors"),
        row(
            Peer::Django,
            "no credentials",
            "INSTALLED_APPS = [\"corsheaders\", *INSTALLED_APPS]\nMIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", *MIDDLEWARE]\nCORS_ALLOWED_ORIGINS = [\"http://localhost:5173\"]",
            "/items",
            COOKIES,
            "credentials-not-allowed",
        ),
        row(
            Peer::Django,
            "another origin",
            "INSTALLED_APPS = [\"corsheaders\", *INSTALLED_APPS]\nMIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", *MIDDLEWARE]\nCORS_ALLOWED_ORIGINS = [\"https://other.example\"]",
            "/items",
            &[],
            "origin-not-listed",
        ),
        row(Peer::Nginx, "no CORS", "", "/items", &[], "no-cors"),
        row(
            Peer::Nginx,
            "no header on errors",
            "add_header Access-Control-Allow-Origin http://localhost:5173;",
            "/broken",
            &[],
            "hidden-error",
        ),
        row(
            Peer::Nginx,
            "nothing for OPTIONS",
            "add_header Access-Control-Allow-Origin http://localhost:5173;\nif ($request_method = OPTIONS) { return 405; }",
            "/items/1",
            PUT,
            "options-not-routed",
        ),
        Row {
            behind: "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['http://localhost:5173'] }))",
            cure: Cure::Setup("proxy_hide_header Access-Control-Allow-Origin;\nadd_header Access-Control-Allow-Origin http://localhost:5173 always;"),
            ..row(
                Peer::Nginx,
                "the header twice",
                "add_header Access-Control-Allow-Origin http://localhost:5173 always;",
                "/items",
                &[],
                "two-writers",
            )
        },
        row(Peer::Caddy, "no CORS", "", "/items", &[], "no-cors"),
        row(Peer::Caddy, "no CORS, with a preflight", "", "/items/1", PUT, "no-cors"),
        row(
            Peer::Caddy,
            "a star, and cookies",
            "header Access-Control-Allow-Origin *",
            "/items",
            COOKIES,
            "wildcard-with-credentials",
        ),
        Row {
            behind: "const cors = require('cors')\nconst app = express()\napp.use(cors({ origin: ['http://localhost:5173'] }))",
            cure: Cure::Setup(""),
            ..row(
                Peer::Caddy,
                "the header twice",
                "header +Access-Control-Allow-Origin http://localhost:5173",
                "/items",
                &[],
                "two-writers",
            )
        },
    ]);
    rows
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = required_peers_or_exit();
    let trial = |row: Row| {
        let name = format!("{}: {}", row.peer, row.name);
        let found = row.peer.runtime().find().and_then(|_| Peer::Express5.runtime().find());
        trial_of(name, found, required.contains(&row.peer.runtime()), move |_| check(&row))
    };
    libtest_mimic::run(&arguments, rows().into_iter().map(trial).collect()).exit_code()
}

fn check(row: &Row) -> Result<(), Failed> {
    let behind = match row.peer {
        Peer::Nginx | Peer::Caddy => Some(Peer::Express5.start(row.behind, None)?),
        _ => None,
    };
    let start = |setup: &str| row.peer.start(setup, behind.as_ref().map(Running::port));
    let wrong = start(row.setup)?;
    let (status, report) = doctor(row, &wrong)?;
    let told = format!("{report:#}\n{}", wrong.printed());
    // Ended, so that it can't respond in place of the right one.
    drop(wrong);
    let (cause, certain) = (&report["cause"], &report["certain"]);
    let rivals = report["rivals"].as_array().cloned().unwrap_or_default();
    let is_named = cause == row.cause || certain == false && rivals.iter().any(|rival| rival == row.cause);
    if status != 1 || !is_named {
        return Err(format!("expected {}, exit 1; got exit {status}\n{told}", row.cause).into());
    }
    let recipe = report["servers"]
        .as_array()
        .and_then(|servers| servers.iter().find(|server| server["name"] == row.peer.to_string()));
    let setup = match &row.cure {
        Cure::Setup(setup) => *setup,
        Cure::Recipe => recipe
            .and_then(|recipe| recipe["code"].as_str())
            .ok_or_else(|| format!("no recipe for {}\n{told}", row.peer))?,
    };
    let right = start(setup)?;
    let (status, report) = doctor(row, &right)?;
    if status != 0 {
        return Err(format!("with\n{setup}\nit is not allowed:\n{report:#}\n{}", right.printed()).into());
    }
    Ok(())
}

fn doctor(row: &Row, running: &Running) -> Result<(i32, Value), Failed> {
    let url = format!("http://127.0.0.1:{}{}", running.port(), row.path);
    let output = Command::new(env!("CARGO_BIN_EXE_cors-doctor"))
        .args(["check", &url, "--origin", PAGE, "--json"])
        .args(row.arguments)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text)
        .map_err(|error| format!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((output.status.code().unwrap_or(-1), report))
}
