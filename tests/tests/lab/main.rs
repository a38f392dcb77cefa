//! CORS Lab in real browsers, used as a person uses it: by clicks and keys. What the page shows is compared with what
//! went over the wire, with what a browser's model makes of that, and with what the engine itself says.
//!
//! Each trial is named for the engine and for what it looks at, so that a failure says what lied, and so that a part of a
//! name runs a part of them:
//!
//! ```text
//! cargo test -p end-to-end --test lab chromium::                          # all in one engine
//! cargo test -p end-to-end --test lab firefox::lesson::preflights         # a lesson in one engine
//! cargo test -p end-to-end --test lab the_preflight_is_refused::          # all about one request
//! cargo test -p end-to-end --test lab ::diagram                           # one thing of every request
//! ```
//!
//! An engine that is not installed has its trials reported as ignored, with the line that installs it. `REQUIRE_BROWSERS`,
//! a list such as `chromium,firefox,webkit`, turns that into a failure.

mod case;
mod cookies;
mod copies;
mod diagram;
mod fields;
mod first_minutes;
mod forms;
mod hand;
mod lessons;
mod limits;
mod links;
mod message;
mod model;
mod page;
mod paste;
mod seen;
mod stage;
mod verdict;
mod view;

use end_to_end::{Check, run_checks_in_each_engine};
use libtest_mimic::{Arguments, Failed};

use case::Case;
use seen::Seen;
use stage::Stage;

fn main() {
    let mut checks = first_minutes::checks();
    checks.extend(hand::checks());
    checks.extend(lessons::checks());
    checks.extend(links::checks());
    checks.extend(fields::checks());
    checks.extend(limits::checks());
    checks.extend(cookies::checks());
    checks.extend(view::checks());
    checks.extend(paste::checks());
    for case in case::CASES {
        checks.extend(checks_of(case));
    }
    run_checks_in_each_engine(&Arguments::from_args(), &checks);
}

/// What is looked at in each request.
static LOOKS: [Look; 10] = [
    Look { name: "diagram", applies: |_| true, judge: diagram::judge },
    Look { name: "expected_diagram", applies: |case| case.sends == 1, judge: diagram::judge_expected },
    Look { name: "messages", applies: |_| true, judge: message::judge },
    Look { name: "given", applies: |_| true, judge: verdict::judge_given },
    Look { name: "why", applies: |_| true, judge: verdict::judge_why },
    Look { name: "fix", applies: Case::is_blocked, judge: verdict::judge_fix },
    Look { name: "console", applies: Case::is_blocked, judge: verdict::judge_console },
    Look { name: "curl", applies: |_| true, judge: copies::judge_curl },
    Look { name: "doctor", applies: |_| true, judge: copies::judge_doctor },
    Look { name: "fetch", applies: |_| true, judge: copies::judge_fetch },
];

struct Look {
    name: &'static str,
    applies: fn(&Case) -> bool,
    judge: fn(&Case, &Seen) -> Tried<()>,
}

fn checks_of(case: &'static Case) -> impl Iterator<Item = Check<Stage>> {
    LOOKS.iter().filter(|look| (look.applies)(case)).map(move |look| {
        Check::new(format!("{}::{}", case.name, look.name), move |stage: &mut Stage| {
            let seen = stage.see(case)?;
            (look.judge)(case, &seen).map_err(Failed::from)
        })
    })
}

/// What went wrong, for people.
type Tried<T> = Result<T, String>;

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// That both are the same, or how they differ.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, shown: &T, expected: &T) -> Tried<()> {
    if shown == expected {
        Ok(())
    } else {
        Err(format!("{what}: the page shows\n    {shown:?}\nand it should be\n    {expected:?}"))
    }
}
