//! Requests per second, CPU time and latencies of a whole server, as ratios to the bare one. `cargo run --release -p
//! cors-bench --bin throughput` starts servers on loopback and drives them with `wrk` for about seven minutes; `-- ROUNDS
//! SECONDS` sets how often, and how long they take turns each time.

fn main() {
    cors_bench::throughput::main();
}
