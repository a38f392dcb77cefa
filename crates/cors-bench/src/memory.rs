//! What the heap is asked for: by each request, beyond bare, and by large policies, with how long they take to build. Only a
//! program whose global allocator is [`HEAP`] can count.

use std::{
    alloc::System,
    env,
    fmt::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use fetch_cors::Policy;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

use crate::{
    cases::{Case, cases},
    contenders::{TowerBare, TowerRequest, TowerResponse, Use, tower_cors},
    instructions::{COLUMNS, Counted},
    measure,
    report::value_in,
    scale::grouped,
};

/// The system's allocator, and a count of what it is asked for.
pub static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many requests are counted together; what isn't asked for each time is a fraction.
const REQUESTS: u32 = 100;
/// Of several builds the fastest is the least disturbed.
const BUILDS: usize = 5;
/// As long as a build that is not worth repeating.
const LONG: Duration = Duration::from_secs(2);

/// Prints the section, or, if told by its own parent, how much one policy makes a process grow.
///
/// # Panics
///
/// As [`section`].
pub fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [kind, count] => {
            let kind = KINDS.into_iter().find(|(name, ..)| name == kind).expect("a kind");
            print_resident(count.parse().expect("a number of origins"), kind);
        }
        _ => println!("{}", section()),
    }
}

/// The tables, in Markdown.
///
/// # Panics
///
/// When the program's global allocator is not [`HEAP`].
pub fn section() -> String {
    let region = Region::new(HEAP);
    measure::log_errors_alone();
    drop(std::hint::black_box(Box::new(0)));
    assert_ne!(region.change().allocations, 0, "the program counts its allocations");

    let mut text = String::from("## Memory and build time\n\n");
    write_requests(&mut text);
    write_policies(&mut text);
    text
}

fn write_requests(text: &mut String) {
    text.push_str(
        "Heap allocations per request beyond the bare service, and in brackets their bytes. A dash stands where the floor \
         has another policy, or the case has no meaning at Tower's interface.\n\n\
         | request | ",
    );
    let _ = writeln!(
        text,
        "{} |\n|---|{}",
        COLUMNS.map(|(name, _)| name).join(" | "),
        "---:|".repeat(COLUMNS.len())
    );
    for case in &cases() {
        let cells = COLUMNS.map(|(_, who)| {
            if !who.knows(case) {
                return "–".to_owned();
            }
            beyond(asked_for(who, case), asked_for(who.bare(), case))
        });
        let _ = writeln!(text, "| {} | {} |", case.name, cells.join(" | "));
    }
}

/// Per request: how often the heap is asked, and for how many bytes.
type Asked = (f64, f64);

fn per_request(change: Stats) -> Asked {
    let requests = f64::from(REQUESTS);
    (to_f64(change.allocations + change.reallocations) / requests, to_f64(change.bytes_allocated) / requests)
}

fn beyond(some: Asked, bare: Asked) -> String {
    let (times, bytes) = (some.0 - bare.0, some.1 - bare.1);
    let number = |number: f64| format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    if times == 0.0 && bytes == 0.0 {
        "0".to_owned()
    } else {
        format!("{} ({})", number(times), number(bytes))
    }
}

fn asked_for(who: Counted, case: &Case) -> Asked {
    let mut asked = (0.0, 0.0);
    match who {
        Counted::Actix(contender) => {
            contender.make(&case.setup, case.handler, CountHeap { case, asked: &mut asked });
        }
        Counted::TowerBare => asked = asked_by_tower(&mut TowerBare, case),
        Counted::TowerHttp => asked = asked_by_tower(&mut tower_cors(&case.setup), case),
    }
    asked
}

struct CountHeap<'a> {
    case: &'a Case,
    asked: &'a mut Asked,
}

impl Use for CountHeap<'_> {
    fn with<S, B>(self, service: S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody,
    {
        let requests = || (0..REQUESTS).map(|_| self.case.asked.request()).collect();
        measure::measured_loop(&service, requests());
        let requests = requests();
        let region = Region::new(HEAP);
        measure::measured_loop(&service, requests);
        *self.asked = per_request(region.change());
    }
}

fn asked_by_tower<S>(service: &mut S, case: &Case) -> Asked
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    let requests = || (0..REQUESTS).map(|_| measure::tower_request(&case.asked)).collect();
    measure::tower_measured_loop(service, requests());
    let requests = requests();
    let region = Region::new(HEAP);
    measure::tower_measured_loop(service, requests);
    per_request(region.change())
}

fn write_policies(text: &mut String) {
    text.push_str(
        "\nA policy with credentials: how long `build()` takes, the fastest of five times; what the policy keeps on the heap, \
         for all workers together; how much of that an origin takes beside its text, which is negative where what patterns \
         have in common, `https://*` and `:*`, is kept once; and by how much a process that builds one grows, which frees \
         the list it built it from, and at most meanwhile. Patterns are `https://*.tenant-1.example.com:*` and so on.\n\n\
         | origins | build, ms | heap, KiB | text, KiB | beside its text, bytes an origin | resident, KiB | at most, KiB |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for count in [1, 1_000, 100_000, 1_000_000] {
        for kind in KINDS {
            write_policy(text, count, kind);
        }
    }
}

/// What a list is made of: its name, and what stands before and after a number.
type Kind = (&'static str, &'static str, &'static str);

const KINDS: [Kind; 2] =
    [("exact", "https://tenant-", ".example.com"), ("patterns", "https://*.tenant-", ".example.com:*")];

fn origins(count: u32, (_, before, after): Kind) -> Vec<String> {
    // No longer than their text; `format!` allocates more or less as the compiler guesses.
    (0..count).map(|number| [before, &number.to_string(), after].concat()).collect()
}

fn build(origins: Vec<String>) -> (Policy, Duration) {
    let builder = Policy::builder().allow_origins(origins).allow_credentials();
    let start = Instant::now();
    let built = builder.build();
    let took = start.elapsed();
    (built.unwrap_or_else(|invalid| panic!("the benchmark's own policy is valid: {invalid}")), took)
}

fn write_policy(text: &mut String, count: u32, kind: Kind) {
    let origins = origins(count, kind);
    let length = to_f64(origins.iter().map(String::len).sum());
    let (mut fastest, mut kept) = (Duration::MAX, 0.0);
    for _ in 0..BUILDS {
        let (policy, took) = build(origins.clone());
        fastest = fastest.min(took);
        let region = Region::new(HEAP);
        drop(policy);
        kept = to_f64(region.change().bytes_deallocated);
        if took > LONG {
            break;
        }
    }
    let [resident, most] = resident_in_child(count, kind);
    let _ = writeln!(
        text,
        "| {} {} | {:.2} | {:.1} | {:.1} | {:.1} | {resident} | {most} |",
        grouped(f64::from(count)),
        kind.0,
        fastest.as_secs_f64() * 1e3,
        kept / 1024.0,
        length / 1024.0,
        (kept - length) / f64::from(count)
    );
}

/// By how much a program of its own grows: what this one freed before would be used again.
fn resident_in_child(count: u32, kind: Kind) -> [String; 2] {
    let path = env::current_exe().expect("a running program has a path");
    let output = Command::new(path).args([kind.0, &count.to_string()]).output().expect("it ran before");
    let said = String::from_utf8_lossy(&output.stdout);
    match said.split_whitespace().collect::<Vec<_>>()[..] {
        [resident, most] => [resident.to_owned(), most.to_owned()],
        _ => ["–", "–"].map(str::to_owned),
    }
}

/// Prints by how many KiB this process grows, in the end and at most, if the system tells.
fn print_resident(count: u32, kind: Kind) {
    let kib = |name: &str| value_in("/proc/self/status", name)?.strip_suffix(" kB")?.parse::<u32>().ok();
    let before = kib("VmRSS");
    let (policy, _) = build(origins(count, kind));
    if let (Some(before), Some(after), Some(most)) = (before, kib("VmRSS"), kib("VmHWM")) {
        println!("{} {}", after.saturating_sub(before), most.saturating_sub(before));
    }
    drop(policy);
}

fn to_f64(number: usize) -> f64 {
    // None is as large as 4 GiB.
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
