//! How much work a response makes, counted in this module's tests and nowhere else: lines of header lists that are read,
//! names that are compared, cache entries that are looked at. A server chooses the size of its responses, so none of it may
//! grow faster than the response does.

/// Counts one step.
#[inline]
pub(super) fn step() {
    #[cfg(test)]
    tests::STEPS.with(|steps| steps.set(steps.get() + 1));
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use super::super::{
        Browser, Credentials, Engine, Exchange, Next, PageOrigin, Profile, Request, Response, Verdict,
    };

    thread_local! {
        pub(super) static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    const PROFILES: [Profile; 4] = [
        Profile::STANDARD,
        Profile::of(Engine::Chromium),
        Profile::of(Engine::Firefox),
        Profile::of(Engine::WebKit),
    ];

    fn steps(work: impl FnOnce()) -> u64 {
        STEPS.with(|steps| steps.set(0));
        work();
        STEPS.with(Cell::get)
    }

    /// Twice the size may make a little more than twice the work, because lists are sorted.
    fn assert_linear(what: &str, work: impl Fn(Profile, usize)) {
        for profile in PROFILES {
            let (once, twice) = (steps(|| work(profile, 500)), steps(|| work(profile, 1_000)));
            assert!(once > 500, "{what}, {profile:?}: {once} steps are too few to be all");
            assert!(
                twice * 10 <= once * 25,
                "{what}, {profile:?}: {once} steps, and {twice} for twice the size"
            );
        }
    }

    fn send(browser: &mut Browser, request: Request) -> Exchange {
        match browser.fetch(request, Duration::ZERO) {
            Next::Send(exchange) => exchange,
            Next::Done(verdict) => panic!("{verdict}"),
        }
    }

    fn get() -> Request {
        Request::new(PageOrigin::of("https://app.example").unwrap(), "GET", "https://api.example/")
    }

    /// The steps of a cross-origin `GET` with this response.
    fn receive(profile: Profile, response: &Response) {
        let mut browser = Browser::new(profile);
        let next = send(&mut browser, get()).receive(&mut browser, response, Duration::ZERO);
        assert!(matches!(next, Next::Done(Verdict::Allowed(_))), "{next:?}");
    }

    fn allowing() -> Response {
        Response::new(200).header("access-control-allow-origin", "*")
    }

    fn names(count: usize) -> impl Iterator<Item = String> {
        // Neither ascending nor descending, so that no list is sorted by chance.
        (0..count).map(|index| format!("x-{:016x}", index.wrapping_mul(0x9E37_79B1)))
    }

    fn list(count: usize) -> String {
        names(count).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn headers_of_a_response() {
        assert_linear("different names", |profile, size| {
            receive(profile, &names(size).fold(allowing(), |response, name| response.header(name, "1")));
        });
        assert_linear("one name", |profile, size| {
            receive(profile, &(0..size).fold(allowing(), |response, _| response.header("x-a", "1")));
        });
        assert_linear("lines without a value", |profile, size| {
            receive(profile, &names(size).fold(allowing(), |response, name| response.header(name, "")));
        });
        assert_linear("lines of one name without a value", |profile, size| {
            receive(profile, &(0..size).fold(allowing(), |response, _| response.header("x-a", "")));
        });
    }

    #[test]
    fn exposed_names() {
        assert_linear("as many headers as are exposed", |profile, size| {
            let response = allowing().header("access-control-expose-headers", list(size));
            receive(profile, &names(size).fold(response, |response, name| response.header(name, "1")));
        });
        assert_linear("on as many lines", |profile, size| {
            let expose = "access-control-expose-headers";
            receive(profile, &names(size).fold(allowing(), |response, name| response.header(expose, name)));
        });
    }

    #[test]
    fn names_that_a_preflight_allows() {
        let lists: [fn(Response, usize) -> Response; 2] = [
            |response, size| response.header("access-control-allow-headers", list(size)),
            |response, size| response.header("access-control-allow-methods", list(size)),
        ];
        for listed in lists {
            assert_linear("names that a preflight allows", |profile, size| {
                let mut browser = Browser::new(profile);
                let response = listed(allowing().header("access-control-max-age", "60"), size);
                let response = response.header("access-control-allow-headers", "x-a");
                // The second time, it is stored over what is there.
                for method in ["GET", "HEAD"] {
                    let request = Request::new(get().page().clone(), method, "https://api.example/");
                    let exchange = send(&mut browser, request.header("x-a", "1"));
                    if exchange.is_preflight() {
                        let _ = exchange.receive(&mut browser, &response, Duration::ZERO);
                    }
                    let request = get().header(names(size).next().unwrap(), "1").header("x-b", "1");
                    let exchange = send(&mut browser, request);
                    assert!(exchange.is_preflight());
                    let _ = exchange.receive(&mut browser, &response, Duration::ZERO);
                }
            });
        }
    }

    #[test]
    fn names_that_a_request_has() {
        assert_linear("as many headers as are allowed", |profile, size| {
            let mut browser = Browser::new(profile);
            let allowed = Response::new(204)
                .header("access-control-allow-origin", "https://app.example")
                .header("access-control-allow-credentials", "true")
                .header("access-control-max-age", "60")
                .header("access-control-allow-headers", list(size));
            let request = || {
                let request = names(size).fold(get(), |request, name| request.header(name, "1"));
                request.credentials(Credentials::Include)
            };
            let exchange = send(&mut browser, request());
            assert!(exchange.is_preflight());
            let next = exchange.receive(&mut browser, &allowed, Duration::ZERO);
            assert!(matches!(next, Next::Send(_)), "{next:?}");
            assert!(!send(&mut browser, request()).is_preflight(), "it was not cached");
        });
    }

    #[test]
    fn preflights_of_many_urls() {
        assert_linear("preflights", |profile, size| {
            let mut browser = Browser::new(profile);
            let allowed = allowing().header("access-control-allow-methods", "PUT");
            for index in 0..size {
                let url = format!("https://api.example/{index}");
                let put = Request::new(get().page().clone(), "PUT", url);
                let _ = send(&mut browser, put).receive(&mut browser, &allowed, Duration::ZERO);
            }
        });
    }
}
