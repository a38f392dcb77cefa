//! Values of a `proptest` strategy, made of a fuzzer's bytes: so the worlds of the tests are the worlds of the fuzzer.

use proptest::{
    strategy::{BoxedStrategy, Strategy, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A strategy that is made once: making one costs more than drawing from it.
pub type World<T> = std::thread::LocalKey<BoxedStrategy<T>>;

/// The value that these bytes choose; missing bytes are zeros.
pub fn draw<T: std::fmt::Debug>(world: &'static World<T>, bytes: &[u8]) -> Option<T> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::PassThrough, bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    world.with(|strategy| strategy.new_tree(&mut runner)).ok().map(|tree| tree.current())
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
