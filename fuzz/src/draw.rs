//! Values of a `proptest` strategy, made of a fuzzer's bytes: so the worlds of the tests are the worlds of the fuzzer.

use proptest::{
    strategy::{BoxedStrategy, Strategy, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A strategy that is made once: making one costs more than drawing from it.
pub type World<T> = std::thread::LocalKey<BoxedStrategy<T>>;

/// The value that these bytes choose. What they lack is made up, always the same.
pub fn draw<T: std::fmt::Debug>(world: &'static World<T>, bytes: &[u8]) -> Option<T> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let random = REST.with(|rest| TestRng::from_seed(RngAlgorithm::PassThrough, &[bytes, rest].concat()));
    let mut runner = TestRunner::new_with_rng(config, random);
    world.with(|strategy| strategy.new_tree(&mut runner)).ok().map(|tree| tree.current())
}

std::thread_local! {
    // Not the zeros that the generator would go on with: a choice among three rejects a zero, and would wait for ever.
    static REST: Vec<u8> = {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        (0..2048).flat_map(next).collect()
    };
}

/// Defines a [`World`].
#[macro_export]
macro_rules! world {
    ($name:ident: $type:ty = $strategy:expr) => {
        std::thread_local! {
            static $name: proptest::strategy::BoxedStrategy<$type> =
                proptest::strategy::Strategy::boxed($strategy);
        }
    };
}
