//! Every example, started as a process and sent real requests: each claim of its first comment is a trial here.
//!
//! What needs nginx is ignored where it is not installed, with the command that installs it; `REQUIRE_PEERS=nginx` turns that into
//! a failure.

mod commands;
mod login;
mod nginx;
mod policies;
mod reload;
mod running;
mod socket;
mod tenants;

use std::{collections::BTreeSet, fs, path::Path, process::ExitCode};

use end_to_end::{
    peer::{Runtime, required_peers_or_exit},
    trial_of,
};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let trial = |name: &str, run: fn()| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let mut trials = vec![
        trial("every_example_is_in_the_index_and_tried", every_example_is_in_the_index_and_tried),
        trial("commands", commands::each_prints_its_status),
        trial("one_origin", policies::one_origin),
        trial("origins_from_environment", policies::origins_from_environment),
        trial("origins_from_environment::mistakes", policies::origins_from_environment_with_mistakes),
        trial("public_and_private_paths", policies::public_and_private_paths),
        trial("preview_deployments", policies::preview_deployments),
        trial("fonts_for_other_sites", policies::fonts_for_other_sites),
        trial("file_with_live_reload", reload::when_the_file_changes),
        trial("file_with_live_reload::mistake", reload::a_mistake_keeps_the_previous_policy),
        trial("file_with_live_reload::half_saved", reload::half_a_file_is_not_read),
        trial("file_with_live_reload::start", reload::a_mistake_at_the_start),
        trial("cookies_and_login", login::login_notes_and_logout),
        trial("cookies_and_login::csrf", login::other_sites_requests_have_no_effect),
        trial("web_socket", socket::the_origin_decides),
        trial("source_with_cache", tenants::each_tenant_has_its_origins),
        trial("source_with_cache::abuse", tenants::what_a_tenant_must_not_get),
        trial("source_with_cache::failure", tenants::a_failing_store),
    ];
    #[cfg(unix)]
    trials.extend([
        trial("file_with_live_reload::hangup", reload::on_hangup),
        trial("source_with_cache::single_flight", tenants::one_load_for_all_that_wait),
    ]);
    let is_required = required_peers_or_exit().contains(&Runtime::Nginx);
    trials.push(trial_of("behind_nginx", Runtime::Nginx.find(), is_required, |program| {
        nginx::both_ways(&program);
        Ok(())
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// `testing_your_policy` is the only one that is not started here: its own tests run with all others.
fn every_example_is_in_the_index_and_tried() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let index = fs::read_to_string(folder.join("README.md")).expect("the index");
    let this = include_str!("main.rs");
    let names: BTreeSet<String> = fs::read_dir(&folder)
        .expect("the examples")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(index.contains(&format!("({name}.rs)")), "examples/README.md has no link to {name}.rs");
        let is_tried = this.contains(&format!("\"{name}\"")) || name == "testing_your_policy";
        assert!(is_tried, "no trial starts {name}");
        let text = fs::read_to_string(folder.join(&name).with_extension("rs")).expect("an example");
        assert!(text.contains(&format!("--example {name}")), "{name}.rs doesn't say how to run it");
    }
}
