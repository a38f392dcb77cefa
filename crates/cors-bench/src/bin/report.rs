//! Writes `docs/benchmarks.md` and `docs/benchmarks.svg`. Build all programs of this package first, as it runs them: `cargo
//! build --release -p cors-bench && cargo run --release -p cors-bench --bin report`; `-- --quick` leaves out the largest.

fn main() {
    let quick = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--quick") => true,
        Some(_) => panic!("nothing, or --quick"),
    };
    cors_bench::report::main(quick);
}
