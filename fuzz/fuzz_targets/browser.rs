//! The model of a browser, for any page and any server: a fetch ends, and a script reads nothing that the CORS check forbids.

#![no_main]

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use cors_vectors::theorem::{AnyFetch, AnyResponse, any_fetch, check_any_fetch};
use fetch_cors::browser::{Browser, Credentials, Mode, Profile, Redirect};
use fuzz::{draw::Draws, world};
use libfuzzer_sys::fuzz_target;

world!(FETCHES: AnyFetch = any_fetch());

/// The same with nothing but what comes to the fuzzer's mind.
#[derive(Arbitrary, Debug)]
struct Input {
    profile: u8,
    page: String,
    method: String,
    url: String,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    has_body: bool,
    content_type: Option<String>,
    mode: u8,
    credentials: u8,
    redirect: u8,
    upload_listener: bool,
    now: u64,
    responses: Vec<(u16, bool, Vec<(Vec<u8>, Vec<u8>)>)>,
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    let fetches: Vec<AnyFetch> = if which % 2 == 0 {
        // Several of them, so that one finds what another left in the cache; responses have a seed of their own.
        let mut draws = Draws::new(data);
        (0..data.len().div_ceil(6).min(4))
            .map(|_| AnyFetch { responses: draws.draw(&FETCHES).responses, ..draws.draw(&FETCHES) })
            .collect()
    } else {
        Input::arbitrary_take_rest(Unstructured::new(data)).map(fetch).into_iter().collect()
    };
    let Some(profile) = fetches.first().map(|fetch| fetch.profile) else { return };
    let mut browser = Browser::new(profile);
    for fetch in fetches.iter().chain(&fetches) {
        check_any_fetch(&mut browser, fetch);
    }
});

fn fetch(input: Input) -> AnyFetch {
    let profiles = [Profile::STANDARD, Profile::CHROMIUM, Profile::FIREFOX, Profile::WEBKIT];
    let mut responses: Vec<AnyResponse> = input
        .responses
        .into_iter()
        .map(|(status, is_permissive, headers)| AnyResponse { status, is_permissive, headers })
        .collect();
    if responses.is_empty() {
        responses.push(AnyResponse { status: 200, is_permissive: true, headers: Vec::new() });
    }
    AnyFetch {
        profile: profiles[usize::from(input.profile % 4)],
        page: input.page,
        method: input.method,
        url: input.url,
        headers: input.headers,
        has_body: input.has_body,
        content_type: input.content_type,
        mode: [Mode::Cors, Mode::NoCors, Mode::SameOrigin][usize::from(input.mode % 3)],
        credentials: [Credentials::Omit, Credentials::SameOrigin, Credentials::Include]
            [usize::from(input.credentials % 3)],
        redirect: [Redirect::Follow, Redirect::Error, Redirect::Manual][usize::from(input.redirect % 3)],
        upload_listener: input.upload_listener,
        now: Duration::from_millis(input.now),
        responses,
    }
}
