//! What a request costs as the list of allowed origins grows: instructions, counted by callgrind, and time, where the caches
//! hold the policy and where they don't. Times are printed with their ratios and never asserted.

use std::{
    env,
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
    hint::black_box,
    time::{Duration, Instant},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use actix_web_cors::Policy;
use fetch_cors::server::{Decision, RequestField, RequestHead, decide};

use crate::{
    cases::{Allowed, Asked, Case, Handler, Right, Setup},
    contenders::{Contender, Use},
    instructions::{Counted, collected, in_parallel},
    measure,
};

/// The numbers of origins, the first and the last of which are compared.
const SIZES: [u32; 5] = [1, 10, 1_000, 100_000, 1_000_000];
/// Where a run begins to take long, as callgrind watches the policy being built, too.
const LARGE: u32 = 100_000;
/// A number that no list reaches, with as many digits as the others.
const UNLISTED: u32 = 9_999_999;
/// How many look-ups one reading of the clock covers.
const BATCH: u32 = 64;
/// How many batches of random look-ups precede those that are timed: enough for a large policy to fill the caches with
/// what it can, after the others have had their turns.
const WARMING: usize = 1024;
/// How many batches are timed in a turn.
const TURN: usize = 32;
/// Larger than the caches that matter.
const MUCH: usize = 256 << 20;

/// How an allowed origin is written in the policy. All of a kind are of one length, so that only their number differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exact,
    Patterns,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Exact, Self::Patterns];

    const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Patterns => "patterns",
        }
    }

    fn setup(self, count: u32) -> Setup {
        let entry = |number| match self {
            Self::Exact => self.origin(number),
            Self::Patterns => format!("https://*.tenant-{number:07}.example.com"),
        };
        Setup { origins: (0..count).map(entry).collect(), credentials: false }
    }

    /// What a browser sends for the entry of this number.
    fn origin(self, number: u32) -> String {
        match self {
            Self::Exact => format!("https://tenant-{number:07}.example.com"),
            Self::Patterns => format!("https://app.tenant-{number:07}.example.com"),
        }
    }

    fn case(self, count: u32, asked: Whose) -> Case {
        let number = match asked {
            Whose::Last => count - 1,
            Whose::Unlisted => UNLISTED,
        };
        Case {
            name: self.name(),
            setup: self.setup(count),
            handler: Handler::Plain,
            asked: Asked::get(Some(&self.origin(number))),
            right: Right {
                status: 200,
                allowed: if asked == Whose::Last { Allowed::Itself } else { Allowed::Nobody },
                vary: Some("origin"),
            },
        }
    }
}

/// Whose request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// That of the last origin of the list.
    Last,
    /// That of an origin that is not allowed.
    Unlisted,
}

impl Whose {
    const fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Unlisted => "unlisted",
        }
    }
}

/// One contender's instructions per request, beyond bare, by number of origins.
#[derive(Clone, Debug)]
pub struct Line {
    /// The contender, and the kind of origins.
    pub name: &'static str,
    /// For the last origin of the list.
    pub allowed: Vec<(u32, f64)>,
    /// For an origin that is not allowed.
    pub refused: Vec<(u32, f64)>,
}

/// All that was measured.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Instructions: `actix-web-cors` with exact origins, with patterns, `actix-cors`, `tower-http`.
    pub lines: Vec<Line>,
    times: [Vec<Times>; 2],
}

/// What stands for one number of origins, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// One access to as much memory as the text of the origins takes.
    access: HotCold,
    /// The bare service, and one such access.
    bare_access: HotCold,
    decision: HotCold,
    request: HotCold,
    /// The same for `actix-cors`; it has no patterns.
    peer: HotCold,
    bare: HotCold,
}

#[derive(Clone, Copy, Debug, Default)]
struct HotCold {
    hot: f64,
    cold: f64,
}

/// Prints the section, or, if told by its own parent what to count, answers the requests that callgrind counts.
///
/// # Panics
///
/// When valgrind is not installed.
pub fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => println!("{}", section()),
        [quick] if quick == "--quick" => println!("{}", Scale::measure(true).section()),
        [who, kind, whose, count, requests] => {
            let counted = Counted::find(who).expect("a contender");
            let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).expect("a kind");
            let whose = [Whose::Last, Whose::Unlisted].into_iter().find(|known| known.name() == whose);
            let count = count.parse().expect("a number of origins");
            let case = kind.case(count, whose.expect("whose origin"));
            let requests = requests.parse().expect("a number of requests");
            counted.run(&case, requests);
        }
        _ => panic!("nothing, or --quick"),
    }
}

/// The tables, in Markdown.
///
/// # Panics
///
/// When valgrind is not installed.
pub fn section() -> String {
    Scale::measure(false).section()
}

impl Scale {
    /// Measures everything. It is quicker with fewer repetitions, and with no more than 100 000 origins.
    ///
    /// # Panics
    ///
    /// When valgrind is not installed.
    pub fn measure(quick: bool) -> Self {
        measure::log_errors_alone();
        let sizes = if quick { &SIZES[..SIZES.len() - 1] } else { &SIZES[..] };
        check(sizes[sizes.len() - 2]);
        let lines = count_instructions(sizes, quick);
        let times = Kind::ALL.map(|kind| time(kind, sizes, if quick { 5 } else { 25 }));
        Self { lines, times }
    }

    /// The tables, in Markdown.
    pub fn section(&self) -> String {
        let mut text = String::from(
            "## Cost by number of origins\n\n\
             Instructions per request beyond the bare service, for the last origin of the list and for one that is not \
             in it. The policy allows no credentials. Patterns are `https://*.tenant-0000001.example.com` and so on; the \
             peers have none. `tower-http` is measured at its own interface.\n\n\
             | origins | actix-web-cors, exact | | actix-web-cors, patterns | | actix-cors | | tower-http | |\n\
             |---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
             | | last | refused | last | refused | last | refused | last | refused |\n",
        );
        for (row, (size, _)) in self.lines[0].allowed.iter().enumerate() {
            let cells = self.lines.iter().flat_map(|line| [line.allowed[row].1, line.refused[row].1]);
            let _ = writeln!(
                text,
                "| {} | {} |",
                grouped(f64::from(*size)),
                cells.map(grouped).collect::<Vec<_>>().join(" | ")
            );
        }
        text.push_str(
            "\nTime in nanoseconds. All take turns, in rounds, and of a turn its median counts; of the turns, the one that nine of \
             ten exceed, as a virtual machine may run at half its speed for seconds. *Hot* is the last origin of the list \
             again and again, *cold* a random one each time, timed after 65 536 others of which the caches hold what they \
             can. *Access* reads one word, at random, from as much memory as the text of the origins takes: a look-up among \
             so many can hardly be faster. *Decision* is `Policy::decide` alone. Each access and each decision waits for the \
             one before. *Request* is the whole middleware, beyond the bare service; the access beside it is one more in \
             each request to the bare service. It takes longer there, as what else a request needs drives more of the policy \
             out of the caches.\n\n\
             | origins | access, cold | decision, hot | decision, cold | access in a request, cold | request, hot | \
             request, cold | bare, cold | actix-cors, hot | actix-cors, cold |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for (kind, times) in Kind::ALL.into_iter().zip(&self.times) {
            for (times, (size, _)) in times.iter().zip(&self.lines[0].allowed) {
                let peer = match kind {
                    Kind::Exact => {
                        format!(
                            "{:.0} | {:.0}",
                            times.peer.hot - times.bare.hot,
                            times.peer.cold - times.bare.cold
                        )
                    }
                    Kind::Patterns => "– | –".to_owned(),
                };
                let _ = writeln!(
                    text,
                    "| {} {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {peer} |",
                    grouped(f64::from(*size)),
                    kind.name(),
                    times.access.cold,
                    times.decision.hot,
                    times.decision.cold,
                    times.bare_access.cold - times.bare.cold,
                    times.request.hot - times.bare.hot,
                    times.request.cold - times.bare.cold,
                    times.bare.cold,
                );
            }
        }
        let largest = self.lines[0].allowed.last().map_or(0, |&(size, _)| size);
        let _ = write!(
            text,
            "\nWhat {} origins cost, as a multiple of what one costs, beside this project's own goals. What a decision among one \
             takes is hidden by the reading of the clock, so it is no divisor.\n\n\
             | | exact | goal | patterns | goal |\n\
             |---|---:|---:|---:|---:|\n",
            grouped(f64::from(largest))
        );
        let [exact, patterns] = &self.lines[..2] else { return text };
        for (what, of) in [
            (
                "instructions, last origin, beyond bare",
                (|line| &line.allowed) as fn(&Line) -> &Vec<(u32, f64)>,
            ),
            ("instructions, refused, beyond bare", |line| &line.refused),
        ] {
            let growths = [exact, patterns]
                .map(|line| growth(&of(line).iter().map(|&(_, cost)| cost).collect::<Vec<_>>()));
            write_growths(&mut text, what, growths, [Some(1.15), Some(1.4)]);
        }
        let goals = [Some(2.0), Some(2.5)];
        for (what, goals, of) in [
            ("time, hot request, beyond bare", [None, None], (|time| time.request.hot - time.bare.hot) as Of),
            ("time, cold request, beyond bare", goals, |time| time.request.cold - time.bare.cold),
            ("time, cold request, with the bare service", goals, |time| time.request.cold),
        ] {
            let growths =
                [0, 1].map(|kind: usize| growth(&self.times[kind].iter().map(of).collect::<Vec<_>>()));
            write_growths(&mut text, what, growths, goals);
        }
        text
    }
}

type Of = fn(&Times) -> f64;

/// A row: how much something grew among exact origins and among patterns, and how much it may.
fn write_growths(text: &mut String, what: &str, growths: [f64; 2], goals: [Option<f64>; 2]) {
    let _ = write!(text, "| {what} |");
    for (growth, goal) in growths.into_iter().zip(goals) {
        let _ = match goal {
            // As it is printed.
            Some(goal) if (growth * 100.0).round() > goal * 100.0 => {
                write!(text, " {growth:.2} | ≤ {goal}, missed |")
            }
            Some(goal) => write!(text, " {growth:.2} | ≤ {goal} |"),
            None => write!(text, " {growth:.2} | |"),
        };
    }
    text.push('\n');
}

fn growth(costs: &[f64]) -> f64 {
    costs[costs.len() - 1] / costs[0]
}

/// A whole number with spaces between thousands.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Checks everyone's answers, with fewer origins, as one is like another.
fn check(count: u32) {
    for kind in Kind::ALL {
        for whose in [Whose::Last, Whose::Unlisted] {
            let case = kind.case(count, whose);
            measure::check(Contender::Ours, &case);
            if kind == Kind::Exact {
                measure::check(Contender::ActixCors, &case);
                measure::check_tower(&case);
            }
        }
    }
}

/// What one run of callgrind counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job {
    who: Counted,
    kind: Kind,
    whose: Whose,
    count: u32,
}

impl Job {
    /// The median of instructions per request.
    fn run(self, quick: bool) -> f64 {
        let Self { who, kind, whose, count } = self;
        // Every run has hash seeds of its own.
        let (requests, runs) = match count {
            _ if who.is_bare() => (100, 5),
            ..LARGE if quick => (100, 1),
            ..LARGE => (100, 5),
            // Most of the time callgrind watches the policy being built. Only ours differs much from seed to seed.
            _ if quick || who != Counted::Actix(Contender::Ours) => (20, 1),
            _ => (20, 3),
        };
        let (origins, asked) = (count.to_string(), requests.to_string());
        let arguments = [who.name(), kind.name(), whose.name(), &origins, &asked];
        let counts = (0..runs).map(|_| f64::from(collected("scale", &arguments))).collect();
        measure::median(counts) / f64::from(requests)
    }
}

fn count_instructions(sizes: &[u32], quick: bool) -> Vec<Line> {
    let (actix_bare, ours, peer) = (
        Counted::Actix(Contender::Bare),
        Counted::Actix(Contender::Ours),
        Counted::Actix(Contender::ActixCors),
    );
    let lines = [
        ("actix-web-cors, exact", actix_bare, ours, Kind::Exact),
        ("actix-web-cors, patterns", actix_bare, ours, Kind::Patterns),
        ("actix-cors", actix_bare, peer, Kind::Exact),
        ("tower-http", Counted::TowerBare, Counted::TowerHttp, Kind::Exact),
    ];
    // The longest first. To the bare service the number of origins is nothing.
    let mut jobs = Vec::new();
    for whose in [Whose::Last, Whose::Unlisted] {
        for &(_, bare, who, kind) in &lines {
            jobs.extend(sizes.iter().map(|&count| Job { who, kind, whose, count }));
            jobs.push(Job { who: bare, kind, whose, count: 1 });
        }
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.count));
    jobs.dedup();
    let counted = in_parallel(&jobs, |job| (*job, job.run(quick)));
    let cost = |job| counted.iter().find(|(counted, _)| *counted == job).expect("a job that was done").1;
    lines
        .map(|(name, bare, who, kind)| {
            let by_size = |whose| {
                let bare = cost(Job { who: bare, kind, whose, count: 1 });
                sizes.iter().map(|&count| (count, cost(Job { who, kind, whose, count }) - bare)).collect()
            };
            Line { name, allowed: by_size(Whose::Last), refused: by_size(Whose::Unlisted) }
        })
        .into()
}

/// Times one kind of origins, in rounds in which all sizes take turns.
fn time(kind: Kind, sizes: &[u32], rounds: usize) -> Vec<Times> {
    let setups: Vec<Setup> = sizes.iter().map(|&count| kind.setup(count)).collect();
    let mut times = vec![Times::default(); sizes.len()];

    let policies: Vec<Policy> = setups.iter().map(Setup::policy).collect();
    let deciders: Vec<_> = policies.iter().map(decider).collect();
    let memories: Vec<Memory> = setups.iter().map(Memory::new).collect();
    let accessors: Vec<_> = memories.iter().map(accessor).collect();
    let mut all: Vec<(u32, &Timer<'_, LookUp>)> = vec![(1, &nothing)];
    all.extend(sizes.iter().copied().zip(deciders.iter().map(|decider| decider as _)));
    all.extend(sizes.iter().copied().zip(accessors.iter().map(|accessor| accessor as _)));
    let measured = take_turns(&all, rounds, |number| (number, kind.origin(number)));
    let beyond_nothing = |index: usize| HotCold {
        hot: measured[index].hot - measured[0].hot,
        cold: measured[index].cold - measured[0].cold,
    };
    for (index, times) in times.iter_mut().enumerate() {
        times.decision = beyond_nothing(1 + index);
        times.access = beyond_nothing(1 + sizes.len() + index);
    }
    drop(all);
    drop(accessors);
    drop(deciders);
    drop(policies);

    let mut contenders = vec![(Contender::Bare, false), (Contender::Bare, true), (Contender::Ours, false)];
    if kind == Kind::Exact {
        contenders.push((Contender::ActixCors, false));
    }
    let mut todo = Vec::new();
    for (who, accesses) in contenders {
        for ((&count, setup), memory) in sizes.iter().zip(&setups).zip(&memories) {
            let memory = accesses.then_some(memory);
            todo.push(Task { who, count, setup, handler: Handler::Plain, memory });
        }
    }
    make_all(&todo, &[], &mut |timers| {
        let request = |number| (number, Asked::get(Some(&kind.origin(number))).request());
        let measured = take_turns(timers, rounds, request);
        for (task, (index, time)) in todo.iter().zip(measured.into_iter().enumerate()) {
            let times = &mut times[index % sizes.len()];
            match task.who {
                Contender::Bare if task.memory.is_some() => times.bare_access = time,
                Contender::Bare => times.bare = time,
                Contender::Ours => times.request = time,
                _ => times.peer = time,
            }
        }
    });
    times
}

/// An entry's number, and what a browser sends for it.
type LookUp = (u32, String);

/// Decides on each origin.
fn decider(policy: &Policy) -> impl Fn(Vec<LookUp>) -> Duration {
    move |origins| {
        one_by_one(&origins, |(_, origin)| {
            let decision = decide(policy, &Get(origin.as_bytes()));
            assert_eq!(decision, Decision::Allowed, "{origin}");
        })
    }
}

/// As much memory as the text of the origins takes.
pub(crate) struct Memory {
    words: Vec<u64>,
    /// How many an origin takes.
    each: usize,
}

impl Memory {
    fn new(setup: &Setup) -> Self {
        let each = setup.origins[0].len().div_ceil(size_of::<u64>());
        Self { words: (0..).take(setup.origins.len() * each).collect(), each }
    }

    /// Reads one word of an origin's.
    #[inline(always)]
    fn access(&self, number: u32) {
        let index = usize::try_from(number).expect("fewer than fit in memory") * self.each;
        black_box(self.words[index]);
    }
}

/// Reads one word for each number.
fn accessor(memory: &Memory) -> impl Fn(Vec<LookUp>) -> Duration {
    move |origins| one_by_one(&origins, |&(number, _)| memory.access(number))
}

/// Only goes through the motions.
#[allow(clippy::needless_pass_by_value, reason = "as all timers do")]
fn nothing(origins: Vec<LookUp>) -> Duration {
    one_by_one(&origins, |_| ())
}

/// Does something with each, and how long it takes.
#[inline(always)]
fn one_by_one(origins: &[LookUp], work: impl Fn(&LookUp)) -> Duration {
    let start = Instant::now();
    for origin in origins {
        work(black_box(origin));
        // Without it the processor would begin the next look-up while this one waits for memory, which no server's next
        // request lets it do. A clock is not read before all that precedes is done; a fence doesn't make sure of as much.
        black_box(Instant::now());
    }
    start.elapsed()
}

/// A request with nothing but an `Origin`.
struct Get<'a>(&'a [u8]);

impl RequestHead for Get<'_> {
    fn is_options(&self) -> bool {
        false
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        (field == RequestField::Origin).then_some(self.0).into_iter()
    }
}

/// How long it takes to answer these.
pub(crate) type Timer<'a, T> = dyn Fn(Vec<T>) -> Duration + 'a;

/// What stands for each timer.
fn take_turns<T>(timers: &[(u32, &Timer<'_, T>)], rounds: usize, asked: impl Fn(u32) -> T) -> Vec<HotCold> {
    let random = RandomState::new();
    let mut measured = vec![(Vec::new(), Vec::new()); timers.len()];
    // What was built last is still in the caches.
    black_box(black_box(vec![1_u8; MUCH]).into_iter().map(u64::from).sum::<u64>());
    for round in 0..rounds {
        for (index, ((count, timer), (hot, cold))) in timers.iter().zip(&mut measured).enumerate() {
            let take = |batch: usize, number: &dyn Fn(usize, u32) -> u32| {
                let batch = (0..BATCH).map(|place| asked(number(batch, place))).collect();
                timer(batch).as_secs_f64() * 1e9 / f64::from(BATCH)
            };
            hot.push(measure::median((0..TURN).map(|batch| take(batch, &|_, _| count - 1)).collect()));
            let random = |batch, place| {
                let hash = random.hash_one((round, index, batch, place)) % u64::from(*count);
                u32::try_from(hash).expect("less than a u32")
            };
            let readings = (0..WARMING + TURN).map(|batch| take(batch, &random));
            cold.push(measure::median(readings.skip(WARMING).collect()));
        }
    }
    measured
        .into_iter()
        .map(|(hot, cold)| HotCold { hot: undisturbed(hot), cold: undisturbed(cold) })
        .collect()
}

/// The time that nine of ten exceed.
fn undisturbed(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 10]
}

pub(crate) type RequestTimers<'a, 'b> = [(u32, &'a Timer<'b, (u32, ServiceRequest)>)];

/// A service to be timed.
pub(crate) struct Task<'a> {
    pub(crate) who: Contender,
    pub(crate) count: u32,
    pub(crate) setup: &'a Setup,
    pub(crate) handler: Handler,
    /// What is accessed once before each request.
    pub(crate) memory: Option<&'a Memory>,
}

/// Makes all services, each of a type of its own, and hands them over together.
pub(crate) fn make_all(
    todo: &[Task<'_>],
    made: &RequestTimers<'_, '_>,
    then: &mut dyn FnMut(&RequestTimers<'_, '_>),
) {
    match todo {
        [] => then(made),
        [task, rest @ ..] => {
            task.who.make(task.setup, task.handler, MakeRest { task, rest, made, then });
        }
    }
}

struct MakeRest<'a, 'b> {
    task: &'a Task<'a>,
    rest: &'a [Task<'a>],
    made: &'a RequestTimers<'a, 'b>,
    then: &'a mut dyn FnMut(&RequestTimers<'_, '_>),
}

impl Use for MakeRest<'_, '_> {
    fn with<S, B>(self, service: S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody,
    {
        let timer = |requests: Vec<(u32, ServiceRequest)>| {
            let start = Instant::now();
            for (number, request) in requests {
                if let Some(memory) = self.task.memory {
                    memory.access(number);
                }
                measure::answer_whole(&service, request);
            }
            start.elapsed()
        };
        let mut made: Vec<(u32, &Timer<'_, (u32, ServiceRequest)>)> = Vec::new();
        made.extend(self.made.iter().map(|&(count, timer)| (count, timer as _)));
        made.push((self.task.count, &timer));
        make_all(self.rest, &made, self.then);
    }
}
