//! The guides for those who move from another library, in `docs`. What a guide says that both libraries do, they do here, on the
//! same requests: a region between `<!-- rows: name -->` and `<!-- end -->` is written by these tests, from code that is compiled
//! and run. After a change, run them with `UPDATE_EXPECT=1` and read the diff.
//!
//! Express needs Node. Without it, its guide is ignored, with the command that installs it; `REQUIRE_PEERS=node` turns that into a
//! failure.

mod actix_cors;
mod document;
mod express;
mod relay;
mod served;
mod set_ups;
mod tower_http;

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    process::ExitCode,
};

use actix_web::rt::System;
use end_to_end::{
    peer::{Runtime, required_peers_or_exit},
    trial_of,
};
use libtest_mimic::{Arguments, Trial};

/// Trials of this name, of functions that wait or don't.
macro_rules! trials {
    ($($path:path),* ; $($waits:path),* $(,)?) => {
        vec![
            $(Trial::test(stringify!($path), || { $path(); Ok(()) }),)*
            $(Trial::test(stringify!($waits), || { System::new().block_on($waits()); Ok(()) }),)*
        ]
    };
}

thread_local! {
    static IS_PANIC_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// What a function panics with, if it does; it is not printed.
fn panic_of<T>(function: impl FnOnce() -> T) -> Option<String> {
    IS_PANIC_EXPECTED.set(true);
    let caught = catch_unwind(AssertUnwindSafe(function));
    IS_PANIC_EXPECTED.set(false);
    let text = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    };
    caught.err().map(text)
}

fn main() -> ExitCode {
    let print = take_hook();
    set_hook(Box::new(move |panic| {
        if !IS_PANIC_EXPECTED.get() {
            print(panic);
        }
    }));
    let arguments = Arguments::from_args();
    let is_required = required_peers_or_exit().contains(&Runtime::Node);
    let mut trials = trials![
        document::an_option_is_a_word,
        document::a_region_is_replaced_and_the_rest_is_not,
        document::code_outside_of_a_region_is_an_error,
        relay::a_response_keeps_its_status_and_its_lines;
        actix_cors::guide,
        actix_cors::checklist::tests::both_pass,
        actix_cors::checklist::preflight_status_gives_the_old_status_back,
        actix_cors::refused::with_a_slash_at_the_end_actix_cors_starts_and_matches_no_page,
        tower_http::guide,
    ];
    trials.push(trial_of("express::guide", Runtime::Node.find(), is_required, |_| {
        System::new().block_on(express::guide());
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}
