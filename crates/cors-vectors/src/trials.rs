//! One trial for each vector, so that a name chooses what runs.

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::{BrowserVector, DiagnosisVector, Section, ServerVector, diagnosis_sections, sections};

/// The trial of a vector: `browser::preflight::PUT is allowed by the preflight`.
pub fn name_of(end: &str, file: &str, vector: &str) -> String {
    format!("{end}::{file}::{vector}")
}

/// A trial for each vector of the browser's end.
pub fn browser_trials(
    play: impl Fn(&BrowserVector) -> Result<(), String> + Send + Sync + 'static,
) -> Vec<Trial> {
    let vectors = sections().into_iter().filter_map(|(file, section)| match section {
        Section::Browser { vectors, .. } => Some((file, vectors)),
        Section::Server { .. } => None,
    });
    trials("browser", vectors, |vector| &vector.name, play)
}

/// A trial for each vector of the server's end.
pub fn server_trials(
    play: impl Fn(&ServerVector) -> Result<(), String> + Send + Sync + 'static,
) -> Vec<Trial> {
    let vectors = sections().into_iter().filter_map(|(file, section)| match section {
        Section::Server { vectors, .. } => Some((file, vectors)),
        Section::Browser { .. } => None,
    });
    trials("server", vectors, |vector| &vector.name, play)
}

/// A trial for each vector of the diagnosis.
pub fn diagnosis_trials(
    play: impl Fn(&DiagnosisVector) -> Result<(), String> + Send + Sync + 'static,
) -> Vec<Trial> {
    let vectors = diagnosis_sections().into_iter().map(|(file, section)| (file, section.vectors));
    trials("diagnosis", vectors, |vector| &vector.name, play)
}

fn trials<V: Send + 'static>(
    end: &str,
    files: impl Iterator<Item = (String, Vec<V>)>,
    name: impl Fn(&V) -> &str,
    play: impl Fn(&V) -> Result<(), String> + Send + Sync + 'static,
) -> Vec<Trial> {
    let play = Arc::new(play);
    files
        .flat_map(|(file, vectors)| vectors.into_iter().map(move |vector| (file.clone(), vector)))
        .map(|(file, vector)| {
            let play = Arc::clone(&play);
            Trial::test(name_of(end, &file, name(&vector)), move || Ok(play(&vector)?))
        })
        .collect()
}
