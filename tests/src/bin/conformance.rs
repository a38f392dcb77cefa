//! Replays the conformance vectors in all three engines and writes `docs/conformance.md`, and what each engine
//! writes to its console into `crates/cors-vectors/console`. With names of engines as arguments,
//! it only prints what disagrees in these; with `--console`, also what they write to their consoles.

use std::{error::Error, process::ExitCode};

use end_to_end::{
    Engine,
    conformance::{Status, Suite},
};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let (options, names): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word.starts_with('-'));
    let shows_console = match options.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--console"] => true,
        _ => return Err("Usage: conformance [--console] [chromium] [firefox] [webkit]".into()),
    };
    let mut engines = names.iter().map(|name| name.parse()).collect::<Result<Vec<Engine>, _>>()?;
    let is_partial = !engines.is_empty();
    if !is_partial {
        engines = Engine::ALL.into();
    }
    let installed = engines
        .into_iter()
        .map(|engine| engine.find().map_err(|missing| missing.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let suite = Suite::read();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut reports = Vec::new();
    let mut disagreements = 0;
    for engine in &installed {
        let report = runtime.block_on(suite.play(engine))?;
        for played in &report.played {
            if shows_console && !played.console.is_empty() {
                let lines = played.console.join("\n    ");
                println!("{} console: {}: {}\n    {lines}\n", report.engine, played.file, played.vector);
            }
            if let Status::Disagrees { how } = &played.status {
                disagreements += 1;
                println!("{}: {}: {}\n{how}\n", report.engine, played.file, played.vector);
            }
        }
        eprintln!(
            "{}: {} vectors in {:.1} s",
            report.version,
            report.played.len(),
            report.took.as_secs_f32()
        );
        reports.push(report);
    }
    if !is_partial {
        let path = Suite::document_path();
        std::fs::write(&path, suite.document(&reports))?;
        eprintln!("{} is written", path.display());
        for report in &reports {
            let path = report.messages_path();
            std::fs::write(&path, report.messages())?;
            eprintln!("{} is written", path.display());
        }
    }
    if disagreements > 0 {
        eprintln!("{disagreements} disagreements");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
