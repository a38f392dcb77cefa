//! Values of `proptest` strategies, made of a fuzzer's bytes: so the worlds of the tests are the worlds of the fuzzer.
//!
//! Each part of an input has a seed of its own, so that a fuzzer can change one and keep the others. `proptest` could also
//! take every choice from the bytes (`PassThrough`), but halves what is left of them at each alternative of a `prop_oneof!`.

use proptest::{
    strategy::{BoxedStrategy, Strategy, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A strategy that is made once: making one costs more than drawing from it.
pub type World<T> = std::thread::LocalKey<BoxedStrategy<T>>;

/// Bytes that are left to draw from.
pub struct Draws<'a>(&'a [u8]);

impl<'a> Draws<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The value that the next three bytes stand for; bytes that are missing are zeros.
    ///
    /// # Panics
    ///
    /// If the strategy rejects nearly everything.
    pub fn draw<T: std::fmt::Debug>(&mut self, world: &'static World<T>) -> T {
        let (seed, rest) = self.0.split_at(self.0.len().min(3));
        self.0 = rest;
        let mut long = [0; 32];
        long[..seed.len()].copy_from_slice(seed);
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &long));
        world.with(|strategy| strategy.new_tree(&mut runner)).expect("a value").current()
    }
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
