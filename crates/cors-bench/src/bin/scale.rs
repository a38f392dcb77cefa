//! What a request costs by number of allowed origins. `cargo run --release -p cors-bench --bin scale` runs itself under
//! callgrind for every contender and size, times look-ups, and prints medians; `--quick` leaves out the largest.

fn main() {
    cors_bench::scale::main();
}
