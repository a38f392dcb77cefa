//! `docs/from-express.md`. All set-ups run in one process of Node, each below a path of its own.

mod differences;
mod options;
mod refused;
mod servers;
mod set_ups;

use end_to_end::peer::{Peer, Running};
use serde_json::Value;

use crate::document::{self, Regions};

/// Every option of the package `cors`.
const THEIRS: [&str; 8] = [
    "origin",
    "methods",
    "allowedHeaders",
    "exposedHeaders",
    "credentials",
    "maxAge",
    "preflightContinue",
    "optionsSuccessStatus",
];

pub(crate) async fn guide() {
    let express = Express::start();
    let mut regions = Regions::new();
    regions.extend(differences::regions(&express).await);
    regions.extend(set_ups::regions(&express).await);
    regions.extend(set_ups::by_path(&express).await);
    regions.extend(options::regions(&express).await);
    regions.extend(refused::regions());
    regions.extend(servers::regions());
    regions.insert("versions".to_owned(), document::measured("cors", &versions()));
    document::check("from-express.md", regions, &THEIRS);
}

/// The version of `cors`, and of what it runs in.
fn versions() -> String {
    let lock = include_str!("../../../../../tests/peers/node/package-lock.json");
    let lock: Value = serde_json::from_str(lock).expect("JSON");
    let version = |package: &str| lock["packages"][format!("node_modules/{package}")]["version"].clone();
    let [cors, express] = ["cors", "express"].map(version);
    format!("{} in Express {}", cors.as_str().expect("a version"), express.as_str().expect("a version"))
}

/// Express 5 with every set-up of the guide.
struct Express {
    running: Running,
    set_ups: Vec<&'static str>,
}

impl Express {
    fn start() -> Self {
        let mut set_ups = vec![differences::THEIRS, set_ups::by_path::THEIRS];
        set_ups.extend(set_ups::ALL);
        set_ups.extend(options::ALL);
        set_ups.extend(refused::ALL);
        let mounted: String =
            set_ups.iter().enumerate().map(|(number, set_up)| mounted(number, set_up)).collect();
        // The peer's own routes are not used.
        let program = format!(
            "const cors = require('cors')
const handler = (request, response) => response.set('x-total', '3').json([])
const app = express()
{mounted}"
        );
        let running = Peer::Express5.start(&program, None).expect("Express");
        Self { running, set_ups }
    }

    /// The port, and the path below which this set-up is.
    fn at(&self, set_up: &str) -> (u16, String) {
        let number = self.set_ups.iter().position(|mounted| *mounted == set_up).expect("it is mounted");
        (self.running.port(), format!("/{number}"))
    }
}

/// A set-up is written for an application of its own, and a router is one. The handler comes last.
fn mounted(number: usize, set_up: &str) -> String {
    format!(
        "app.use('/{number}', (() => {{
const app = express.Router()
{set_up}
return app.use(handler)
}})())
"
    )
}

/// A set-up as an application in memory.
macro_rules! express_served {
    ($express:expr, $set_up:expr) => {{
        let (port, prefix) = $express.at($set_up);
        $crate::relay::relayed!(port, prefix)
    }};
}
use express_served;
