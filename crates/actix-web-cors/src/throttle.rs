//! Keeps an event that may come with every request from flooding the log.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lets one event pass each minute, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// When the last event passed, and how many did not since then.
    last: Mutex<Option<(Instant, usize)>>,
}

impl Throttle {
    const PAUSE: Duration = Duration::from_secs(60);

    /// How many events were held back since the last one that passed; none if this one is held back, too.
    pub(crate) fn pass(&self, now: Instant) -> Option<usize> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *last {
            Some((passed, held_back)) if now.saturating_duration_since(*passed) < Self::PAUSE => {
                *held_back += 1;
                None
            }
            _ => Some(last.replace((now, 0)).map_or(0, |(_, held_back)| held_back)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_a_minute_passes() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for (seconds, expected) in [
            (0, Some(0)),
            (0, None),
            (59, None),
            (60, Some(2)),
            (61, None),
            (60, None),
            (300, Some(2)),
            (500, Some(0)),
        ] {
            assert_eq!(throttle.pass(start + Duration::from_secs(seconds)), expected, "after {seconds} s");
        }
    }
}
