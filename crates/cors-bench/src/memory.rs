//! What the heap is asked for: by each request, beyond bare, and by large policies, with how long they take to build. Only a
//! program whose global allocator is [`HEAP`] can count.

use std::{
    alloc::System,
    fmt::Write as _,
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
    cases::{Case, Handler, MAIN_CASES, cases},
    contenders::{Contender, TowerBare, TowerRequest, TowerResponse, Use, tower_cors},
    measure,
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

/// The tables, in Markdown.
///
/// # Panics
///
/// When the program's global allocator is not [`HEAP`].
pub fn section() -> String {
    let region = Region::new(HEAP);
    drop(std::hint::black_box(Box::new(0)));
    assert_ne!(region.change().allocations, 0, "the program counts its allocations");

    let mut text = String::from("## Memory and build time\n\n");
    write_requests(&mut text);
    write_policies(&mut text);
    text
}

fn write_requests(text: &mut String) {
    let actix = [
        Contender::Floor,
        Contender::Ours,
        Contender::OursLive,
        Contender::OursPerRequest,
        Contender::OursPerRequestAsync,
        Contender::ActixCors,
    ];
    text.push_str(
        "Heap allocations per request beyond the bare service, and in brackets their bytes. A dash stands where a contender \
         doesn't know the case.\n\n\
         | request | floor | `Policy` | `LivePolicy` | `per_request` | `per_request_async` | actix-cors | tower-http |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (index, case) in cases().iter().enumerate() {
        let bare = asked_for(Contender::Bare, case);
        let mut cells = Vec::from(actix.map(|who| {
            if who == Contender::Floor && index >= MAIN_CASES {
                return "–".to_owned();
            }
            beyond(asked_for(who, case), bare)
        }));
        cells.push(if case.handler == Handler::Plain {
            beyond(asked_by_tower(tower_cors(&case.setup), case), asked_by_tower(TowerBare, case))
        } else {
            "–".to_owned()
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

fn asked_for(contender: Contender, case: &Case) -> Asked {
    let mut asked = (0.0, 0.0);
    contender.make(&case.setup, case.handler, CountHeap { case, asked: &mut asked });
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

fn asked_by_tower<S>(mut service: S, case: &Case) -> Asked
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    let requests = || (0..REQUESTS).map(|_| measure::tower_request(&case.asked)).collect();
    measure::tower_measured_loop(&mut service, requests());
    let requests = requests();
    let region = Region::new(HEAP);
    measure::tower_measured_loop(&mut service, requests);
    per_request(region.change())
}

fn write_policies(text: &mut String) {
    text.push_str(
        "\nA policy with credentials: how long `build()` takes, what the policy keeps on the heap, for all workers together, \
         and how much of that an origin takes beside its text. Patterns are `https://*.tenant-1.example.com:*` and so \
         on.\n\n\
         | origins | build, ms | heap, KiB | text, KiB | beside its text, bytes an origin |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for count in [1, 1_000, 100_000, 1_000_000] {
        write_policy(text, count, "exact", |number| format!("https://tenant-{number}.example.com"));
        write_policy(text, count, "patterns", |number| format!("https://*.tenant-{number}.example.com:*"));
    }
}

fn write_policy(text: &mut String, count: u32, kind: &str, origin: impl Fn(u32) -> String) {
    let origins: Vec<String> = (0..count).map(origin).collect();
    let length = to_f64(origins.iter().map(String::len).sum());
    let (mut fastest, mut kept) = (Duration::MAX, 0.0);
    for _ in 0..BUILDS {
        let builder = Policy::builder().allow_origins(origins.clone()).allow_credentials();
        let start = Instant::now();
        let built = builder.build();
        let took = start.elapsed();
        fastest = fastest.min(took);
        let region = Region::new(HEAP);
        match built {
            Ok(policy) => drop(policy),
            Err(invalid) => panic!("the benchmark's own policy is valid: {invalid}"),
        }
        kept = to_f64(region.change().bytes_deallocated);
        if took > LONG {
            break;
        }
    }
    let _ = writeln!(
        text,
        "| {} {kind} | {:.2} | {:.1} | {:.1} | {:.1} |",
        grouped(f64::from(count)),
        fastest.as_secs_f64() * 1e3,
        kept / 1024.0,
        length / 1024.0,
        (kept - length) / f64::from(count)
    );
}

fn to_f64(number: usize) -> f64 {
    // Far below the 2^53 at which this would round.
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
