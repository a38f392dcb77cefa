//! Who visited a session's API, by cookie, and how often.

/// The most visitors that are counted one by one. The oldest goes when there are more.
pub(super) const MAX_VISITORS: usize = 16;

/// The visits of a session's API.
#[derive(Debug, Default)]
pub struct Visitors {
    counts: Vec<(u64, u32)>,
    total: u32,
}

impl Visitors {
    /// Counts a visit of the visitor with this cookie, or of a new one, and returns the visitor's cookie and visits.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers for a new cookie.
    pub fn count(&mut self, cookie: Option<u64>) -> Result<(u64, u32), getrandom::Error> {
        let known = self.counts.iter().position(|(id, _)| Some(*id) == cookie);
        let at = if let Some(at) = known {
            at
        } else {
            if self.counts.len() >= MAX_VISITORS {
                self.counts.remove(0);
            }
            self.counts.push((getrandom::u64()?, 0));
            self.counts.len() - 1
        };
        self.total = self.total.saturating_add(1);
        let (id, visits) = &mut self.counts[at];
        *visits = visits.saturating_add(1);
        Ok((*id, *visits))
    }

    /// The visits of all visitors.
    pub fn total(&self) -> u32 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_are_bounded() {
        let mut visitors = Visitors::default();
        let (first, _) = visitors.count(None).expect("random numbers");
        assert_eq!(visitors.count(Some(first)), Ok((first, 2)));
        for _ in 0..MAX_VISITORS {
            visitors.count(None).expect("random numbers");
        }
        assert_ne!(visitors.count(Some(first)).map(|(id, _)| id), Ok(first), "the oldest went");
        assert_eq!(visitors.counts.len(), MAX_VISITORS);
    }
}
