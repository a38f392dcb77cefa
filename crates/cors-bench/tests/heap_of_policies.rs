//! A large policy takes little more memory than the text of its origins. Alone in its program, because the allocator counts
//! what all threads do.

use std::alloc::System;

use actix_web_cors::Policy;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ORIGINS: usize = 20_000;
/// How many bytes an origin may take in addition to its text.
const MOST: usize = 10;

#[test]
fn an_origin_takes_less_than_ten_bytes_beyond_its_text() {
    for (before, after) in [("https://tenant-", ".example.com"), ("https://*.tenant-", ".example.com:*")] {
        // No longer than their text; `format!` allocates more or less as the compiler guesses.
        let origin = |number: usize| [before, &number.to_string(), after].concat();
        let origins: Vec<String> = (0..ORIGINS).map(origin).collect();
        let text: usize = origins.iter().map(String::len).sum();
        let policy = Policy::builder().allow_origins(origins).allow_credentials().build().expect("valid");
        let region = Region::new(HEAP);
        drop(policy);
        let kept = region.change().bytes_deallocated;
        assert!(kept > text / 2, "the program counts: {kept} bytes");
        assert!(kept < text + MOST * ORIGINS, "{before}…{after}: {kept} bytes for {text} bytes of text");
    }
}
