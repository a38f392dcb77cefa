//! A change that is advised is valid, sufficient and no more than needed in the theorem's world. For any policy and any wish, it
//! is never refused, one round is enough, and what is printed is what is applied.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use cors_vectors::theorem::{
    check_change,
    meaning::PageRequest,
    network::{Handler, Incoming, serve},
    world::{Invitation, Rules, handler, invitation, page_request_of_any_length, rules},
};
use fetch_cors::{Policy, PolicyConfig, Wanted};
use fuzz::{
    config::{Config, Name, valid},
    draw::Draws,
    origins::Instance,
    vector::{self, vector},
    world,
};
use libfuzzer_sys::fuzz_target;

world!(RULES: Rules = rules());
world!(REQUEST: PageRequest = page_request_of_any_length());
world!(INVITATION: Invitation = invitation());
world!(HANDLER: Handler = handler());

#[derive(Arbitrary, Debug)]
struct Input {
    config: Config,
    origin: Instance,
    method: Option<(Name, bool)>,
    headers: Vec<Name>,
    response_headers: Vec<Name>,
    credentials: Option<bool>,
    server: Option<Instance>,
}

fuzz_target!(|data: &[u8]| {
    if let Some(vector) = vector(data) {
        let (config, policy) = valid(vector::policy(&vector));
        check(&config, &policy, &wish_of(&vector));
        return;
    }
    let Some((which, data)) = data.split_first() else { return };
    if which % 2 == 0 {
        let mut draws = Draws::new(data);
        let (rules, mut page_request) = (draws.draw(&RULES), draws.draw(&REQUEST));
        page_request.invite(&rules.config, draws.draw(&INVITATION));
        let handler = draws.draw(&HANDLER);
        check_change(&rules, &page_request, |policy: &Policy, request: &Incoming| {
            serve(policy, &handler, request)
        });
    } else if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
        any_wish(&input);
    }
});

/// What a preflight asks for.
fn wish_of(vector: &serde_json::Value) -> Wanted {
    let request = vector::incoming(vector);
    let value = |name: &str| {
        let line = request.headers.iter().find(|(n, _)| n == name);
        line.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let mut wanted = Wanted::from_origin(value("origin").unwrap_or_default());
    wanted = wanted.method_as_sent(value("access-control-request-method").unwrap_or(request.method.clone()));
    let names = value("access-control-request-headers").unwrap_or_default();
    wanted = wanted.headers(names.split(',').filter(|name| !name.is_empty()));
    wanted.credentials(request.headers.iter().any(|(name, _)| name == "cookie"))
}

fn any_wish(input: &Input) {
    let (config, policy) = input.config.valid();
    let entries = [config.allow_origins.as_slice(), &config.danger_allow_origins].concat();
    let text = |instance: &Instance| String::from_utf8_lossy(&instance.of(&entries)).into_owned();
    let mut wanted = Wanted::from_origin(text(&input.origin));
    if let Some((method, is_as_sent)) = &input.method {
        let method = method.method();
        wanted = if *is_as_sent { wanted.method_as_sent(method) } else { wanted.method(method) };
    }
    wanted = wanted
        .headers(input.headers.iter().take(6).map(Name::header))
        .response_headers(input.response_headers.iter().take(6).map(Name::header));
    wanted.credentials = input.credentials;
    wanted.server = input.server.as_ref().map(text);

    check(&config, &policy, &wanted);
}

fn check(config: &PolicyConfig, policy: &Policy, wanted: &Wanted) {
    let normal = policy.to_config();
    let changes = [
        (config, config.change_for(wanted)),
        (&normal, normal.change_for(wanted)),
        (&normal, policy.change_for(wanted)),
    ];
    let is_possible = changes[0].1.is_ok();
    for (before, change) in changes {
        assert_eq!(change.is_ok(), is_possible, "{config:?} {wanted:?}");
        let change = match change {
            Ok(change) => change,
            Err(no_change) => {
                let said = no_change.to_string();
                assert!(
                    !no_change.obstacles().is_empty() && !said.contains(|c: char| c.is_control()),
                    "{said:?}"
                );
                continue;
            }
        };
        let said = change.to_string();
        assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
        let mut after = before.clone();
        if change.apply(&mut after).is_err() {
            assert!(!change.opt_ins().is_empty());
            assert_eq!(after, *before);
            change.danger_apply_with_opt_ins(&mut after);
        }
        let changed = Policy::try_from(after.clone())
            .unwrap_or_else(|invalid| panic!("{change:?} of {before:?} for {wanted:?}: {invalid}"));
        let rest = changed.change_for(wanted).unwrap_or_else(|rest| panic!("{change:?} {wanted:?}: {rest}"));
        assert!(rest.is_empty(), "{change:?}, and then {rest:?}");
        assert_eq!(change.is_empty(), after == *before, "{change:?}");
        if let Ok(origin) = wanted.origin.parse()
            && wanted.server.as_ref() != Some(&wanted.origin)
        {
            assert!(changed.allows(&origin), "{change:?} {origin}");
        }
        assert_eq!(printed(before, &change.to_toml(before)), after, "{}", change.to_toml(before));
        let _ = change.to_rust();
    }
}

/// A configuration with the settings that were printed in the place of its own.
fn printed(before: &PolicyConfig, text: &str) -> PolicyConfig {
    let mut table = toml::Table::try_from(before).expect("a table");
    table.extend(text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{text}: {error}")));
    table.try_into().expect("a configuration")
}
