//! The preflights that a session's browser should remember. A prediction starts from them, so that it knows when the browser
//! will not send another one.

use fetch_cors::browser::{Browser, Profile};

/// The model of the browser with what it remembers. Only requests with a repeated URL are kept: every other run has a URL of
/// its own, so nothing could find them.
#[derive(Debug, Default)]
pub struct RememberedPreflights {
    browser: Browser,
    /// About how many bytes it takes.
    held: usize,
}

impl RememberedPreflights {
    const MAX_HELD: usize = 8 * 1024;
    /// What a preflight takes in addition to its URL, which the browser holds twice: to find it, and to forget the oldest.
    const PREFLIGHT: usize = 850;
    /// What each method or header that it allows takes.
    const ENTRY: usize = 100;

    /// The browser with what it remembers. An engine doesn't change within a session; where it does, this is another browser.
    pub fn browser(&self, profile: Profile) -> Browser {
        if self.browser.profile() == profile { self.browser.clone() } else { Browser::new(profile) }
    }

    /// Keeps the browser as it is after some preflights, of which each is told by its URL and by how many methods and headers
    /// the response allowed.
    pub fn keep<'a>(&mut self, browser: Browser, preflights: impl Iterator<Item = (&'a str, usize)>) {
        let held = |(url, allowed): (&str, usize)| 2 * url.len() + Self::PREFLIGHT + allowed * Self::ENTRY;
        self.held += preflights.map(held).sum::<usize>();
        self.browser = browser;
        if self.held > Self::MAX_HELD {
            *self = Self { browser: Browser::new(self.browser.profile()), held: 0 };
        }
    }
}
