//! The time that each case takes, for all contenders. They take turns of microseconds, so that a machine's moods come to all
//! alike. Times are printed and never asserted.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use actix_web::dev::ServiceRequest;

use crate::{
    cases::{Case, cases},
    contenders::{Contender, TowerBare, TowerRequest, TowerResponse, tower_cors},
    instructions::{COLUMNS, Counted},
    measure,
    scale::{Task, make_all},
};

/// How many requests a turn has.
const TURN: u32 = 64;
/// How long all take turns at a case, and how often at least.
const PATIENCE: Duration = Duration::from_secs(3);
const LEAST: usize = 15;

/// The table, in Markdown.
pub fn section() -> String {
    measure::log_errors_alone();
    let mut text = format!(
        "## Time\n\n\
         Nanoseconds per request beyond the bare service, which stands in the first column. All contenders take turns of \
         {TURN} requests, and a turn is compared with the bare service's just before it; the medians of all turns.\n\n\
         | request | bare | {} |\n|---|---:|{}\n",
        COLUMNS.map(|(name, _)| name).join(" | "),
        "---:|".repeat(COLUMNS.len())
    );
    for case in &cases() {
        let times = Times::measure(case);
        let cells = COLUMNS.map(|(_, who)| {
            times.beyond_bare(who).map_or_else(|| "–".to_owned(), |time| format!("{time:.0}"))
        });
        let bare = times.of(Counted::Actix(Contender::Bare)).cloned().map(measure::median);
        let _ = writeln!(text, "| {} | {:.0} | {} |", case.name, bare.unwrap_or(f64::NAN), cells.join(" | "));
    }
    text
}

/// For each contender, the time per request of each of its turns.
struct Times(Vec<(Counted, Vec<f64>)>);

impl Times {
    fn measure(case: &Case) -> Self {
        let actix: Vec<Contender> =
            Contender::ALL.into_iter().filter(|who| Counted::Actix(*who).knows(case)).collect();
        let task = |&who| Task { who, count: 1, setup: &case.setup, handler: case.handler, memory: None };
        let todo: Vec<Task<'_>> = actix.iter().map(task).collect();
        let mut times: Vec<(Counted, Vec<f64>)> =
            actix.iter().map(|&who| (Counted::Actix(who), Vec::new())).collect();
        let towers = if case.has_tower() { &[Counted::TowerBare, Counted::TowerHttp][..] } else { &[] };
        times.extend(towers.iter().map(|&who| (who, Vec::new())));
        let mut tower = tower_cors(&case.setup);
        make_all(&todo, &[], &mut |timers| {
            let start = Instant::now();
            let mut round = 0;
            while start.elapsed() < PATIENCE || round < LEAST {
                for (index, (who, times)) in times.iter_mut().enumerate() {
                    let time = match who {
                        Counted::Actix(_) => {
                            let requests: Vec<(u32, ServiceRequest)> =
                                (0..TURN).map(|number| (number, case.asked.request())).collect();
                            timers[index].1(requests)
                        }
                        Counted::TowerBare => time_tower(&mut TowerBare, case),
                        Counted::TowerHttp => time_tower(&mut tower, case),
                    };
                    times.push(time.as_secs_f64() * 1e9 / f64::from(TURN));
                }
                round += 1;
            }
        });
        Self(times)
    }

    fn of(&self, who: Counted) -> Option<&Vec<f64>> {
        self.0.iter().find(|(known, _)| *known == who).map(|(_, times)| times)
    }

    fn beyond_bare(&self, who: Counted) -> Option<f64> {
        let (times, bare) = (self.of(who)?, self.of(who.bare())?);
        Some(measure::median(times.iter().zip(bare).map(|(time, bare)| time - bare).collect()))
    }
}

fn time_tower<S>(service: &mut S, case: &Case) -> Duration
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    let requests: Vec<_> = (0..TURN).map(|_| measure::tower_request(&case.asked)).collect();
    let start = Instant::now();
    measure::tower_measured_loop(service, requests);
    start.elapsed()
}
