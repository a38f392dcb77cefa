//! Each classic among the servers written by hand ends as it says, for the cause that it says; and what the Lab proposes helps,
//! or there is a reason why it should stay as it is. By the model of each engine; tests with browsers do the same in the engines.

mod lab;

use std::{collections::BTreeSet, fs};

use demo_backend::page::{
    engine::EngineName,
    kinds::SendingPage,
    lab_request::LabRequest,
    lesson::Ending,
    preset::{self, Preset},
};
use lab::{TestLab, sender::Sender};
use serde_json::{Value, json};

fn presets(lab: &TestLab) -> Vec<Preset> {
    let source = fs::read_to_string(preset::file()).expect("the presets can be read");
    preset::read(&source, lab.running.origins()).expect("presets")
}

#[test]
fn every_preset_ends_as_it_says_and_the_fix_helps() {
    let lab = TestLab::start();
    let presets = presets(&lab);
    assert!(presets.len() >= 12);
    let ids: BTreeSet<_> = presets.iter().map(|preset| preset.id.as_str()).collect();
    assert_eq!(ids.len(), presets.len(), "each has a name of its own");
    for preset in &presets {
        for engine in [EngineName::Standard, EngineName::Chromium, EngineName::Firefox, EngineName::WebKit] {
            let case = format!("{}, {engine:?}", preset.id);
            let mut sender = Sender::new(&lab, &json!({}), engine);
            let mut run = 0;
            let mut send = |sender: &mut Sender<'_>, request: &LabRequest| {
                run += 1;
                let (predicted, allowed) = sender.send(request, &format!("run{run}"));
                let verdict = predicted["verdict"].clone();
                assert_eq!(verdict["allowed"], allowed, "{case}: {predicted}");
                (verdict, if allowed { Ending::Readable } else { Ending::Blocked })
            };
            lab.put_hand(sender.session(), &json!(preset.hand));
            for before in &preset.before {
                send(&mut sender, before);
            }
            let (verdict, ending) = send(&mut sender, &preset.request);
            assert_eq!(
                (ending, &verdict["cause"]),
                (preset.first, &json!(preset.cause)),
                "{case}: {verdict}"
            );
            let found = sender.diagnose();
            assert_eq!(found.cause.name(), preset.cause, "{case}: {found}");
            let has_dangers =
                |verdict: &Value| verdict["dangers"].as_array().is_some_and(|list| !list.is_empty());
            assert_eq!(has_dangers(&verdict), preset.first == Ending::Readable, "{case}: {verdict}");

            let fixed = &verdict["fix"]["hand"];
            assert!(fixed.is_object(), "{case}: there is something to do: {verdict}");
            let said = verdict["fix"]["change"].as_str().unwrap_or_default();
            assert!(said.contains(" Here: ") && said.ends_with('.'), "{case}: {said}");
            lab.put_hand(sender.session(), fixed);
            for before in &preset.before {
                send(&mut sender, before);
            }
            let (after, ending) = send(&mut sender, &preset.request);
            assert_eq!(ending, preset.fixed, "{case}: {after}");
            assert!(!has_dangers(&after), "{case}: {after}");
            // The Lab's own page is not locked out, whoever else was.
            let own = LabRequest { page: SendingPage::default(), ..preset.request.clone() };
            let (after, ending) = send(&mut sender, &own);
            assert_eq!(ending, Ending::Readable, "{case}: {after}");
            assert!(!has_dangers(&after) && after["fix"].is_null(), "{case}: nothing is left to do: {after}");
        }
    }
}
