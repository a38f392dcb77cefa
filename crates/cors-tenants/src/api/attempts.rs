//! How often somebody may try a password, or make a tenant. Each instance counts for itself.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What attempts are counted over.
const WINDOW: Duration = Duration::from_secs(60);
/// The most keys that are counted at the same time.
const MAX_KEYS: usize = 10_000;

/// Counts attempts by key.
#[derive(Debug)]
pub(crate) struct Attempts {
    most: u32,
    counted: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Attempts {
    /// At most so many in a minute for each key.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, counted: Mutex::default() }
    }

    /// Whether there may be one more, which is counted.
    pub(crate) fn one_more(&self, key: String) -> bool {
        self.one_more_at(key, Instant::now())
    }

    fn one_more_at(&self, key: String, now: Instant) -> bool {
        // Nothing that panics runs while it is locked.
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: Instant| now.saturating_duration_since(since) >= WINDOW;
        if counted.len() >= MAX_KEYS && !counted.contains_key(&key) {
            counted.retain(|_, (since, _)| !is_over(*since));
            // Somebody tries thousands of accounts at once: then nobody new gets a try for a while.
            if counted.len() >= MAX_KEYS {
                return false;
            }
        }
        let (since, count) = counted.entry(key).or_insert((now, 0));
        if is_over(*since) {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.most
    }

    /// Forgets what was counted: the attempt was a good one.
    pub(crate) fn forget(&self, key: &str) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_key_and_minute() {
        let attempts = Attempts::new(2);
        let start = Instant::now();
        let one_more =
            |key: &str, seconds| attempts.one_more_at(key.to_owned(), start + Duration::from_secs(seconds));
        assert!(one_more("a", 0) && one_more("a", 1) && !one_more("a", 2));
        assert!(one_more("b", 2));
        assert!(!one_more("a", 59) && one_more("a", 60) && one_more("a", 61) && !one_more("a", 62));
    }

    #[test]
    fn keys_are_bounded() {
        let attempts = Attempts::new(1);
        let start = Instant::now();
        for number in 0..MAX_KEYS {
            assert!(attempts.one_more_at(number.to_string(), start));
        }
        assert!(!attempts.one_more_at("one too many".to_owned(), start));
        assert!(attempts.one_more_at("later".to_owned(), start + WINDOW));
    }
}
