//! The check that comes before each measurement: a wrong response may be as fast as it likes.

use crate::{cases::Case, contenders::Contender, service::Contestant};

/// How a peer's responses may differ from the expected ones, for whoever reads its figures.
pub const PEERS_DIFFER: &str = "`actix-cors` refuses a preflight that names a header which is not allowed, so both \
    long ones. Peers are given a predicate in place of a pattern, which an `Origin` of 8 KB satisfies. What they vary by \
    differs, and the status of a preflight.";

/// Checks a contender's response to a case.
///
/// # Panics
///
/// When it is wrong: when a CORS header has another value than the case says or, except for the peers, the status or
/// `Vary`.
pub fn check(contender: Contender, contestant: &dyn Contestant, case: &Case) {
    let (status, lines) = contestant.response(&case.request);
    match contender {
        Contender::Bare | Contender::TowerBare => {}
        Contender::ActixCors | Contender::TowerHttp => check_peer(contender, case, &lines),
        _ => {
            let mut cors: Vec<(&str, &str)> = lines
                .iter()
                .filter(|(name, _)| name.starts_with("access-control-"))
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            cors.sort_unstable();
            let vary: Vec<&str> =
                lines.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.as_str()).collect();
            let expected = (case.expected.status, case.expected_lines(), Vec::from_iter(case.expected.vary));
            assert_eq!((status, cors, vary), expected, "{}, {}", contender.name(), case.name);
        }
    }
}

/// Peers may write lists in another order, vary by more, respond to preflights with another status, and allow methods in
/// the response to an ordinary request. What else is allowed to them is in [`PEERS_DIFFER`].
fn check_peer(contender: Contender, case: &Case, lines: &[(String, String)]) {
    let value = |wanted: &str| lines.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let said = format!("{}, {}: {lines:?}", contender.name(), case.name);
    let names = case.request.preflight.as_ref().map_or(0, |names| names.split(',').count());
    let refuses_names = contender == Contender::ActixCors && names > 2;
    let is_too_long = case.request.origin.as_ref().is_some_and(|origin| origin.len() > 512);
    let allowed = value("access-control-allow-origin");
    if refuses_names || is_too_long && case.setup.pattern_suffix().is_some() {
        assert_eq!(allowed.is_some(), !refuses_names, "{said}");
        return;
    }
    assert_eq!(allowed, case.expected_origin(), "{said}");
    for (header, expected) in case.expected_lines() {
        assert_eq!(sorted(value(header).unwrap_or_default()), sorted(expected), "{header}: {said}");
    }
}

fn sorted(list: &str) -> Vec<String> {
    let mut items: Vec<_> = list.split(',').map(|item| item.trim().to_ascii_lowercase()).collect();
    items.sort_unstable();
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::cases;

    /// One test for each contender, so that the first wrong one does not hide the others.
    macro_rules! responds_as_expected {
        ($($test:ident: $contender:ident),* $(,)?) => {$(
            #[test]
            fn $test() {
                let contender = Contender::$contender;
                for case in cases().iter().filter(|case| contender.takes(case)) {
                    check(contender, &*contender.make(&case.setup, case.handler), case);
                }
            }
        )*};
    }

    responds_as_expected! {
        the_floor_responds_as_expected: Floor,
        ours_responds_as_expected: Ours,
        ours_with_a_live_policy_responds_as_expected: OursLive,
        ours_per_request_responds_as_expected: OursPerRequest,
        ours_per_request_async_responds_as_expected: OursPerRequestAsync,
        actix_cors_responds_as_expected: ActixCors,
        tower_http_responds_as_expected: TowerHttp,
    }

    #[test]
    #[should_panic(expected = "floor, allowed origin")]
    fn a_response_without_headers_is_wrong() {
        let case = &cases()[1];
        // The bare service, taken for the floor.
        let bare = Contender::Bare.make(&case.setup, case.handler);
        check(Contender::Floor, &*bare, case);
    }
}
