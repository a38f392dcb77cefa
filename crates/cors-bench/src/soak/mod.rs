//! Load over loopback for minutes: mixed requests, a policy that is replaced ten times a second, slow clients, disconnects and
//! HTTP/2, against a bare application and against one with the middleware. What is shown: no error that the bare one would not
//! give, and memory and file descriptors that stay flat.

mod client;
mod process;
mod requests;
mod server;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::median::median;

use requests::Failure;
pub use server::{SERVER, run as serve};

/// Between two lines of the series.
const SAMPLE: Duration = Duration::from_secs(15);

/// Allocators keep what was freed; until then the figures say nothing.
const WARM_UP: usize = 2;

/// By how much the last third of the series may lie above the first, in bytes, in addition to a tenth.
const SLACK: f64 = 2_000_000.0;

/// One of the two servers and those who send to it.
struct Side {
    name: &'static str,
    server: process::Server,
    counts: Arc<client::Counts>,
    memory: Vec<f64>,
    descriptors: Vec<f64>,
}

/// Runs for this many minutes and prints the series. Fails if a figure is not flat, or if a response is wrong.
pub fn main(minutes: u64) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(soak(Duration::from_secs(60 * minutes))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(length: Duration) -> Result<(), String> {
    let mut sides = Vec::new();
    for name in server::KINDS {
        let server = process::Server::start(name)?;
        let counts = Arc::new(client::Counts::default());
        sides.push(Side { name, server, counts, memory: Vec::new(), descriptors: Vec::new() });
    }
    let start = Instant::now();
    let clients: Vec<_> = sides
        .iter()
        .flat_map(|side| {
            client::start(side.server.address, side.name == server::OURS, start + length, &side.counts)
        })
        .collect();

    println!("| seconds | {} |", sides.iter().map(Side::heading).collect::<Vec<_>>().join(" | "));
    println!("|---:|{}", "---:|".repeat(4 * sides.len()));
    let mut next = start + SAMPLE;
    while next <= start + length {
        tokio::time::sleep_until(next.into()).await;
        for side in &mut sides {
            side.sample()?;
        }
        println!(
            "| {} | {} |",
            start.elapsed().as_secs(),
            sides.iter().map(Side::line).collect::<Vec<_>>().join(" | ")
        );
        next += SAMPLE;
    }
    for client in clients {
        client.await.map_err(|error| format!("a client ended: {error}"))?;
    }
    conclude(&sides)
}

impl Side {
    fn heading(&self) -> String {
        ["requests", "errors", "MB", "descriptors"].map(|what| format!("{}: {what}", self.name)).join(" | ")
    }

    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    fn sample(&mut self) -> Result<(), String> {
        self.memory.push(self.server.memory()?);
        self.descriptors.push(self.server.descriptors()? as f64);
        Ok(())
    }

    fn line(&self) -> String {
        let (requests, errors) = self.counts.read();
        let memory = self.memory.last().copied().unwrap_or_default() / 1e6;
        let descriptors = self.descriptors.last().copied().unwrap_or_default();
        format!("{requests} | {errors} | {memory:.1} | {descriptors}")
    }

    /// Says what is not flat.
    fn not_flat(&self) -> Option<String> {
        let grown = |series: &[f64], slack: f64| {
            let series = series.get(WARM_UP..)?;
            let third = (series.len() / 3).max(1);
            let first = median(series.get(..third)?.to_vec());
            let last = median(series.get(series.len() - third..)?.to_vec());
            (last > first * 1.1 + slack).then_some((first, last))
        };
        let memory = grown(&self.memory, SLACK)
            .map(|(first, last)| format!("memory from {first:.0} to {last:.0} bytes"));
        let descriptors =
            grown(&self.descriptors, 8.0).map(|(first, last)| format!("descriptors from {first} to {last}"));
        let grown: Vec<String> = memory.into_iter().chain(descriptors).collect();
        (!grown.is_empty()).then(|| format!("{} grew: {}", self.name, grown.join(", ")))
    }
}

fn conclude(sides: &[Side]) -> Result<(), String> {
    let mut wrong: Vec<String> = sides.iter().filter_map(Side::not_flat).collect();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for side in sides {
        let (requests, errors) = side.counts.read();
        println!("\n{}: {requests} requests, {errors} errors", side.name);
        for (failure, count) in side.counts.errors() {
            println!("  {count} × {failure}");
            if side.name == server::OURS { &mut ours } else { &mut bare }.push(failure);
        }
    }
    wrong.extend(
        only_ours(&ours, &bare)
            .map(|failure| format!("an error of a kind that the bare server did not give: {failure}")),
    );
    if wrong.is_empty() {
        println!(
            "\nmemory and descriptors are flat, and there is no kind of error that the bare server did not give"
        );
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// Errors of a kind that the bare server did not give.
fn only_ours<'a>(ours: &'a [Failure], bare: &'a [Failure]) -> impl Iterator<Item = &'a Failure> {
    ours.iter().filter(|failure| bare.iter().all(|other| other.kind != failure.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_errors_are_compared_and_not_requests() {
        let failure =
            |kind: &str, request: &str| Failure { kind: kind.to_owned(), request: Some(request.to_owned()) };
        let bare =
            [failure("status 408", "GET /fail from null"), Failure::from("write: broken pipe".to_owned())];
        let same =
            [failure("status 408", "DELETE /notes/7 from null"), failure("write: broken pipe", "GET /")];
        assert_eq!(only_ours(&same, &bare).count(), 0);
        for kind in ["status 500", "status 200, allowed [\"https://evil.example\"]", "read: broken pipe", ""]
        {
            let ours = [same[0].clone(), failure(kind, "GET /fail from null")];
            assert_eq!(only_ours(&ours, &bare).collect::<Vec<_>>(), [&ours[1]], "{kind}");
        }
    }
}
