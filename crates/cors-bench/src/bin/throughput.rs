//! Requests per second and latencies of a whole server, as ratios to the bare one. `cargo run --release -p cors-bench --bin
//! throughput` starts servers on loopback and drives them with `wrk` for about five minutes; `-- ROUNDS SECONDS` sets how
//! often, and how long each time.

fn main() {
    cors_bench::throughput::main();
}
