//! Runs the simulation over many seeds, or at scale.
//!
//! ```sh
//! cargo run --release -p cors-tenants --bin simulate
//! cargo run --release -p cors-tenants --bin simulate -- --planted lost-commit
//! cargo run --release -p cors-tenants --bin simulate -- --instances 1000 --tenants 10000000
//! ```

use std::{
    num::NonZero,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use cors_tenants::{
    replica::Settings,
    simulation::{Planted, Scale, Tally, Violation, run, run_at_scale},
};

/// Replicas, a database and the network between them, with all that goes wrong, decided by a seed.
#[derive(Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 100_000)]
    runs: u64,
    /// A bug that must be found: lost-commit, no-lease and others; `all` for each of them.
    #[arg(long)]
    planted: Option<String>,
    /// Runs at scale instead, without faults: so many instances.
    #[arg(long)]
    instances: Option<usize>,
    /// At scale: so many tenants.
    #[arg(long, default_value_t = 10_000_000)]
    tenants: u32,
    /// At scale: so many changes in each second.
    #[arg(long, default_value_t = 10.0)]
    writes: f64,
    /// At scale: so many requests to each instance in each second.
    #[arg(long, default_value_t = 20.0)]
    requests: f64,
    /// At scale: for so many seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// At scale: the database serves so many reads at the same time.
    #[arg(long, default_value_t = 8)]
    slots: usize,
    /// At scale: a read takes so many microseconds.
    #[arg(long, default_value_t = 500)]
    read: u64,
    /// At scale: without notifications.
    #[arg(long)]
    no_notifications: bool,
    /// At scale: seconds between two checks.
    #[arg(long, default_value_t = 5.0)]
    interval: f64,
    /// At scale: how many tenants an instance keeps.
    #[arg(long, default_value_t = 100_000)]
    known: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.instances.is_some() {
        at_scale(&arguments)
    } else if let Some(name) = &arguments.planted {
        planted(&arguments, name)
    } else {
        all_seeds(&arguments)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn all_seeds(arguments: &Arguments) -> Result<(), String> {
    let started = Instant::now();
    let (tally, violation) = search(arguments, None);
    let Tally { runs, instances, most_instances, faults, commits, .. } = tally;
    println!("{runs} schedules, the seeds from {}; {:.0} s", arguments.seed, started.elapsed().as_secs_f64());
    println!("  {instances} instances, at most {most_instances} in one schedule; {faults} faults");
    println!("  {:.0} h simulated; {commits} changes", seconds(tally.simulated) / 3600.0);
    println!("  {} checks, {} loads, {} rows", tally.checks, tally.loads, tally.rows);
    println!(
        "  {} requests let in by what was in force, {} by what was revoked within max_stale; {} refused, {} without a policy that may be used",
        tally.allowed, tally.stale, tally.refused, tally.failed
    );
    println!(
        "  nobody was let in by a policy that was revoked for longer than max_stale: {}",
        violation.is_none()
    );
    violation.map_or(Ok(()), |violation| Err(violation.to_string()))
}

fn planted(arguments: &Arguments, name: &str) -> Result<(), String> {
    let bugs = if name == "all" { Planted::ALL.to_vec() } else { vec![name.parse()?] };
    for planted in bugs {
        let (tally, violation) = search(arguments, Some(planted));
        let Some(violation) = violation else {
            return Err(format!("{}: not found in {} schedules", planted.name(), tally.runs));
        };
        println!("{}: {violation}", planted.name());
    }
    Ok(())
}

/// All seeds, on all processors, until one breaks a promise: the first such one.
fn search(arguments: &Arguments, planted: Option<Planted>) -> (Tally, Option<Violation>) {
    let next = AtomicU64::new(arguments.seed);
    let end = AtomicU64::new(arguments.seed + arguments.runs);
    let found = Mutex::new((Tally::default(), None::<Violation>));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                let mut tally = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= end.load(Relaxed) {
                        break;
                    }
                    match run(seed, planted) {
                        Ok(one) => tally += one,
                        Err(violation) => {
                            end.fetch_min(seed, Relaxed);
                            let (_, first) = &mut *found.lock().unwrap_or_else(PoisonError::into_inner);
                            if first.as_ref().is_none_or(|first| first.seed > seed) {
                                *first = Some(violation);
                            }
                        }
                    }
                }
                found.lock().unwrap_or_else(PoisonError::into_inner).0 += tally;
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn at_scale(arguments: &Arguments) -> Result<(), String> {
    let scale = Scale {
        instances: arguments.instances.unwrap_or(1),
        tenants: arguments.tenants,
        writes: arguments.writes,
        requests: arguments.requests,
        duration: Duration::from_secs(arguments.seconds),
        slots: arguments.slots,
        read: Duration::from_micros(arguments.read),
        notifies: !arguments.no_notifications,
        settings: Settings {
            interval: Duration::from_secs_f64(arguments.interval),
            known: arguments.known,
            ..Settings::default()
        },
    };
    let mut tally = run_at_scale(arguments.seed, &scale).map_err(|violation| violation.to_string())?;
    let simulated = seconds(tally.simulated);
    let rate = |count: u64| count as f64 / simulated;
    let capacity = 1e6 * arguments.slots as f64 / arguments.read.max(1) as f64;
    println!("{} instances, {} tenants, {} changes/s", scale.instances, scale.tenants, scale.writes);
    println!("  the database serves {capacity:.0} reads/s at most");
    println!(
        "  checks: {:.0}/s; loads: {:.0}/s; rows: {:.0}/s",
        rate(tally.checks),
        rate(tally.loads),
        rate(tally.rows)
    );
    let busy = tally.busy as f64 / (tally.simulated as f64 * arguments.slots as f64);
    println!("  the database is busy for {:.0} % of the time", busy * 100.0);
    tally.delays.sort_unstable();
    let percentile = |percent: usize| {
        let index = tally.delays.len().saturating_sub(1) * percent / 100;
        tally.delays.get(index).map_or(0.0, |&delay| delay as f64 / 1e3)
    };
    println!(
        "  from the commit to an instance that holds the tenant: {:.1} ms at the median, {:.1} ms at 99 %, {:.1} ms at most ({} times)",
        percentile(50),
        percentile(99),
        percentile(100),
        tally.delays.len()
    );
    let requests = tally.allowed + tally.stale + tally.refused + tally.failed;
    println!("  requests without a policy that may be used: {} of {requests}", tally.failed);
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
