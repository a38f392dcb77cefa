//! Instructions per request, over the bare service. After `cargo build --release -p cors-bench`, `target/release/instructions` runs itself
//! under callgrind for every contender and case, several times, as hash seeds differ, and prints medians.

fn main() {
    cors_bench::instructions::main();
}
