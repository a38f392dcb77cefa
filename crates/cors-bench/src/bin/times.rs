//! The time of each case, for all contenders: `cargo run --release -p cors-bench --bin times` prints a table; nothing is asserted,
//! as machines differ.

fn main() {
    println!("{}", cors_bench::times::section());
}
