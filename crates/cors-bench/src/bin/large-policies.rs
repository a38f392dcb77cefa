//! What the heap is asked for by each request, and how long large policies take to build and how much memory they keep.
//! `cargo run --release -p cors-bench --bin large-policies` prints tables; nothing is asserted, as machines differ.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    cors_bench::memory::main();
}
