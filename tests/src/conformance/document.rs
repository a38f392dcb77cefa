//! The results of all engines as `docs/conformance.md`.

use std::{collections::BTreeMap, fmt::Write};

use fetch_cors::browser::Difference;

use super::{Report, Status, Suite};
use crate::Engine;

const INTRODUCTION: &str = "\
# Conformance

What three browser engines do, vector by vector. The [vectors](../crates/cors-vectors/README.md) state what the
[Fetch Standard](https://fetch.spec.whatwg.org/) says about CORS: what a browser sends, and what it lets the page's script
read. `fetch_cors::browser` is tested against all of them, in its standard profile and in the profile of each engine; the
engines are tested against all that a page can play. So if this page says that an engine differs, its profile differs, too.

`cargo run -p end-to-end --bin conformance` plays the vectors and writes this page; `cargo test -p end-to-end --test
conformance` plays them and fails if an engine does anything else.

`http://site.test`, `http://api.site.test` and `http://other.test` stand for servers at `localhost`, at another port of
`localhost`, and at `127.0.0.1`. Of each request, its method, URL, `Origin`, `Access-Control-Request-*`, cookies (if page and
server are both at `localhost`), whether it has a body, and the headers that its vector names are compared; of each response,
everything that the page's script can read. No page can find out why something is blocked; but if the model knows what an
engine writes to its console, that is compared, too.

Vectors that state the page's address space are played in Chromium only, in a browser of their own that is told the address
space of each port. So they show what it blocks, but not which addresses it counts as local.
";

/// The page.
pub(super) fn document(suite: &Suite, reports: &[Report]) -> String {
    let differences = differences(reports);
    let mut page = INTRODUCTION.to_owned();
    let line = |page: &mut String, line: &str| page.extend([line, "\n"]);
    line(&mut page, "\n| engine | played in |\n|---|---|");
    for report in reports {
        line(&mut page, &format!("| {} | {} |", title(report.engine), report.version));
    }

    line(
        &mut page,
        "\n## Summary\n\nNumbers of vectors that agree / differ, as the engine's profile does / are skipped.\n",
    );
    header(&mut page, "section", reports);
    let mut all = vec![Count::default(); reports.len()];
    for (file, section, vectors) in &suite.sections {
        let counts: Vec<_> = reports.iter().map(|report| Count::of(report, file)).collect();
        for (all, count) in all.iter_mut().zip(&counts) {
            all.add(count);
        }
        row(&mut page, &format!("{} ({})", escape(section), vectors.len()), counts.iter().map(Count::shown));
    }
    row(&mut page, "**all**", all.iter().map(Count::shown));

    line(&mut page, "\n## Where engines differ from the standard");
    for (index, (because, vectors)) in differences.iter().enumerate() {
        let number = index + 1;
        let _ = write!(page, "\n<a id=\"difference-{number}\"></a>{number}. {}\n\n", explained(because));
        for ((file, vector), engines) in vectors {
            let engines: Vec<_> = engines.iter().copied().map(title).collect();
            line(&mut page, &format!("   - {}: {} ({file}.json)", engines.join(", "), escape(vector)));
        }
    }

    line(&mut page, "\n## What is skipped\n");
    header(&mut page, "why", reports);
    let mut reasons: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, report) in reports.iter().enumerate() {
        for played in &report.played {
            if let Status::Skipped { reason } = &played.status {
                reasons.entry(reason).or_insert_with(|| vec![0; reports.len()])[index] += 1;
            }
        }
    }
    for (reason, counts) in reasons {
        row(&mut page, &escape(reason), counts.iter().map(ToString::to_string));
    }

    line(&mut page, "\n## All vectors\n\n✓ agrees; ≠ differs, as the engine's profile does; – skipped.");
    for (file, section, vectors) in &suite.sections {
        let _ = write!(page, "\n### {} ({file}.json)\n\n", escape(section));
        header(&mut page, "vector", reports);
        for vector in vectors {
            let marks = reports.iter().map(|report| {
                let status = report.of(file, &vector.name);
                match status {
                    Some(Status::Agrees) => "✓".to_owned(),
                    Some(Status::Differs { because }) => {
                        let number = differences.iter().position(|(known, _)| known == because);
                        let number = number.map_or(0, |index| index + 1);
                        format!("[≠ {number}](#difference-{number})")
                    }
                    Some(Status::Skipped { .. }) => "–".to_owned(),
                    Some(Status::Disagrees { .. }) | None => "✗".to_owned(),
                }
            });
            row(&mut page, &escape(&vector.name), marks);
        }
    }
    page
}

/// The sections and vectors that the page should list, in its order and in the form of [`listed_by`].
pub(super) fn listing(suite: &Suite) -> Vec<String> {
    suite
        .sections
        .iter()
        .flat_map(|(file, section, vectors)| {
            let heading = format!("### {} ({file}.json)", escape(section));
            std::iter::once(heading)
                .chain(vectors.iter().map(|vector| format!("| {} |", escape(&vector.name))))
        })
        .collect()
}

/// The sections and vectors that a page lists.
pub(super) fn listed_by(page: &str) -> Vec<String> {
    let (_, tables) = page.split_once("\n## All vectors\n").unwrap_or_default();
    tables
        .lines()
        .filter_map(|line| {
            let is_row = line.starts_with("| ") && !line.starts_with("| vector | ");
            match line.find(" | ") {
                Some(end) if is_row => Some(format!("{} |", &line[..end])),
                _ => line.starts_with("### ").then(|| line.to_owned()),
            }
        })
        .collect()
}

/// The differences, in the order in which they first occur: the reason, the vectors that show it, and the engines.
type Shown<'a> = (&'a str, Vec<((&'a str, &'a str), Vec<Engine>)>);

fn differences(reports: &[Report]) -> Vec<Shown<'_>> {
    let mut differences: Vec<Shown<'_>> = Vec::new();
    let Some(first) = reports.first() else { return differences };
    for (index, played) in first.played.iter().enumerate() {
        let vector = (played.file.as_str(), played.vector.as_str());
        for report in reports {
            let Status::Differs { because } = &report.played[index].status else { continue };
            let at = differences.iter().position(|(known, _)| known == because).unwrap_or_else(|| {
                differences.push((because, Vec::new()));
                differences.len() - 1
            });
            let vectors = &mut differences[at].1;
            match vectors.last_mut().filter(|(last, _)| *last == vector) {
                Some((_, engines)) => engines.push(report.engine),
                None => vectors.push((vector, vec![report.engine])),
            }
        }
    }
    differences
}

/// What a vector's `because` means.
fn explained(because: &str) -> String {
    match Difference::ALL.iter().find(|difference| difference.name() == because) {
        Some(difference) => format!("{} (`{because}`)", difference.description()),
        None if because == "max-age-limit" => {
            "A preflight is remembered no longer than the engine's own limit (`max-age-limit`)".to_owned()
        }
        None => escape(because),
    }
}

#[derive(Clone, Debug, Default)]
struct Count {
    agree: usize,
    differ: usize,
    skipped: usize,
    disagree: usize,
}

impl Count {
    fn of(report: &Report, file: &str) -> Self {
        let mut count = Self::default();
        for played in report.played.iter().filter(|played| played.file == file) {
            *match played.status {
                Status::Agrees => &mut count.agree,
                Status::Differs { .. } => &mut count.differ,
                Status::Skipped { .. } => &mut count.skipped,
                Status::Disagrees { .. } => &mut count.disagree,
            } += 1;
        }
        count
    }

    fn add(&mut self, other: &Self) {
        self.agree += other.agree;
        self.differ += other.differ;
        self.skipped += other.skipped;
        self.disagree += other.disagree;
    }

    fn shown(&self) -> String {
        let shown = format!("{} / {} / {}", self.agree, self.differ, self.skipped);
        if self.disagree == 0 { shown } else { format!("{shown}, ✗ {}", self.disagree) }
    }
}

fn title(engine: Engine) -> &'static str {
    match engine {
        Engine::Chromium => "Chromium",
        Engine::Firefox => "Firefox",
        Engine::WebKit => "WebKit",
    }
}

fn header(page: &mut String, first: &str, reports: &[Report]) {
    row(page, first, reports.iter().map(|report| title(report.engine).to_owned()));
    page.extend(["|---", &"|---".repeat(reports.len()), "|\n"]);
}

fn row(page: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<_> = cells.collect();
    let _ = writeln!(page, "| {first} | {} |", cells.join(" | "));
}

/// Escapes the characters that have a meaning in Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if r"\`*_{}[]<>#|&~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
