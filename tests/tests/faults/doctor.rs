//! The program, run as people run it.

use std::{env, process::Command, sync::OnceLock};

use cors_doctor::report::Report;
use serde_json::Value;

use crate::fault::{Fault, Running};

/// Runs `cors-doctor check` for the request of a page.
pub(crate) fn check(fault: &Fault, server: &Running) -> Result<Report, String> {
    let request = &fault.request;
    let mut arguments = vec!["check".to_owned(), server.url.clone(), "--json".to_owned()];
    let mut add = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
    add("--origin", &server.page);
    add("-X", request.method);
    for (name, value) in &request.headers {
        add("-H", &format!("{name}: {value}"));
    }
    for (name, value) in
        [("--mode", request.mode), ("--redirect", request.redirect), ("-d", request.body.as_deref())]
    {
        if let Some(value) = value {
            add(name, value);
        }
    }
    if request.includes_credentials {
        arguments.push("--credentials".to_owned());
    }
    arguments.extend(fault.options.iter().map(|option| (*option).to_owned()));
    let output = Command::new(program()?).args(&arguments).output().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let err = String::from_utf8_lossy(&output.stderr);
        format!("{arguments:?}: not the doctor's JSON: {error}\n{err}")
    })
}

/// Where the program is. Cargo builds programs only for the tests of their own package, so this asks it to.
fn program() -> Result<&'static str, String> {
    static PROGRAM: OnceLock<Result<String, String>> = OnceLock::new();
    PROGRAM.get_or_init(build).as_deref().map_err(Clone::clone)
}

fn build() -> Result<String, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "-p",
            "cors-doctor",
            "--bin",
            "cors-doctor",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "cors-doctor")
            .then(|| message["executable"].as_str().map(str::to_owned))?
    };
    lines
        .lines()
        .find_map(executable)
        .ok_or_else(|| format!("cors-doctor can't be built:\n{}", String::from_utf8_lossy(&output.stderr)))
}
