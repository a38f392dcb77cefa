//! How long large policies take to build, and how much memory they keep. `cargo run --release -p cors-bench --bin
//! large-policies` prints a table; nothing is asserted, as machines differ.

use std::time::{Duration, Instant};

use fetch_cors::Policy;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Of several builds the fastest is the least disturbed.
const BUILDS: usize = 5;

fn main() {
    println!("origins    kind       build         heap          text          beside the text");
    for count in [1, 1_000, 100_000, 1_000_000] {
        measure(count, "exact", |number| format!("https://tenant-{number}.example.com"));
        measure(count, "patterns", |number| format!("https://*.tenant-{number}.example.com:*"));
    }
}

fn measure(count: u32, kind: &str, origin: impl Fn(u32) -> String) {
    let origins: Vec<String> = (0..count).map(origin).collect();
    let text: usize = origins.iter().map(String::len).sum();
    let (mut fastest, mut kept) = (Duration::MAX, 0);
    for _ in 0..BUILDS {
        let builder = Policy::builder().allow_origins(origins.clone()).allow_credentials();
        let start = Instant::now();
        let built = builder.build();
        fastest = fastest.min(start.elapsed());
        let with_policy = HEAP.current_usage();
        match built {
            Ok(policy) => drop(policy),
            Err(invalid) => panic!("the benchmark's own policy is valid: {invalid}"),
        }
        kept = with_policy - HEAP.current_usage();
    }
    let milliseconds = fastest.as_secs_f64() * 1e3;
    let (kept, text, count) = (to_f64(kept), to_f64(text), f64::from(count));
    println!(
        "{count:<10} {kind:<8} {milliseconds:>8.2} ms {:>10.1} KiB {:>10.1} KiB {:>10.1} bytes an origin",
        kept / 1024.0,
        text / 1024.0,
        (kept - text) / count
    );
}

fn to_f64(bytes: usize) -> f64 {
    // Far below the 2^53 at which this would round.
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}
